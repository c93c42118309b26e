using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Platform.Files.Encodings.Native;

namespace Platform.Files.Formats.Avro;

/// <summary>How a file's blocks are compressed; <c>avro.codec</c> in its head.</summary>
internal sealed unsafe class AvroCodec : IDisposable
{
    private const int InitialBytes = 256 << 10;
    private const int CrcBytes = 4;

    private static readonly string[] Known = ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"];

    private readonly Decompressor? _decompressor;
    private byte* _buffer;
    private int _capacity;

    private AvroCodec(string name, Decompressor? decompressor)
    {
        Name = name;
        _decompressor = decompressor;
    }

    public string Name { get; }

    /// <exception cref="AvroException">It is not one of the specification's.</exception>
    public static AvroCodec Of(string name) => name switch
    {
        "null" or "" or "snappy" => new(name, null),
        "deflate" => new(name, new Inflate(Inflate.Raw)),
        "zstandard" => new(name, new Zstandard()),
        "bzip2" => new(name, new Bzip2()),
        "xz" => new(name, new Xz()),
        _ => throw new AvroException($"its codec is '{name}'; expected one of {string.Join(", ", Known)}"),
    };

    /// <summary>A block's content; valid until the next call, and as long as <paramref name="block"/> is.</summary>
    /// <exception cref="CorruptDataException">It cannot be decompressed, or is larger than <paramref name="limit"/>.</exception>
    public ReadOnlySpan<byte> Decompress(ReadOnlySpan<byte> block, int limit) =>
        _decompressor is not null ? Stream(block, limit)
        : Name == "snappy" ? SnappyBlock(block, limit)
        : block;

    public void Dispose()
    {
        _decompressor?.Dispose();
        NativeMemory.Free(_buffer);
        _buffer = null;
    }

    private ReadOnlySpan<byte> Stream(ReadOnlySpan<byte> block, int limit)
    {
        _decompressor!.Reset();
        Grow(InitialBytes);
        var length = 0;
        while (true)
        {
            var step = _decompressor.Decode(block, new Span<byte>(_buffer + length, _capacity - length), out var consumed, out var written);
            block = block[consumed..];
            length += written;
            if (length > limit)
            {
                throw new CorruptDataException($"the block has more than {limit >> 20} MB when decompressed");
            }

            if (step == Step.Ended && (block.IsEmpty || Name != "zstandard"))
            {
                return block.IsEmpty ? new ReadOnlySpan<byte>(_buffer, length) : throw new CorruptDataException($"{block.Length} bytes follow its end");
            }

            if (length == _capacity)
            {
                Grow(_capacity * 2);
            }
            else if (consumed == 0 && written == 0 && step == Step.More)
            {
                throw new CorruptDataException("it breaks off");
            }
        }
    }

    private ReadOnlySpan<byte> SnappyBlock(ReadOnlySpan<byte> block, int limit)
    {
        if (block.Length < CrcBytes)
        {
            throw new CorruptDataException("it is shorter than its checksum");
        }

        var data = block[..^CrcBytes];
        var length = Snappy.LengthOf(data);
        if (length > limit)
        {
            throw new CorruptDataException($"the block has {length} bytes when decompressed; at most {limit} are read");
        }

        Grow((int)length);
        var content = new Span<byte>(_buffer, (int)length);
        Snappy.Decode(data, content);
        return Inflate.Crc32(0, content) == BinaryPrimitives.ReadUInt32BigEndian(block[^CrcBytes..]) ? content : throw new CorruptDataException("its checksum is wrong");
    }

    private void Grow(int bytes)
    {
        if (bytes > _capacity)
        {
            _buffer = (byte*)NativeMemory.Realloc(_buffer, (nuint)bytes);
            _capacity = bytes;
        }
    }
}
