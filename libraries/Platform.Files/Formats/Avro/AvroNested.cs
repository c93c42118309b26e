using System.Globalization;

namespace Platform.Files.Formats.Avro;

/// <summary>Writes any value as JSON, by the rules DuckDB's to_json has for nested Parquet, and skips what nobody wants.</summary>
internal static class AvroNested
{
    private const int MaxDepth = 1000;

    /// <summary>Items that take no bytes in the file can be claimed by the billion.</summary>
    private const long MaxItems = AvroCursor.MaxValueBytes;

    public static void Write(AvroType type, ref AvroCursor cursor, JsonText json, int depth = 0)
    {
        switch (type.Kind)
        {
            case AvroKind.Null:
                json.Raw("null"u8);
                break;
            case AvroKind.Boolean:
                json.Raw(cursor.Boolean() ? "true"u8 : "false"u8);
                break;
            case AvroKind.Int:
                Integer(type, cursor.Int(), json);
                break;
            case AvroKind.Long:
                Integer(type, cursor.Long(), json);
                break;
            case AvroKind.Float:
                json.Number(cursor.Float(), single: true);
                break;
            case AvroKind.Double:
                json.Number(cursor.Double(), single: false);
                break;
            case AvroKind.String:
                json.Quoted(AvroValues.Text(cursor.Bytes()));
                break;
            case AvroKind.Bytes:
                Binary(type, cursor.Bytes(), json);
                break;
            case AvroKind.Fixed:
                Binary(type, cursor.Fixed(type.Size), json);
                break;
            case AvroKind.Enum:
                json.Quoted(type.Symbols[cursor.Index(type.Symbols.Length, "an enum")]);
                break;
            case AvroKind.Union:
                Write(type.Branches[cursor.Index(type.Branches.Count, "a union")], ref cursor, json, Deeper(depth));
                break;
            case AvroKind.Record:
                Record(type, ref cursor, json, Deeper(depth));
                break;
            case AvroKind.Array or AvroKind.Map:
                Items(type, ref cursor, json, Deeper(depth));
                break;
        }
    }

    public static void Skip(AvroType type, ref AvroCursor cursor, int depth = 0)
    {
        switch (type.Kind)
        {
            case AvroKind.Null:
                break;
            case AvroKind.Boolean:
                cursor.Skip(1);
                break;
            case AvroKind.Int or AvroKind.Long or AvroKind.Enum:
                cursor.Long();
                break;
            case AvroKind.Float:
                cursor.Skip(sizeof(float));
                break;
            case AvroKind.Double:
                cursor.Skip(sizeof(double));
                break;
            case AvroKind.String or AvroKind.Bytes:
                cursor.Bytes();
                break;
            case AvroKind.Fixed:
                cursor.Skip(type.Size);
                break;
            case AvroKind.Union:
                Skip(type.Branches[cursor.Index(type.Branches.Count, "a union")], ref cursor, Deeper(depth));
                break;
            case AvroKind.Record:
                Deeper(depth);
                foreach (var field in type.Fields)
                {
                    Skip(field.Type, ref cursor, depth + 1);
                }

                break;
            case AvroKind.Array or AvroKind.Map:
                SkipItems(type, ref cursor, Deeper(depth));
                break;
        }
    }

    private static void Record(AvroType type, ref AvroCursor cursor, JsonText json, int depth)
    {
        json.Raw((byte)'{');
        for (var i = 0; i < type.Fields.Count; i++)
        {
            if (i > 0)
            {
                json.Raw((byte)',');
            }

            json.Raw(type.Fields[i].JsonName);
            Write(type.Fields[i].Type, ref cursor, json, depth);
        }

        json.Raw((byte)'}');
    }

    private static void Items(AvroType type, ref AvroCursor cursor, JsonText json, int depth)
    {
        var map = type.Kind == AvroKind.Map;
        var first = true;
        json.Raw(map ? (byte)'{' : (byte)'[');
        for (var count = cursor.Items(out _); count > 0; count = cursor.Items(out _))
        {
            for (; count > 0; count--)
            {
                if (!first)
                {
                    json.Raw((byte)',');
                }

                first = false;
                if (map)
                {
                    json.Quoted(AvroValues.Text(cursor.Bytes()));
                    json.Raw((byte)':');
                }

                Write(type.Item!, ref cursor, json, depth);
            }
        }

        json.Raw(map ? (byte)'}' : (byte)']');
    }

    private static void SkipItems(AvroType type, ref AvroCursor cursor, int depth)
    {
        var total = 0L;
        for (var count = cursor.Items(out var bytes); count > 0; count = cursor.Items(out bytes))
        {
            if (bytes >= 0)
            {
                cursor.Skip(bytes);
                continue;
            }

            total = count > MaxItems ? count : total + count;
            if (total > MaxItems)
            {
                throw new AvroException($"a list is said to have {total} items; at most {MaxItems} can be read");
            }

            for (; count > 0; count--)
            {
                if (type.Kind == AvroKind.Map)
                {
                    cursor.Bytes();
                }

                Skip(type.Item!, ref cursor, depth);
            }
        }
    }

    private static void Integer(AvroType type, long value, JsonText json)
    {
        switch (type.Logical)
        {
            case AvroLogical.Date:
                Quoted(json, Days(value) is { } day ? day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : null, value);
                break;
            case AvroLogical.TimeMillis or AvroLogical.TimeMicros:
                Quoted(json, Fraction(TimeSpan.FromMicroseconds(AvroValues.TimeOfDay(value, type.Logical)).ToString(@"hh\:mm\:ss\.ffffff", CultureInfo.InvariantCulture)), value);
                break;
            case AvroLogical.TimestampMillis:
                Quoted(json, Moment(AvroValues.Microseconds(value), 0, "+00"), value);
                break;
            case AvroLogical.TimestampMicros:
                Quoted(json, Moment(value, 0, "+00"), value);
                break;
            case AvroLogical.LocalTimestampMillis:
                Quoted(json, Moment(AvroValues.Microseconds(value), 0, ""), value);
                break;
            case AvroLogical.LocalTimestampMicros:
                Quoted(json, Moment(value, 0, ""), value);
                break;
            case AvroLogical.TimestampNanos or AvroLogical.LocalTimestampNanos:
                var nanoseconds = (int)(((value % 1000) + 1000) % 1000);
                Quoted(json, Moment((value - nanoseconds) / 1000, nanoseconds, ""), value);
                break;
            default:
                json.Number(value);
                break;
        }
    }

    private static void Binary(AvroType type, ReadOnlySpan<byte> value, JsonText json)
    {
        switch (type.Logical)
        {
            case AvroLogical.Decimal:
                json.Decimal(AvroValues.Decimal(value, type.Precision), type.Scale);
                break;
            case AvroLogical.Duration:
                Quoted(json, AvroValues.Duration(value), 0);
                break;
            case AvroLogical.Uuid:
                Quoted(json, AvroValues.Uuid(value).ToString(), 0);
                break;
            default:
                json.Binary(value);
                break;
        }
    }

    /// <summary>A text, or the number itself when no calendar has a name for it.</summary>
    private static void Quoted(JsonText json, string? text, long value)
    {
        if (text is null)
        {
            json.Number(value);
            return;
        }

        json.Raw((byte)'"');
        json.Ascii(text);
        json.Raw((byte)'"');
    }

    private static DateOnly? Days(long days)
    {
        var number = DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber + days;
        return number >= DateOnly.MinValue.DayNumber && number <= DateOnly.MaxValue.DayNumber ? DateOnly.FromDayNumber((int)number) : null;
    }

    private static string? Moment(long microseconds, int nanoseconds, string offset)
    {
        if (microseconds < (DateTime.MinValue - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond
            || microseconds > (DateTime.MaxValue - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond)
        {
            return null;
        }

        var text = DateTime.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond).ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture);
        return Fraction(nanoseconds == 0 ? text : string.Create(CultureInfo.InvariantCulture, $"{text}{nanoseconds:000}")) + offset;
    }

    /// <summary>Without the zeros at the end of the fraction, and without a fraction of zeros.</summary>
    private static string Fraction(string text) => text.TrimEnd('0') is var trimmed && trimmed.EndsWith('.') ? trimmed[..^1] : trimmed;

    private static int Deeper(int depth) => depth < MaxDepth ? depth + 1 : throw new AvroException($"a value is nested more than {MaxDepth} levels deep");
}
