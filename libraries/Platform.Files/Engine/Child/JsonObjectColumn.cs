using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Platform.Files.Engine.Child;

/// <summary>
/// The fields of a row that go into one object (<see cref="LoadField.InObject"/>): once a row is written column by column, its last columns are folded into a jsonb. So a value is judged
/// by the same rule wherever it ends.
/// </summary>
internal sealed unsafe class JsonObjectColumn
{
    private const int LengthBytes = 4;
    private const int LongestFixedText = 64;
    private const int DecimalsPerDigit = 4;
    private const int NumericHeadBytes = 8;
    private const int DaysTo2000 = 730119;

    private readonly (FieldType Type, byte[] Name)[] _members;

    private JsonObjectColumn(int first, (FieldType, byte[])[] members) => (First, _members) = (first, members);

    /// <summary>The place of the first member among the fields.</summary>
    public int First { get; }

    /// <summary>The column of these fields; null when none goes into the object.</summary>
    public static JsonObjectColumn? Of(IReadOnlyList<LoadField> fields)
    {
        var first = fields.TakeWhile(field => !field.InObject).Count();
        if (first == fields.Count)
        {
            return null;
        }

        return fields.Skip(first).All(field => field.InObject)
            ? new(first, [.. fields.Skip(first).Select(field => (field.Type, Quoted(field.Name)))])
            : throw new EngineException(EngineFailure.Bug, "The fields of the object are not the last ones.");
    }

    /// <summary>Makes the values that stand in the row from <paramref name="members"/> (counted from its beginning) to <paramref name="at"/> one object; returns the new end.</summary>
    public byte* Fold(CopyBuffer buffer, long members, byte* at, int fixedBytes)
    {
        // Written behind the values first, then moved to their place.
        var begin = at - buffer.Row;
        at = buffer.Ensure(at, LengthBytes + 2, fixedBytes) + LengthBytes;
        *at++ = JsonbText.Version;
        *at++ = (byte)'{';
        var read = members;
        var separator = false;
        foreach (var (type, name) in _members)
        {
            var length = BinaryPrimitives.ReverseEndianness(*(int*)(buffer.Row + read));
            read += LengthBytes;
            if (length < 0)
            {
                continue;
            }

            var room = type == FieldType.String ? JsonString.Length(new(buffer.Row + read, length)) : type == FieldType.Json ? length : LongestFixedText;
            at = buffer.Ensure(at, name.Length + room + 2, fixedBytes);
            if (separator)
            {
                *at++ = (byte)',';
            }

            separator = true;
            name.CopyTo(new Span<byte>(at, name.Length));
            at = Write(at + name.Length, type, buffer.Row + read, length);
            read += length;
        }

        at = buffer.Ensure(at, 1, fixedBytes);
        *at++ = (byte)'}';
        var start = buffer.Row + begin;
        var bytes = at - start;
        *(int*)start = BinaryPrimitives.ReverseEndianness((int)(bytes - LengthBytes));
        Buffer.MemoryCopy(start, buffer.Row + members, bytes, bytes);
        return buffer.Row + members + bytes;
    }

    private static byte[] Quoted(string name)
    {
        var text = Encoding.UTF8.GetBytes(name);
        var bytes = new byte[JsonString.Length(text) + 1];
        fixed (byte* to = bytes)
        {
            var end = JsonString.Write(to, text);
            *end++ = (byte)':';
            return bytes[..(int)(end - to)];
        }
    }

    private static byte* Write(byte* to, FieldType type, byte* value, int length)
    {
        switch (type)
        {
            case FieldType.String:
                return JsonString.Write(to, new(value, length));
            case FieldType.Json:
                new ReadOnlySpan<byte>(value + 1, length - 1).CopyTo(new Span<byte>(to, length - 1));
                return to + length - 1;
            case FieldType.Boolean:
                return Ascii(to, *value == 0 ? "false"u8 : "true"u8);
            case FieldType.Integer:
                return Number(to, BinaryPrimitives.ReverseEndianness(*(long*)value));
            case FieldType.Decimal:
                return Numeric(to, value);
            case FieldType.Float:
                return Real(to, BitConverter.Int64BitsToDouble(BinaryPrimitives.ReverseEndianness(*(long*)value)));
            case FieldType.Date:
                return Quoted(to, DateOnly.FromDayNumber(BinaryPrimitives.ReverseEndianness(*(int*)value) + DaysTo2000).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            case FieldType.Datetime:
                var moment = new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddTicks(BinaryPrimitives.ReverseEndianness(*(long*)value) * TimeSpan.TicksPerMicrosecond);
                return Quoted(to, moment.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFZ", CultureInfo.InvariantCulture));
            default:
                throw new EngineException(EngineFailure.Bug, $"{type} has no JSON.");
        }
    }

    private static byte* Real(byte* to, double value) => !double.IsFinite(value) || (value == 0 && double.IsNegative(value))
        ? Quoted(to, double.IsNaN(value) ? "NaN" : double.IsPositiveInfinity(value) ? "Infinity" : double.IsNegativeInfinity(value) ? "-Infinity" : "-0")
        : Utf8Formatter.TryFormat(value, new Span<byte>(to, LongestFixedText), out var written) ? to + written : throw new EngineException(EngineFailure.Bug, "A float has no text.");

    private static byte* Number(byte* to, long value) =>
        Utf8Formatter.TryFormat(value, new Span<byte>(to, LongestFixedText), out var written) ? to + written : throw new EngineException(EngineFailure.Bug, "An integer has no text.");

    // Digits to base 10,000 aligned at the point; those left out at either end are zeros.
    private static byte* Numeric(byte* to, byte* value)
    {
        var digits = BinaryPrimitives.ReverseEndianness(*(short*)value);
        var weight = BinaryPrimitives.ReverseEndianness(*(short*)(value + 2));
        var decimals = BinaryPrimitives.ReverseEndianness(*(short*)(value + 6));
        if (*(short*)(value + 4) != 0)
        {
            *to++ = (byte)'-';
        }

        int Digit(int place) => place >= 0 && place < digits ? BinaryPrimitives.ReverseEndianness(*(short*)(value + NumericHeadBytes + (2 * place))) : 0;
        to = Number(to, Digit(weight < 0 ? -1 : 0));
        for (var place = 1; place <= weight; place++)
        {
            to = FourDigits(to, Digit(place));
        }

        if (decimals == 0)
        {
            return to;
        }

        *to++ = (byte)'.';
        for (var written = 0; written < decimals; written += DecimalsPerDigit)
        {
            to = FourDigits(to, Digit(weight + 1 + (written / DecimalsPerDigit)));
        }

        var surplus = (DecimalsPerDigit - (decimals % DecimalsPerDigit)) % DecimalsPerDigit;
        return to - surplus;
    }

    private static byte* FourDigits(byte* to, int value)
    {
        to[0] = (byte)('0' + (value / 1000));
        to[1] = (byte)('0' + (value / 100 % 10));
        to[2] = (byte)('0' + (value / 10 % 10));
        to[3] = (byte)('0' + (value % 10));
        return to + DecimalsPerDigit;
    }

    private static byte* Quoted(byte* to, string text)
    {
        *to++ = (byte)'"';
        to += Encoding.ASCII.GetBytes(text, new Span<byte>(to, LongestFixedText));
        *to++ = (byte)'"';
        return to;
    }

    private static byte* Ascii(byte* to, ReadOnlySpan<byte> text)
    {
        text.CopyTo(new Span<byte>(to, text.Length));
        return to + text.Length;
    }
}
