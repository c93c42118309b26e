using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Platform.Files.Engine;

namespace Platform.Files.Encodings.Zip;

/// <summary>The central directory at an archive's end (APPNOTE 4.3): what is in the archive, and where.</summary>
internal sealed class ZipDirectory(Stream archive, EncodedSource source)
{
    private const uint LocalSignature = 0x04034B50;
    private const uint CentralSignature = 0x02014B50;
    private const uint EndSignature = 0x06054B50;
    private const uint End64Signature = 0x06064B50;
    private const uint Locator64Signature = 0x07064B50;
    private const int EndBytes = 22;
    private const int End64Bytes = 56;
    private const int Locator64Bytes = 20;
    private const int CentralBytes = 46;
    private const int LocalBytes = 30;
    private const int MostCommentBytes = 65535;
    private const int Extra64 = 1;
    private const int EncryptedFlag = 1;
    private const int Utf8Flag = 1 << 11;

    public IReadOnlyList<ArchiveEntry> Read()
    {
        var (offset, bytes, count) = FindEnd();
        if (count > DecodeLimits.Entries)
        {
            Archives.CheckCount((int)Math.Min(count, int.MaxValue), "zip", source);
        }

        var members = new List<ArchiveEntry>();
        var ranges = new List<(long Start, long End, string Name)>();
        var at = offset;
        for (var i = 0L; i < count; i++)
        {
            at = ReadEntry(at, offset + bytes, members, ranges);
        }

        if (at != offset + bytes)
        {
            throw Damaged(at, $"its directory of {count} members ends at byte {at}, expected {offset + bytes}");
        }

        CheckRanges(ranges, offset);
        return members;
    }

    /// <summary>Where a member's bytes begin: behind its own head, which must be there.</summary>
    public long DataOf(ArchiveEntry member)
    {
        Span<byte> head = stackalloc byte[LocalBytes];
        ReadAt(member.Offset, head);
        return BinaryPrimitives.ReadUInt32LittleEndian(head) == LocalSignature
            ? member.Offset + LocalBytes + BinaryPrimitives.ReadUInt16LittleEndian(head[26..]) + BinaryPrimitives.ReadUInt16LittleEndian(head[28..])
            : throw Damaged(member.Offset, "no member begins there, although its directory says so");
    }

    private (long Offset, long Bytes, long Count) FindEnd()
    {
        var tail = new byte[(int)Math.Min(archive.Length, EndBytes + MostCommentBytes)];
        var tailStart = archive.Length - tail.Length;
        ReadAt(tailStart, tail);
        for (var i = tail.Length - EndBytes; i >= 0; i--)
        {
            var end = tail.AsSpan(i);
            if (BinaryPrimitives.ReadUInt32LittleEndian(end) != EndSignature || BinaryPrimitives.ReadUInt16LittleEndian(end[20..]) != end.Length - EndBytes)
            {
                continue;
            }

            var disks = BinaryPrimitives.ReadUInt16LittleEndian(end[4..]);
            long count = BinaryPrimitives.ReadUInt16LittleEndian(end[10..]);
            long bytes = BinaryPrimitives.ReadUInt32LittleEndian(end[12..]);
            long offset = BinaryPrimitives.ReadUInt32LittleEndian(end[16..]);
            if (count == ushort.MaxValue || bytes == uint.MaxValue || offset == uint.MaxValue)
            {
                (offset, bytes, count) = FindEnd64(tailStart + i, (offset, bytes, count));
            }
            else if (disks != 0)
            {
                throw Damaged(tailStart + i, "it is one part of an archive of several; expected a single file");
            }

            return offset >= 0 && bytes >= 0 && count >= 0 && offset <= tailStart + i && bytes <= tailStart + i - offset && count <= bytes / CentralBytes
                ? (offset, bytes, count)
                : throw Damaged(tailStart + i, $"its directory is said to be {bytes} bytes at byte {offset}");
        }

        throw Damaged(archive.Length, "it has no directory at its end: it breaks off");
    }

    private (long Offset, long Bytes, long Count) FindEnd64(long end, (long, long, long) plain)
    {
        Span<byte> locator = stackalloc byte[Locator64Bytes];
        if (end < Locator64Bytes)
        {
            return plain;
        }

        ReadAt(end - Locator64Bytes, locator);
        if (BinaryPrimitives.ReadUInt32LittleEndian(locator) != Locator64Signature)
        {
            return plain;
        }

        Span<byte> end64 = stackalloc byte[End64Bytes];
        var at = BinaryPrimitives.ReadInt64LittleEndian(locator[8..]);
        ReadAt(at, end64);
        return BinaryPrimitives.ReadUInt32LittleEndian(end64) == End64Signature
            ? (BinaryPrimitives.ReadInt64LittleEndian(end64[48..]), BinaryPrimitives.ReadInt64LittleEndian(end64[40..]), BinaryPrimitives.ReadInt64LittleEndian(end64[32..]))
            : throw Damaged(at, "no zip64 directory is there");
    }

    private long ReadEntry(long at, long end, List<ArchiveEntry> members, List<(long Start, long End, string Name)> ranges)
    {
        Span<byte> head = stackalloc byte[CentralBytes];
        if (end - at < CentralBytes)
        {
            throw Damaged(at, "its directory breaks off");
        }

        ReadAt(at, head);
        var lengths = (Name: BinaryPrimitives.ReadUInt16LittleEndian(head[28..]), Extra: BinaryPrimitives.ReadUInt16LittleEndian(head[30..]), Comment: BinaryPrimitives.ReadUInt16LittleEndian(head[32..]));
        var next = at + CentralBytes + lengths.Name + lengths.Extra + lengths.Comment;
        if (BinaryPrimitives.ReadUInt32LittleEndian(head) != CentralSignature || next > end)
        {
            throw Damaged(at, "its directory has no entry there");
        }

        var rest = new byte[lengths.Name + lengths.Extra];
        ReadAt(at + CentralBytes, rest);
        var flags = BinaryPrimitives.ReadUInt16LittleEndian(head[8..]);
        var name = NameOf(rest.AsSpan(0, lengths.Name), flags);
        var (stored, size, local) = Sizes(head, rest.AsSpan(lengths.Name));
        if (stored < 0 || size < 0 || local < 0 || stored > archive.Length || local > archive.Length - stored)
        {
            throw Damaged(at, $"'{name}' is said to be {stored} bytes at byte {local}");
        }

        ranges.Add((local, local + LocalBytes + stored, name));
        if (!name.EndsWith('/'))
        {
            if ((flags & EncryptedFlag) != 0)
            {
                throw new EngineException(EngineFailure.BadFile, $"{source.Name}: its member '{name}' is encrypted with a zip password, which is not read. Have it sent with PGP.");
            }

            members.Add(new ArchiveEntry(name, local, stored, size, BinaryPrimitives.ReadUInt16LittleEndian(head[10..]), BinaryPrimitives.ReadUInt32LittleEndian(head[16..])));
        }

        return next;
    }

    /// <summary>Members that share bytes are how a small archive becomes a huge one.</summary>
    private void CheckRanges(List<(long Start, long End, string Name)> ranges, long directory)
    {
        ranges.Sort();
        for (var i = 0; i < ranges.Count; i++)
        {
            if (ranges[i].End > (i + 1 < ranges.Count ? ranges[i + 1].Start : directory))
            {
                throw Damaged(ranges[i].Start, $"'{ranges[i].Name}' overlaps what follows it");
            }
        }
    }

    private static (long Stored, long Size, long Local) Sizes(ReadOnlySpan<byte> head, ReadOnlySpan<byte> extra)
    {
        long stored = BinaryPrimitives.ReadUInt32LittleEndian(head[20..]);
        long size = BinaryPrimitives.ReadUInt32LittleEndian(head[24..]);
        long local = BinaryPrimitives.ReadUInt32LittleEndian(head[42..]);
        while (extra.Length >= 4)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (length > extra.Length - 4)
            {
                break;
            }

            if (BinaryPrimitives.ReadUInt16LittleEndian(extra) == Extra64)
            {
                // Only what does not fit into 32 bits is there, in this order.
                var values = extra.Slice(4, length);
                Take(ref size, ref values);
                Take(ref stored, ref values);
                Take(ref local, ref values);
            }

            extra = extra[(4 + length)..];
        }

        return (stored, size, local);
    }

    private static void Take(ref long value, ref ReadOnlySpan<byte> values)
    {
        if (value == uint.MaxValue && values.Length >= sizeof(long))
        {
            value = BinaryPrimitives.ReadInt64LittleEndian(values);
            values = values[sizeof(long)..];
        }
    }

    private static string NameOf(ReadOnlySpan<byte> name, int flags) =>
        ((flags & Utf8Flag) != 0 || Utf8.IsValid(name) ? Encoding.UTF8 : Encoding.Latin1).GetString(name).Replace('\\', '/');

    private void ReadAt(long at, Span<byte> bytes)
    {
        if (at < 0 || at > archive.Length - bytes.Length)
        {
            throw Damaged(at, "it breaks off");
        }

        archive.Position = at;
        archive.ReadExactly(bytes);
    }

    private EngineException Damaged(long at, string what) => new(
        EngineFailure.BadFile,
        string.Create(CultureInfo.InvariantCulture, $"{source.Name} is damaged: its zip archive is wrong at byte {at}: {what}. Have its sender write it again."));
}
