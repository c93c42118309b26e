using System.Buffers.Binary;

namespace Platform.Files.Locations.Sftp;

/// <summary>Blocking reads of exact sizes from a pipe; large ones go straight to their destination, so that file data are copied once.</summary>
internal sealed class PacketInput(Stream pipe, Action moved)
{
    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    /// <summary>True when the pipe ended where a packet could begin.</summary>
    public bool AtEnd()
    {
        if (_start == _end)
        {
            (_start, _end) = (0, Next(_buffer));
        }

        return _end == 0;
    }

    public int Int32()
    {
        Span<byte> bytes = stackalloc byte[4];
        Fill(bytes);
        return BinaryPrimitives.ReadInt32BigEndian(bytes);
    }

    public byte Byte()
    {
        Span<byte> one = stackalloc byte[1];
        Fill(one);
        return one[0];
    }

    public byte[] Bytes(int size)
    {
        var bytes = new byte[size];
        Fill(bytes);
        return bytes;
    }

    public void Fill(Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            if (_start == _end)
            {
                if (destination.Length >= _buffer.Length)
                {
                    var read = Next(destination);
                    destination = destination[(read > 0 ? read : throw new EndOfStreamException())..];
                    continue;
                }

                if (AtEnd())
                {
                    throw new EndOfStreamException();
                }
            }

            var count = Math.Min(destination.Length, _end - _start);
            _buffer.AsSpan(_start, count).CopyTo(destination);
            _start += count;
            destination = destination[count..];
        }
    }

    private int Next(Span<byte> destination)
    {
        var read = pipe.Read(destination);
        moved();
        return read;
    }
}
