namespace Platform.Files.Encodings.Xz;

/// <summary>.xz streams with their checks and index; dictionaries of up to 128 MB.</summary>
internal sealed class XzEncoding : IStreamEncoding
{
    public string Name => "xz";

    public bool Matches(ReadOnlySpan<byte> head) => head.StartsWith((ReadOnlySpan<byte>)[0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]);

    public Stream Decode(Stream input, EncodedSource source) => new DecompressedStream(input, new Native.Xz(), Name, source);
}
