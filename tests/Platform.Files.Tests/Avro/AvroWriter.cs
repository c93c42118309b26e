using System.Buffers.Binary;
using System.Text;

namespace Platform.Files.Tests.Avro;

/// <summary>Writes Avro files byte by byte, right ones and wrong ones, as the specification describes them.</summary>
internal sealed class AvroWriter
{
    public static readonly byte[] Sync = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];

    private readonly MemoryStream _file = new();

    public AvroWriter(string schema, string? codec = null)
    {
        _file.Write("Obj\x1"u8);
        Number(_file, codec is null ? 1 : 2);
        Text(_file, "avro.schema");
        Text(_file, schema);
        if (codec is not null)
        {
            Text(_file, "avro.codec");
            Text(_file, codec);
        }

        Number(_file, 0);
        _file.Write(Sync);
    }

    public static void Number(Stream target, long value)
    {
        var rest = (ulong)((value << 1) ^ (value >> 63));
        for (; rest >= 0x80; rest >>= 7)
        {
            target.WriteByte((byte)(rest | 0x80));
        }

        target.WriteByte((byte)rest);
    }

    public static void Bytes(Stream target, ReadOnlySpan<byte> value)
    {
        Number(target, value.Length);
        target.Write(value);
    }

    public static void Text(Stream target, string value) => Bytes(target, Encoding.UTF8.GetBytes(value));

    public static void Double(Stream target, double value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        target.Write(bytes);
    }

    /// <summary>A block; <paramref name="rows"/> and the sync marker may be wrong.</summary>
    public AvroWriter Block(long rows, ReadOnlySpan<byte> content, byte[]? sync = null)
    {
        Number(_file, rows);
        Bytes(_file, content);
        _file.Write(sync ?? Sync);
        return this;
    }

    public AvroWriter Block(long rows, Action<Stream> write, Func<byte[], byte[]>? compress = null)
    {
        using var content = new MemoryStream();
        write(content);
        return Block(rows, compress?.Invoke(content.ToArray()) ?? content.ToArray());
    }

    public AvroWriter Raw(Action<Stream> write)
    {
        write(_file);
        return this;
    }

    public byte[] ToArray() => _file.ToArray();
}
