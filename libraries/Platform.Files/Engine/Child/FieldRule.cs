using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Platform.Files.Engine.Child;

/// <summary>How text becomes a value of one field: the one place that does it, whatever format the text comes from.</summary>
internal sealed unsafe class FieldRule
{
    private const int LengthBytes = 4;
    private const int DaysTo2000 = 10957;
    private const int DigitsOf64Bits = 19;

    private readonly FieldType _type;
    private readonly int _precision;
    private readonly int _scale;
    private readonly DatetimePattern? _pattern;
    private readonly LocalTimes? _local;

    public FieldRule(LoadField field)
    {
        Field = field;
        (_type, _precision, _scale) = (field.Type, field.Precision, field.Scale);
        if (field.Pattern is not null && !DatetimePattern.TryParse(field.Pattern, out _pattern, out var problem))
        {
            throw new EngineException(EngineFailure.BadFile, $"The pattern of the field '{field.Name}' {problem} Correct it in the feed's definition.");
        }

        if (field is { Type: FieldType.Datetime, TimeZone: { } zone } && _pattern is not { HasZone: true })
        {
            _local = LocalTimes.TryFind(zone) ?? throw new EngineException(EngineFailure.BadFile, $"The zone '{zone}' of the field '{field.Name}' is not known here. Correct it in the feed's definition.");
        }
    }

    public LoadField Field { get; }

    /// <summary>Writes length and value, at most <see cref="PostgresNumeric.MaxBytes"/> + 4 bytes, of a type that has a fixed size; <see langword="null"/> when the text is none of the type.</summary>
    /// <param name="at">Where to.</param>
    /// <param name="text">What the file holds.</param>
    /// <param name="number">It is a JSON number, which may have an exponent in any type.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public byte* Write(byte* at, ReadOnlySpan<byte> text, bool number)
    {
        if (text.Length > 0 && (text[0] == ' ' || text[^1] == ' '))
        {
            text = Grammar.Trim(text);
        }

        switch (_type)
        {
            case FieldType.Integer:
                return TryInteger(text, number, out var integer) ? Int64(at, integer) : null;
            case FieldType.Datetime:
                return TryMoment(text, out var moment) ? Int64(at, moment - (DaysTo2000 * Moment.Day)) : null;
            case FieldType.Decimal:
                return Grammar.TryDecimal(text, _precision, _scale, number, out var unscaled) ? PostgresNumeric.Write(at, unscaled, _scale) : null;
            case FieldType.Float:
                return Grammar.TryFloat(text, number, out var real) ? Int64(at, BitConverter.DoubleToInt64Bits(real)) : null;
            case FieldType.Boolean:
                if (!Grammar.TryBoolean(text, out var truth))
                {
                    return null;
                }

                *(int*)at = BinaryPrimitives.ReverseEndianness(1);
                at[LengthBytes] = truth ? (byte)1 : (byte)0;
                return at + LengthBytes + 1;
            case FieldType.Date:
                if (!TryDate(text, out var days))
                {
                    return null;
                }

                *(int*)at = BinaryPrimitives.ReverseEndianness(sizeof(int));
                *(int*)(at + LengthBytes) = BinaryPrimitives.ReverseEndianness(days - DaysTo2000);
                return at + LengthBytes + sizeof(int);
            default:
                throw new EngineException(EngineFailure.Bug, $"{_type} has no fixed size.");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Int64(byte* at, long value)
    {
        *(int*)at = BinaryPrimitives.ReverseEndianness(sizeof(long));
        *(long*)(at + LengthBytes) = BinaryPrimitives.ReverseEndianness(value);
        return at + LengthBytes + sizeof(long);
    }

    private static bool TryInteger(ReadOnlySpan<byte> text, bool number, out long value)
    {
        if (Grammar.TryInteger(text, out value))
        {
            return true;
        }

        // 1.0 and 1e3 are whole numbers where numbers are told from texts.
        if (!number || !Grammar.TryDecimal(text, DigitsOf64Bits, 0, exponent: true, out var whole) || whole < long.MinValue || whole > long.MaxValue)
        {
            return false;
        }

        value = (long)whole;
        return true;
    }

    private bool TryMoment(ReadOnlySpan<byte> text, out long moment)
    {
        var hasOffset = false;
        if (!(_pattern is null ? Grammar.TryMoment(text, out moment, out hasOffset) : _pattern.TryRead(text, out moment)))
        {
            return false;
        }

        return _local is null || hasOffset || (Moment.IsInRange(moment = _local.ToUtc(moment)));
    }

    private bool TryDate(ReadOnlySpan<byte> text, out int days)
    {
        if (_pattern is null)
        {
            return Grammar.TryDate(text, out days);
        }

        days = 0;
        if (!_pattern.TryRead(text, out var moment))
        {
            return false;
        }

        var whole = Math.DivRem(moment, Moment.Day, out var rest);
        days = (int)whole;
        return rest == 0;
    }
}
