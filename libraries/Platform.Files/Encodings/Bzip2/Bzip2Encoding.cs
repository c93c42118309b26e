namespace Platform.Files.Encodings.Bzip2;

/// <summary>One bzip2 stream or several, as parallel writers make them; all CRCs are checked.</summary>
internal sealed class Bzip2Encoding : IStreamEncoding
{
    private const int MagicBytes = 10;

    public string Name => "bzip2";

    // BZh, the size of blocks, and the number that begins a block or the end of an empty file.
    public bool Matches(ReadOnlySpan<byte> head) =>
        head.Length >= MagicBytes && head.StartsWith("BZh"u8) && head[3] is >= (byte)'1' and <= (byte)'9'
        && (head[4..].StartsWith((ReadOnlySpan<byte>)[0x31, 0x41, 0x59, 0x26, 0x53, 0x59]) || head[4..].StartsWith((ReadOnlySpan<byte>)[0x17, 0x72, 0x45, 0x38, 0x50, 0x90]));

    public Stream Decode(Stream input, EncodedSource source) => new DecompressedStream(input, new Native.Bzip2(), Name, source);
}
