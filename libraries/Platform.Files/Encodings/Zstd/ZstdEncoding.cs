using System.Buffers.Binary;
using Platform.Files.Encodings.Native;

namespace Platform.Files.Encodings.Zstd;

/// <summary>RFC 8878: frames, also skippable ones, each to its end; windows of up to 128 MB.</summary>
internal sealed class ZstdEncoding : IStreamEncoding
{
    private const uint Frame = 0xFD2FB528;
    private const uint Skippable = 0x184D2A50;

    public string Name => "zstd";

    public bool Matches(ReadOnlySpan<byte> head) =>
        head.Length >= sizeof(uint) && BinaryPrimitives.ReadUInt32LittleEndian(head) is var magic && (magic == Frame || (magic & ~0xFu) == Skippable);

    public Stream Decode(Stream input, EncodedSource source) => new DecompressedStream(input, new Zstandard(), Name, source);
}
