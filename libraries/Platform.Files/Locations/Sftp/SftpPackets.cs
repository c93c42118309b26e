using System.Buffers.Binary;
using System.Text;

namespace Platform.Files.Locations.Sftp;

/// <summary>Packet types of SFTP version 3 (draft-ietf-secsh-filexfer-02 §3).</summary>
internal enum PacketType : byte
{
    Init = 1,
    Version = 2,
    Open = 3,
    Close = 4,
    Read = 5,
    Write = 6,
    LStat = 7,
    FStat = 8,
    OpenDir = 11,
    ReadDir = 12,
    Remove = 13,
    MakeDir = 14,
    RealPath = 16,
    Stat = 17,
    Rename = 18,
    Status = 101,
    Handle = 102,
    Data = 103,
    Name = 104,
    Attributes = 105,
    Extended = 200,
    ExtendedReply = 201,
}

/// <summary>Status codes (§7). Version 3 has no more: everything special arrives as <see cref="Failure"/>.</summary>
internal enum StatusCode : uint
{
    Ok = 0,
    EndOfFile = 1,
    NoSuchFile = 2,
    PermissionDenied = 3,
    Failure = 4,
    BadMessage = 5,
    NoConnection = 6,
    ConnectionLost = 7,
    Unsupported = 8,
}

[Flags]
internal enum OpenFlags : uint
{
    Read = 0x01,
    Write = 0x02,
    Create = 0x08,
    Truncate = 0x10,
    Exclusive = 0x20,
}

/// <summary>Builds one packet: length, type, request id, fields.</summary>
internal sealed class PacketWriter
{
    private byte[] _buffer = new byte[512];
    private int _length = 4;

    public PacketWriter(PacketType type, uint? id = null)
    {
        Byte((byte)type);
        if (id is { } number)
        {
            UInt32(number);
        }
    }

    public PacketWriter Byte(byte value)
    {
        Room(1)[0] = value;
        return this;
    }

    public PacketWriter UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Room(4), value);
        return this;
    }

    public PacketWriter UInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(Room(8), value);
        return this;
    }

    public PacketWriter Text(string value)
    {
        var size = Encoding.UTF8.GetByteCount(value);
        UInt32((uint)size);
        Encoding.UTF8.GetBytes(value, Room(size));
        return this;
    }

    public PacketWriter Bytes(ReadOnlySpan<byte> value)
    {
        UInt32((uint)value.Length);
        value.CopyTo(Room(value.Length));
        return this;
    }

    public ReadOnlyMemory<byte> Finish()
    {
        BinaryPrimitives.WriteInt32BigEndian(_buffer, _length - 4);
        return _buffer.AsMemory(0, _length);
    }

    private Span<byte> Room(int size)
    {
        if (_length + size > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + size));
        }

        _length += size;
        return _buffer.AsSpan(_length - size, size);
    }
}

/// <summary>Reads the fields of one packet; throws <see cref="InvalidDataException"/> when the packet is shorter than it claims.</summary>
internal ref struct PacketReader(ReadOnlySpan<byte> packet)
{
    private ReadOnlySpan<byte> _rest = packet;

    public readonly bool AtEnd => _rest.IsEmpty;

    public byte Byte() => Take(1)[0];

    public uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64BigEndian(Take(8));

    public string Text() => Encoding.UTF8.GetString(Bytes());

    public ReadOnlySpan<byte> Bytes() => Take((int)Math.Min(UInt32(), int.MaxValue));

    /// <summary>The ATTRS structure (§5). A server need not send every part.</summary>
    public SftpAttributes Attributes()
    {
        const uint HasSize = 1, HasOwner = 2, HasPermissions = 4, HasTimes = 8, HasExtended = 0x80000000;
        var flags = UInt32();
        var size = (flags & HasSize) != 0 ? (long)UInt64() : 0;
        if ((flags & HasOwner) != 0)
        {
            UInt64();
        }

        uint? permissions = (flags & HasPermissions) != 0 ? UInt32() : null;
        DateTimeOffset? modified = null;
        if ((flags & HasTimes) != 0)
        {
            UInt32();
            modified = DateTimeOffset.FromUnixTimeSeconds(UInt32());
        }

        if ((flags & HasExtended) != 0)
        {
            for (var i = UInt32(); i > 0; i--)
            {
                Bytes();
                Bytes();
            }
        }

        return new(size, permissions, modified);
    }

    private ReadOnlySpan<byte> Take(int size)
    {
        if (size > _rest.Length)
        {
            throw new InvalidDataException("The server sent an SFTP packet that is shorter than it claims.");
        }

        var taken = _rest[..size];
        _rest = _rest[size..];
        return taken;
    }
}

/// <summary>What a server tells about a file.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="Permissions">POSIX mode with the file type; null where the server does not say.</param>
/// <param name="Modified">UTC, to the second.</param>
internal readonly record struct SftpAttributes(long Size, uint? Permissions, DateTimeOffset? Modified)
{
    private const uint TypeMask = 0xF000;

    public bool IsFolder => (Permissions & TypeMask) == 0x4000;

    public bool IsLink => (Permissions & TypeMask) == 0xA000;

    /// <summary>True also where the server does not tell types.</summary>
    public bool IsFile => Permissions is null || (Permissions & TypeMask) is 0x8000 or 0;
}
