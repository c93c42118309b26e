using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Platform.Files.Encodings.Native;

namespace Platform.Files.Formats.Avro;

/// <summary>
/// The container: a head with schema, codec and sync marker, then blocks of compressed rows. Read once, from the first byte to the last, one block at a time in native
/// memory; the place of whatever is wrong is said by block and byte.
/// </summary>
internal sealed unsafe class AvroBlocks : IDisposable
{
    private const int SyncBytes = 16;
    private const int MaxMetadataBytes = 16 << 20;
    private const int MaxMetadataEntries = 1000;

    /// <summary>Usual blocks have some kilobytes; a block must fit into memory, compressed and not.</summary>
    private const int MaxBlockBytes = 64 << 20;
    private const int MaxUncompressedBytes = 128 << 20;

    /// <summary>Rows of no bytes at all can be claimed by the billion.</summary>
    private const long MaxRowsBeyondBytes = 1_000_000;

    private readonly Stream _stream;
    private readonly byte[] _sync = new byte[SyncBytes];
    private readonly AvroCodec _codec;
    private readonly byte[] _one = new byte[1];
    private byte* _buffer;
    private int _capacity;
    private long _position;
    private bool _ended;

    /// <summary>Reads the head.</summary>
    /// <exception cref="AvroException">It is none.</exception>
    public AvroBlocks(Stream stream)
    {
        _stream = stream;
        try
        {
            Span<byte> magic = stackalloc byte[4];
            if (_stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) < magic.Length || !magic.SequenceEqual("Obj\x1"u8))
            {
                throw new AvroException("it does not begin as Avro files do (Obj and 1)");
            }

            _position = magic.Length;
            var metadata = Metadata();
            Schema = AvroSchema.Parse(metadata.GetValueOrDefault("avro.schema") ?? throw new AvroException("its head has no schema"));
            _codec = AvroCodec.Of(metadata.GetValueOrDefault("avro.codec") is { } codec ? Encoding.UTF8.GetString(codec) : "null");
            Exactly(_sync, "the head's sync marker");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public AvroType Schema { get; }

    /// <summary>The number of the current block, from 1.</summary>
    public long Block { get; private set; }

    /// <summary>Where the current block begins in the file, in bytes from 0.</summary>
    public long BlockStart { get; private set; }

    /// <summary>Rows of the current block that were not taken yet.</summary>
    public long Rows { get; private set; }

    /// <summary>Reads the next block, checks the end of the one before it and gives its content; false at the end of the file.</summary>
    public bool Next(out AvroCursor cursor)
    {
        cursor = default;
        if (_ended)
        {
            return false;
        }

        if (Block > 0)
        {
            EndBlock();
        }

        BlockStart = _position;
        if (!TryByte(out var first))
        {
            _ended = true;
            return false;
        }

        Block++;
        try
        {
            Rows = Long(first, "the number of rows");
            var size = Long(Byte("the block's size"), "the block's size");
            if (Rows < 0 || size is < 0 or > MaxBlockBytes)
            {
                throw new AvroException($"{Rows} rows in {size} bytes; expected at most {MaxBlockBytes} bytes");
            }

            Reserve((int)size);
            Exactly(new Span<byte>(_buffer, (int)size), "the block's rows");
            var content = _codec.Decompress(new ReadOnlySpan<byte>(_buffer, (int)size), MaxUncompressedBytes);
            if (Rows - content.Length > MaxRowsBeyondBytes)
            {
                throw new AvroException($"{Rows} rows in {content.Length} bytes");
            }

            fixed (byte* start = content)
            {
                // The content is native memory: it stays where it is until the next block.
                cursor = new AvroCursor(start, start + content.Length);
            }

            return true;
        }
        catch (CorruptDataException e)
        {
            throw At(new AvroException($"its {_codec.Name} data cannot be decompressed: {e.Message}"));
        }
        catch (AvroException e)
        {
            throw At(e);
        }
    }

    /// <summary>Takes one row of the current block.</summary>
    public void Take() => Rows--;

    /// <summary>What is wrong, with its place.</summary>
    public AvroException At(AvroException e) => new(string.Create(CultureInfo.InvariantCulture, $"block {Block} at byte {BlockStart} is damaged: {e.Message}"), hasPlace: true);

    public void Dispose()
    {
        _stream.Dispose();
        _codec?.Dispose();
        NativeMemory.Free(_buffer);
        _buffer = null;
    }

    private void EndBlock()
    {
        // Its rows came first: a preview shows what is there.
        Span<byte> sync = stackalloc byte[SyncBytes];
        try
        {
            Exactly(sync, "the block's sync marker");
            if (!sync.SequenceEqual(_sync))
            {
                throw new AvroException($"its sync marker is {Convert.ToHexStringLower(sync)}; expected {Convert.ToHexStringLower(_sync)}, as in the head");
            }
        }
        catch (AvroException e)
        {
            throw At(e);
        }
    }

    private Dictionary<string, byte[]> Metadata()
    {
        var metadata = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var left = MaxMetadataBytes;
        for (var count = Long("the head"); count != 0; count = Long("the head"))
        {
            if (count < 0)
            {
                _ = Long("the head");
                count = -count;
            }

            for (; count > 0; count--)
            {
                var name = Value(ref left);
                metadata[Encoding.UTF8.GetString(name)] = Value(ref left);
                if (metadata.Count > MaxMetadataEntries)
                {
                    throw new AvroException($"its head has more than {MaxMetadataEntries} entries");
                }
            }
        }

        return metadata;
    }

    private byte[] Value(ref int left)
    {
        var length = Long("the head");
        if (length < 0 || length > left)
        {
            throw new AvroException($"its head has a value of {length} bytes; at most {MaxMetadataBytes} are read");
        }

        left -= (int)length + 1;
        var value = new byte[length];
        Exactly(value, "the head");
        return value;
    }

    private void Reserve(int bytes)
    {
        if (bytes > _capacity)
        {
            NativeMemory.Free(_buffer);
            _capacity = 0;
            _buffer = (byte*)NativeMemory.Alloc((nuint)bytes);
            _capacity = bytes;
        }
    }

    private long Long(string what) => Long(Byte(what), what);

    private long Long(byte first, string what)
    {
        Span<byte> bytes = stackalloc byte[10];
        bytes[0] = first;
        var count = 1;
        while (bytes[count - 1] >= 0x80 && count < bytes.Length)
        {
            bytes[count++] = Byte(what);
        }

        fixed (byte* at = bytes)
        {
            var cursor = new AvroCursor(at, at + count);
            return cursor.Long();
        }
    }

    private byte Byte(string what) => TryByte(out var value) ? value : throw Cut(what);

    private bool TryByte(out byte value)
    {
        var read = _stream.Read(_one);
        value = _one[0];
        _position += read;
        return read == 1;
    }

    private void Exactly(Span<byte> target, string what)
    {
        var read = _stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
        _position += read;
        if (read < target.Length)
        {
            throw Cut(what);
        }
    }

    private AvroException Cut(string what) => new(string.Create(CultureInfo.InvariantCulture, $"the file breaks off at byte {_position}, inside {what}"));
}
