using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Platform.Files.Engine;

namespace Platform.Files.Encodings.Tar;

/// <summary>POSIX and GNU tar: long names, large sizes; only plain files are members. An archive ends with a block of zeros.</summary>
internal sealed class TarEncoding : IArchiveEncoding
{
    private const int Block = 512;
    private const int MostMetadataBytes = 1 << 20;

    public string Name => "tar";

    public bool Matches(ReadOnlySpan<byte> head) => head.Length >= Block && head[0] != 0 && ChecksumIsRight(head[..Block]);

    public IReadOnlyList<ArchiveEntry> Members(Stream archive, EncodedSource source)
    {
        var members = new List<ArchiveEntry>();
        var header = new byte[Block];
        var (longName, longSize) = (default(string), default(long?));
        for (var at = 0L; ; at = archive.Position)
        {
            archive.Position = at;
            if (archive.ReadAtLeast(header, Block, throwOnEndOfStream: false) < Block)
            {
                throw Damaged(source, at, "it breaks off; expected a block of zeros at its end");
            }

            if (!header.AsSpan().ContainsAnyExcept((byte)0))
            {
                return members;
            }

            if (!ChecksumIsRight(header))
            {
                throw Damaged(source, at, "a member's head has a wrong checksum");
            }

            var size = longSize ?? Number(header.AsSpan(124, 12), source, at);
            var data = at + Block;
            var next = data + ((size + Block - 1) / Block * Block);
            if (size < 0 || next < data || next > archive.Length)
            {
                throw Damaged(source, at, $"a member of {size} bytes reaches beyond its end");
            }

            switch ((char)header[156])
            {
                case 'L':
                    longName = Encoding.UTF8.GetString(Metadata(archive, data, size, source)).TrimEnd('\0');
                    break;
                case 'x':
                    (longName, longSize) = Pax(Metadata(archive, data, size, source), longName);
                    break;
                case '0' or '\0' or '7':
                    var name = longName ?? NameOf(header);
                    (longName, longSize) = (null, null);

                    // Before POSIX a folder was a file whose name ends with a slash.
                    if (!name.EndsWith('/'))
                    {
                        members.Add(new ArchiveEntry(name, data, size, size, 0, 0));
                        Archives.CheckCount(members.Count, Name, source);
                    }

                    break;
                case 'S':
                    throw Damaged(source, at, $"'{longName ?? NameOf(header)}' is a sparse file, which is not read");
                case 'K' or 'g':
                    // A long link name, or what holds for all members: neither name nor size of the next one.
                    break;
                default:
                    (longName, longSize) = (null, null);
                    break;
            }

            archive.Position = next;
        }
    }

    public Stream Open(Stream archive, ArchiveEntry member, EncodedSource source) => new RangeStream(archive, member.Offset, member.StoredBytes, source.Name);

    private static bool ChecksumIsRight(ReadOnlySpan<byte> header)
    {
        // The checksum counts itself as eight blanks.
        var sum = 8 * ' ';
        for (var i = 0; i < Block; i++)
        {
            sum += i is >= 148 and < 156 ? 0 : header[i];
        }

        return TryOctal(header.Slice(148, 8), out var expected) && expected == sum;
    }

    private static string NameOf(ReadOnlySpan<byte> header)
    {
        var name = Text(header[..100]);
        return header.Slice(257, 5).SequenceEqual("ustar"u8) && header[262] == 0 && header[345] != 0 ? $"{Text(header.Slice(345, 155))}/{name}" : name;
    }

    private static string Text(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? field : field[..end]);
    }

    private static long Number(ReadOnlySpan<byte> field, EncodedSource source, long at)
    {
        // GNU writes what octal digits cannot hold as a binary number, marked by the first bit.
        if (field[0] == 0x80)
        {
            return BinaryPrimitives.ReadInt64BigEndian(field[4..]);
        }

        return TryOctal(field, out var value) ? value : throw Damaged(source, at, "a member's size is no number");
    }

    private static bool TryOctal(ReadOnlySpan<byte> field, out long value)
    {
        value = 0;
        var digits = field.Trim(" \0"u8);
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'7' || value > long.MaxValue >> 3)
            {
                return false;
            }

            value = (value << 3) | (long)(digit - '0');
        }

        return digits.Length > 0;
    }

    /// <summary>Lines of <c>LENGTH KEY=VALUE</c>.</summary>
    private static (string? Name, long? Size) Pax(ReadOnlySpan<byte> records, string? name)
    {
        long? size = null;
        while (!records.IsEmpty)
        {
            var blank = records.IndexOf((byte)' ');
            if (blank < 1 || !int.TryParse(records[..blank], NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length <= blank || length > records.Length)
            {
                break;
            }

            var record = Encoding.UTF8.GetString(records[(blank + 1)..(length - 1)]);
            if (record.StartsWith("path=", StringComparison.Ordinal))
            {
                name = record["path=".Length..];
            }
            else if (record.StartsWith("size=", StringComparison.Ordinal) && long.TryParse(record["size=".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var given))
            {
                size = given;
            }

            records = records[length..];
        }

        return (name, size);
    }

    private static byte[] Metadata(Stream archive, long at, long size, EncodedSource source)
    {
        if (size > MostMetadataBytes)
        {
            throw Damaged(source, at, $"a name of {size} bytes");
        }

        var bytes = new byte[size];
        archive.Position = at;
        archive.ReadExactly(bytes);
        return bytes;
    }

    private static EngineException Damaged(EncodedSource source, long at, string what) => new(
        EngineFailure.BadFile,
        string.Create(CultureInfo.InvariantCulture, $"{source.Name} is damaged: its tar archive is wrong at byte {at}: {what}. Have its sender write it again."));
}
