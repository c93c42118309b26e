using System.Globalization;
using Platform.Files.Encodings.Native;
using Platform.Files.Engine;

namespace Platform.Files.Encodings.Zip;

/// <summary>
/// Zip, also zip64, by its central directory; the archive is never held in memory, and members' bytes are never trusted before their CRC is right. Methods: stored, deflate, bzip2,
/// zstd, xz.
/// </summary>
internal sealed class ZipEncoding : IArchiveEncoding
{
    public string Name => "zip";

    public bool Matches(ReadOnlySpan<byte> head) => head.StartsWith("PK\x3\x4"u8) || head.StartsWith("PK\x5\x6"u8);

    public IReadOnlyList<ArchiveEntry> Members(Stream archive, EncodedSource source) => new ZipDirectory(archive, source).Read();

    public Stream Open(Stream archive, ArchiveEntry member, EncodedSource source)
    {
        var start = new ZipDirectory(archive, source).DataOf(member);
        var stored = new RangeStream(archive, start, member.StoredBytes, source.Name);
        Stream content = Decompressor(member.Method) is { } decompressor ? new DecompressedStream(stored, decompressor, Name, source, single: true)
            : member.Method == 0 ? stored
            : throw new EngineException(
                EngineFailure.BadFile,
                string.Create(CultureInfo.InvariantCulture, $"{source.Name} is compressed by zip method {member.Method}, which is not read; expected stored (0), deflate (8), bzip2 (12), zstd (93) or xz (95). Have it sent so."));
        return new ZipMemberStream(content, member, source);
    }

    private static Decompressor? Decompressor(int method) => method switch
    {
        8 => new Inflate(Inflate.Raw),
        12 => new Native.Bzip2(),
        93 => new Zstandard(),
        95 => new Native.Xz(),
        _ => null,
    };
}
