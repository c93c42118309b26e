using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Platform.Files.Engine;
using Xunit;

namespace Platform.Files.Tests.Engine;

/// <summary>A row of the COPY stream, its values as text.</summary>
public sealed record CopiedRow(IReadOnlyList<string?> Values, long LoadId, long FileId, long RowNo);

/// <summary>PostgreSQL's binary COPY, read as its documentation describes it and not as our encoder writes it.</summary>
public static class CopyReader
{
    private static readonly DateTime Epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public static List<CopiedRow> Read(ReadOnlySpan<byte> stream, IReadOnlyList<LoadField> fields)
    {
        Assert.Equal([0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0], stream[..19].ToArray());
        var rest = stream[19..];
        var rows = new List<CopiedRow>();
        while (true)
        {
            var columns = Int16(ref rest);
            if (columns == -1)
            {
                Assert.Equal(0, rest.Length);
                return rows;
            }

            Assert.Equal(fields.Count + 3, columns);
            var values = new string?[fields.Count];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = Value(ref rest, fields[i].Type);
            }

            rows.Add(new CopiedRow(values, Lineage(ref rest), Lineage(ref rest), Lineage(ref rest)));
        }
    }

    private static long Lineage(ref ReadOnlySpan<byte> rest) => long.Parse(Value(ref rest, FieldType.Integer)!, CultureInfo.InvariantCulture);

    private static string? Value(ref ReadOnlySpan<byte> rest, FieldType type)
    {
        var length = BinaryPrimitives.ReadInt32BigEndian(rest);
        rest = rest[4..];
        if (length == -1)
        {
            return null;
        }

        var value = rest[..length];
        rest = rest[length..];
        switch (type)
        {
            case FieldType.Boolean:
                Assert.Equal(1, length);
                return value[0] == 1 ? "true" : "false";
            case FieldType.Date:
                Assert.Equal(4, length);
                return Epoch.AddDays(BinaryPrimitives.ReadInt32BigEndian(value)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            case FieldType.Datetime:
                Assert.Equal(8, length);
                return Epoch.AddTicks(BinaryPrimitives.ReadInt64BigEndian(value) * TimeSpan.TicksPerMicrosecond).ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
            case FieldType.Float:
                Assert.Equal(8, length);
                return BinaryPrimitives.ReadDoubleBigEndian(value).ToString("R", CultureInfo.InvariantCulture);
            case FieldType.Integer:
                Assert.Equal(8, length);
                return BinaryPrimitives.ReadInt64BigEndian(value).ToString(CultureInfo.InvariantCulture);
            case FieldType.Decimal:
                return Numeric(value);
            case FieldType.Json:
                Assert.Equal(1, value[0]);
                return Encoding.UTF8.GetString(value[1..]);
            default:
                return Encoding.UTF8.GetString(value);
        }
    }

    /// <summary>numeric_send: number of digits, weight of the first, sign, decimals; each digit stands for four.</summary>
    private static string Numeric(ReadOnlySpan<byte> value)
    {
        var count = Int16(ref value);
        var weight = Int16(ref value);
        var sign = Int16(ref value);
        var scale = Int16(ref value);
        var text = new StringBuilder();
        for (var position = Math.Max(weight, (short)0); position >= 0 || -position * 4 < scale + 4; position--)
        {
            if (position == -1)
            {
                text.Append('.');
            }

            var index = weight - position;
            var digit = index >= 0 && index < count ? BinaryPrimitives.ReadInt16BigEndian(value[(index * 2)..]) : (short)0;
            Assert.InRange(digit, 0, 9999);
            text.Append(CultureInfo.InvariantCulture, $"{digit:0000}");
        }

        var whole = text.ToString();
        var point = whole.IndexOf('.', StringComparison.Ordinal);
        var integer = (point < 0 ? whole : whole[..point]).TrimStart('0');
        var fraction = point < 0 ? "" : whole[(point + 1)..];
        Assert.Equal(0, value.Length - (count * 2));
        return (sign == 0x4000 ? "-" : "") + (integer.Length == 0 ? "0" : integer) + (scale == 0 ? "" : $".{fraction[..scale]}");
    }

    private static short Int16(ref ReadOnlySpan<byte> rest)
    {
        var value = BinaryPrimitives.ReadInt16BigEndian(rest);
        rest = rest[2..];
        return value;
    }
}
