using System.Buffers.Binary;
using System.Globalization;
using System.Text.Unicode;

namespace Platform.Files.Formats.Avro;

/// <summary>What logical types mean, once for columns and for nested values.</summary>
internal static class AvroValues
{
    public const long MicrosecondsPerDay = 86_400_000_000;

    private static readonly Int128[] Powers = [.. Enumerable.Range(0, 39).Select(Power)];

    /// <summary>A decimal's digits without the point.</summary>
    public static Int128 Decimal(ReadOnlySpan<byte> bytes, int precision)
    {
        // Big-endian with a sign, at times with more bytes than it needs.
        var fill = bytes.IsEmpty || bytes[0] < 0x80 ? (byte)0 : (byte)0xFF;
        while (bytes.Length > 16 && bytes[0] == fill)
        {
            bytes = bytes[1..];
        }

        if (bytes.Length <= 16)
        {
            Span<byte> whole = stackalloc byte[16];
            whole.Fill(fill);
            bytes.CopyTo(whole[(16 - bytes.Length)..]);
            var value = BinaryPrimitives.ReadInt128BigEndian(whole);

            // 10^38 is below the largest Int128, so the bound exists for every precision.
            if (value < Powers[precision] && value > -Powers[precision] && (fill == 0) == (value >= 0))
            {
                return value;
            }
        }

        throw new AvroException($"a decimal has more than the {precision} digits its schema allows");
    }

    /// <summary>A time of day in microseconds.</summary>
    public static long TimeOfDay(long value, AvroLogical logical)
    {
        var perUnit = logical == AvroLogical.TimeMillis ? 1000 : 1;
        return value >= 0 && value < MicrosecondsPerDay / perUnit
            ? value * perUnit
            : throw new AvroException($"a time of day is {value} {(perUnit == 1 ? "micro" : "milli")}seconds after midnight; expected less than a day");
    }

    /// <summary>Milliseconds as microseconds; those too far away for any calendar become the ends of time, which the engine rejects by row.</summary>
    public static long Microseconds(long milliseconds) =>
        milliseconds > long.MaxValue / 1000 ? long.MaxValue : milliseconds < -(long.MaxValue / 1000) ? -long.MaxValue : milliseconds * 1000;

    /// <summary>A text, proved to be UTF-8.</summary>
    public static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> bytes) => Utf8.IsValid(bytes) ? bytes : throw new AvroException("a text holds bytes that are not UTF-8");

    /// <summary>Months, days and milliseconds as ISO 8601 writes them: P1M15DT0.5S.</summary>
    public static string Duration(ReadOnlySpan<byte> value)
    {
        var months = BinaryPrimitives.ReadUInt32LittleEndian(value);
        var days = BinaryPrimitives.ReadUInt32LittleEndian(value[4..]);
        var milliseconds = BinaryPrimitives.ReadUInt32LittleEndian(value[8..]);
        var date = (months > 0 ? string.Create(CultureInfo.InvariantCulture, $"{months}M") : "") + (days > 0 ? string.Create(CultureInfo.InvariantCulture, $"{days}D") : "");
        var time = milliseconds > 0 || date.Length == 0 ? string.Create(CultureInfo.InvariantCulture, $"T{milliseconds / 1000m:0.###}S") : "";
        return $"P{date}{time}";
    }

    public static Guid Uuid(ReadOnlySpan<byte> value) => new(value, bigEndian: true);

    private static Int128 Power(int n)
    {
        Int128 power = 1;
        for (var i = 0; i < n; i++)
        {
            power *= 10;
        }

        return power;
    }
}
