using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Platform.Files.Formats.Avro;

/// <summary>Reads the values of one decompressed block. Every length is checked against what is left of it.</summary>
internal unsafe struct AvroCursor(byte* at, byte* end)
{
    /// <summary>No text, binary or nested value may be longer; the engine's rule for all formats.</summary>
    public const int MaxValueBytes = Engine.Child.CopyEncoder.MaxValueBytes;

    private byte* _at = at;
    private readonly byte* _end = end;

    public readonly long Left => _end - _at;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Long()
    {
        var at = _at;
        ulong value = 0;
        for (var shift = 0; at < _end; shift += 7)
        {
            ulong next = *at++;
            if (shift == 63 && next > 1)
            {
                throw new AvroException("a number is longer than 64 bits");
            }

            value |= (next & 0x7F) << shift;
            if (next < 0x80)
            {
                _at = at;
                return (long)(value >> 1) ^ -(long)(value & 1);
            }
        }

        throw Short("a number");
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Int()
    {
        var value = Long();
        return value == (int)value ? (int)value : throw new AvroException("a number of type int has more than 32 bits");
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Boolean() => *Take(1, "a boolean") switch
    {
        0 => false,
        1 => true,
        var other => throw new AvroException($"a boolean is {other}; expected 0 or 1"),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Float() => BinaryPrimitives.ReadSingleLittleEndian(new ReadOnlySpan<byte>(Take(sizeof(float), "a float"), sizeof(float)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double Double() => BinaryPrimitives.ReadDoubleLittleEndian(new ReadOnlySpan<byte>(Take(sizeof(double), "a double"), sizeof(double)));

    /// <summary>A text or bytes: a length and that many bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Bytes()
    {
        var length = Long();
        return length is >= 0 and <= MaxValueBytes
            ? new ReadOnlySpan<byte>(Take(length, "a text or bytes"), (int)length)
            : throw new AvroException($"a value is said to have {length} bytes; expected 0 to {MaxValueBytes}");
    }

    public ReadOnlySpan<byte> Fixed(int size) => new(Take(size, "a fixed"), size);

    /// <summary>The number of a branch or symbol.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Index(int count, string what)
    {
        var index = Long();
        return index >= 0 && index < count ? (int)index : throw new AvroException($"number {index} of {what} that has {count}");
    }

    /// <summary>The number of items that follow: a block of an array or map. A negative one is followed by their bytes.</summary>
    public long Items(out long bytes)
    {
        var count = Long();
        bytes = -1;
        if (count < 0)
        {
            count = count == long.MinValue ? throw new AvroException("an impossible number of items") : -count;
            bytes = Long();
            if (bytes < 0 || bytes > Left)
            {
                throw Short($"items of {bytes} bytes");
            }
        }

        return count;
    }

    public void Skip(long bytes) => Take(bytes, "a value");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* Take(long bytes, string what)
    {
        var at = _at;
        if (bytes > _end - at)
        {
            throw Short(what);
        }

        _at = at + bytes;
        return at;
    }

    private readonly AvroException Short(string what) => new($"{what} reaches beyond the block's end");
}
