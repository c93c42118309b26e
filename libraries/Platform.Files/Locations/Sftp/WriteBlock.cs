using System.Buffers.Binary;

namespace Platform.Files.Locations.Sftp;

/// <summary>A WRITE packet whose data are read straight to their place in it, so that no byte is copied twice.</summary>
internal sealed record WriteBlock
{
    // Length, type, id, handle length, offset, data length.
    private const int FixedHeader = 4 + 1 + 4 + 4 + 8 + 4;

    private readonly byte[] _buffer;
    private readonly int _dataStart;

    public WriteBlock(int longestHandle, int size)
    {
        _dataStart = FixedHeader + longestHandle;
        _buffer = new byte[_dataStart + size];
    }

    public SftpSession? Session { get; init; }

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Data => _buffer.AsMemory(_dataStart, Length);

    /// <summary>Fills the block as far as the content goes; 0 at its end.</summary>
    public async ValueTask<int> FillAsync(Stream content, CancellationToken cancellationToken) =>
        Length = await content.ReadAtLeastAsync(_buffer.AsMemory(_dataStart), _buffer.Length - _dataStart, throwOnEndOfStream: false, cancellationToken);

    public ReadOnlyMemory<byte> Packet(uint id, ReadOnlySpan<byte> handle, long offset)
    {
        var start = _dataStart - FixedHeader - handle.Length;
        var header = _buffer.AsSpan(start);
        BinaryPrimitives.WriteInt32BigEndian(header, FixedHeader - 4 + handle.Length + Length);
        header[4] = (byte)PacketType.Write;
        BinaryPrimitives.WriteUInt32BigEndian(header[5..], id);
        BinaryPrimitives.WriteInt32BigEndian(header[9..], handle.Length);
        handle.CopyTo(header[13..]);
        BinaryPrimitives.WriteInt64BigEndian(header[(13 + handle.Length)..], offset);
        BinaryPrimitives.WriteInt32BigEndian(header[(21 + handle.Length)..], Length);
        return _buffer.AsMemory(start, _dataStart - start + Length);
    }
}
