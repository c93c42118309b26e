using System.Buffers.Binary;
using System.Text;

namespace Platform.Files.Tests.Engine;

/// <summary>
/// Writes Parquet files of one column that no ordinary writer makes: annotations without their older twins, encryption beside a plain footer, schemas that lie. Thrift's compact protocol by hand.
/// </summary>
internal static class HandwrittenParquet
{
    public const int Whole = 1;
    public const int Bytes = 6;

    /// <summary>A column's schema element. <paramref name="logical"/> is the field of Parquet's LogicalType union with its own members.</summary>
    public static Thrift Element(string name, int type, (int Id, Thrift Members)? logical = null)
    {
        var element = new Thrift().I32(1, type).I32(3, 0).Binary(4, name);
        return logical is { } annotation ? element.Struct(10, new Thrift().Struct(annotation.Id, annotation.Members)) : element;
    }

    /// <summary>A group inside a group, as often as is said, with a column in the innermost.</summary>
    public static IEnumerable<Thrift> Nest(int depth) =>
        [.. Enumerable.Range(0, depth).Select(i => new Thrift().I32(3, 1).Binary(4, $"g{i}").I32(5, 1)), new Thrift().I32(1, Whole).I32(3, 1).Binary(4, "leaf")];

    /// <summary>A file of one required column with plain values.</summary>
    public static byte[] File(Thrift element, string name, int type, byte[] values, int rows, bool encrypted = false)
    {
        var page = new Thrift().I32(1, 0).I32(2, values.Length).I32(3, values.Length).Struct(5, new Thrift().I32(1, rows).I32(2, 0).I32(3, 3).I32(4, 3)).End();
        var metadata = new Thrift().I32(1, type).List(2, 5, [[0]]).List(3, 8, [Thrift.Text(name)]).I32(4, 0).I64(5, rows).I64(6, page.Length + values.Length).I64(7, page.Length + values.Length).I64(9, 4);
        var chunk = new Thrift().I64(2, 4).Struct(3, metadata);
        var group = new Thrift().List(1, 12, [chunk.End()]).I64(2, values.Length).I64(3, rows);
        return Assemble([.. page, .. values], [element], rows, [group.End()], encrypted);
    }

    /// <summary>A file without rows.</summary>
    public static byte[] File(IEnumerable<Thrift> schema) => Assemble([], schema, 0, [], false);

    public static byte[] Numbers(params int[] values)
    {
        var bytes = new byte[values.Length * sizeof(int)];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * sizeof(int)), values[i]);
        }

        return bytes;
    }

    public static byte[] Texts(params string[] values) => [.. values.SelectMany(value => (byte[])[.. Numbers(Encoding.UTF8.GetByteCount(value)), .. Encoding.UTF8.GetBytes(value)])];

    private static byte[] Assemble(byte[] pages, IEnumerable<Thrift> schema, long rows, byte[][] groups, bool encrypted)
    {
        byte[][] elements = [new Thrift().Binary(4, "root").I32(5, 1).End(), .. schema.Select(element => element.End())];
        var footer = new Thrift().I32(1, 1).List(2, 12, elements).I64(3, rows).List(4, 12, groups);
        var bytes = (encrypted ? footer.Struct(8, new Thrift().Struct(1, new Thrift().Binary(2, "12345678"))) : footer).End();
        return [.. "PAR1"u8, .. pages, .. bytes, .. Numbers(bytes.Length), .. "PAR1"u8];
    }

    /// <summary>A structure being written; its fields in ascending order.</summary>
    internal sealed class Thrift
    {
        private readonly List<byte> _bytes = [];
        private int _last;

        public static byte[] Text(string text) => [.. Varint((ulong)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];

        public Thrift Boolean(int id, bool value) => Field(id, value ? 1 : 2, []);

        public Thrift I8(int id, sbyte value) => Field(id, 3, [(byte)value]);

        public Thrift I32(int id, int value) => Field(id, 5, Zigzag(value));

        public Thrift I64(int id, long value) => Field(id, 6, Zigzag(value));

        public Thrift Binary(int id, string text) => Field(id, 8, Text(text));

        public Thrift Struct(int id, Thrift value) => Field(id, 12, value.End());

        public Thrift List(int id, int type, byte[][] items) =>
            Field(id, 9, [.. items.Length < 15 ? (byte[])[(byte)((items.Length << 4) | type)] : [(byte)(0xF0 | type), .. Varint((ulong)items.Length)], .. items.SelectMany(item => item)]);

        public byte[] End() => [.. _bytes, 0];

        private static byte[] Zigzag(long value) => Varint((ulong)((value << 1) ^ (value >> 63)));

        private static byte[] Varint(ulong value)
        {
            var bytes = new List<byte>();
            for (; value > 0x7F; value >>= 7)
            {
                bytes.Add((byte)(value | 0x80));
            }

            return [.. bytes, (byte)value];
        }

        private Thrift Field(int id, int type, byte[] value)
        {
            _bytes.Add((byte)(((id - _last) << 4) | type));
            _bytes.AddRange(value);
            _last = id;
            return this;
        }
    }
}
