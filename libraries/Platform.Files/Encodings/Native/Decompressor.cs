namespace Platform.Files.Encodings.Native;

/// <summary>What a step of decompressing came to.</summary>
internal enum Step
{
    /// <summary>More input or more room for output is needed.</summary>
    More,

    /// <summary>The stream, member or frame is complete and its checksum is right. What follows it was not touched.</summary>
    Ended,
}

/// <summary>The compressed bytes are not what they should be. The message says what was found, without the place: the caller knows it.</summary>
internal sealed class CorruptDataException(string message) : Exception(message);

/// <summary>A decompressor of a system library. Its memory is native; one that has ended goes on with the next stream after <see cref="Reset"/>.</summary>
internal abstract class Decompressor : IDisposable
{
    /// <summary>Takes from <paramref name="input"/> and writes to <paramref name="output"/> as much as goes.</summary>
    /// <exception cref="CorruptDataException">The input cannot be decompressed, or its checksum is wrong.</exception>
    public abstract Step Decode(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written);

    /// <summary>Begins the next stream.</summary>
    public abstract void Reset();

    public abstract void Dispose();
}
