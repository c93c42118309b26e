using System.Globalization;
using System.Runtime.CompilerServices;

namespace Platform.Files.Engine.Child;

/// <summary>
/// What text may become what: one written grammar per type (Engine/README.md), the same for every format. Nothing is rounded, guessed or passed over. Blanks around are
/// ignored.
/// </summary>
internal static class Grammar
{
    private const int MaxFloatExponentDigits = 4;

    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) => text.Trim((byte)' ');

    public static bool TryBoolean(ReadOnlySpan<byte> text, out bool value)
    {
        value = false;
        Span<byte> lower = stackalloc byte[5];
        if (text.Length is 0 or > 5)
        {
            return false;
        }

        for (var i = 0; i < text.Length; i++)
        {
            lower[i] = text[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(text[i] | 0x20) : text[i];
        }

        lower = lower[..text.Length];
        value = lower.SequenceEqual("true"u8) || lower.SequenceEqual("t"u8) || lower.SequenceEqual("yes"u8) || lower.SequenceEqual("y"u8) || lower.SequenceEqual("on"u8) || lower.SequenceEqual("1"u8);
        return value
            || lower.SequenceEqual("false"u8) || lower.SequenceEqual("f"u8) || lower.SequenceEqual("no"u8) || lower.SequenceEqual("n"u8) || lower.SequenceEqual("off"u8) || lower.SequenceEqual("0"u8);
    }

    /// <summary><c>[+-]digits</c>.</summary>
    public static bool TryInteger(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        var negative = false;
        if (text.Length > 0 && text[0] is (byte)'+' or (byte)'-')
        {
            negative = text[0] == '-';
            text = text[1..];
        }

        if (text.Length == 0)
        {
            return false;
        }

        // Counted downwards, since there is one more negative number.
        long sum = 0;
        var i = 0;
        for (var safe = Math.Min(text.Length, 18); i < safe; i++)
        {
            var digit = text[i] - '0';
            if ((uint)digit > 9)
            {
                return false;
            }

            sum = (sum * 10) - digit;
        }

        for (; i < text.Length; i++)
        {
            var digit = text[i] - '0';
            if ((uint)digit > 9 || sum < (long.MinValue + digit) / 10)
            {
                return false;
            }

            sum = (sum * 10) - digit;
        }

        if (!negative && sum == long.MinValue)
        {
            return false;
        }

        value = negative ? sum : -sum;
        return true;
    }

    /// <summary>A number without loss: <paramref name="unscaled"/> / 10^<paramref name="scale"/>.</summary>
    /// <param name="text"><c>[+-]digits[.digits]</c>, and in JSON an exponent.</param>
    /// <param name="precision">Most digits.</param>
    /// <param name="scale">Digits behind the point; further ones must be zero.</param>
    /// <param name="exponent">Whether there may be an exponent.</param>
    /// <param name="unscaled">The number times 10^<paramref name="scale"/>.</param>
    public static bool TryDecimal(ReadOnlySpan<byte> text, int precision, int scale, bool exponent, out Int128 unscaled)
    {
        unscaled = 0;
        if (!DecimalParts.TryRead(text, exponent, out var parts))
        {
            return false;
        }

        if (parts.Digits == 0)
        {
            return true;
        }

        var shift = parts.Exponent + scale;
        if (shift < 0 || parts.Count + shift > precision)
        {
            return false;
        }

        var value = (Int128)(parts.Digits * PostgresNumeric.Power(shift));
        unscaled = parts.Negative ? -value : value;
        return true;
    }

    /// <summary>A decimal with an optional exponent, or <c>inf</c>, <c>infinity</c>, <c>nan</c>; not beyond the range of a double.</summary>
    public static bool TryFloat(ReadOnlySpan<byte> text, bool anyExponent, out double value)
    {
        value = 0;
        var unsigned = text.Length > 0 && text[0] is (byte)'+' or (byte)'-' ? text[1..] : text;
        if (unsigned.Length == 0)
        {
            return false;
        }

        if (unsigned[0] is not (>= (byte)'0' and <= (byte)'9') and not (byte)'.')
        {
            return TryNoNumber(text, unsigned, out value);
        }

        var e = unsigned.IndexOfAny((byte)'e', (byte)'E');
        if (e >= 0)
        {
            var digits = unsigned[(e + 1)..];
            digits = digits.Length > 0 && digits[0] is (byte)'+' or (byte)'-' ? digits[1..] : digits;
            if (digits.Length == 0 || (digits.Length > MaxFloatExponentDigits && !anyExponent) || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            {
                return false;
            }
        }

        // What is left are digits with one point among them; the parser sees to that.
        var mantissa = e < 0 ? unsigned : unsigned[..e];
        return !mantissa.SequenceEqual("."u8)
            && double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value)
            && !double.IsInfinity(value);
    }

    /// <summary><c>YYYY-MM-DD</c> as days since 1970.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryDate(ReadOnlySpan<byte> text, out int days)
    {
        days = 0;
        return text.Length == 10 && text[4] == '-' && text[7] == '-'
            && Digits(text, 0, 4, out var year) && Digits(text, 5, 2, out var month) && Digits(text, 8, 2, out var day)
            && TryDays(year, month, day, out days);
    }

    /// <summary>Days since 1970 of a day in the years 0001 to 9999.</summary>
    public static bool TryDays(int year, int month, int day, out int days)
    {
        days = 0;
        if (year is < 1 or > 9999 || month is < 1 or > 12 || day < 1 || (day > 28 && day > DateTime.DaysInMonth(year, month)))
        {
            return false;
        }

        // From March on, so that the leap day is the last of its year (Howard Hinnant, days_from_civil).
        var y = month <= 2 ? year - 1 : year;
        var era = y / 400;
        var ofEra = y - (era * 400);
        var ofYear = (((153 * (month + (month > 2 ? -3 : 9))) + 2) / 5) + day - 1;
        days = (era * 146097) + (ofEra * 365) + (ofEra / 4) - (ofEra / 100) + ofYear - 719468;
        return true;
    }

    /// <summary><c>YYYY-MM-DD[(T or blank)HH:MM[:SS[.1-9 digits]][Z or ±HH[[:]MM]]]</c> as microseconds since 1970 UTC; without an offset it is UTC; below microseconds it is cut.</summary>
    public static bool TryMoment(ReadOnlySpan<byte> text, out long microseconds) => TryMoment(text, out microseconds, out _);

    /// <summary>The same, and whether the text tells its offset from UTC.</summary>
    public static bool TryMoment(ReadOnlySpan<byte> text, out long microseconds, out bool hasOffset)
    {
        hasOffset = false;
        microseconds = 0;
        if (text.Length < 10 || !TryDate(text[..10], out var days))
        {
            return false;
        }

        microseconds = days * Moment.Day;
        if (text.Length == 10)
        {
            return true;
        }

        if (text.Length < 16 || text[10] is not ((byte)'T' or (byte)' ') || text[13] != ':'
            || !Digits(text, 11, 2, out var hour) || !Digits(text, 14, 2, out var minute) || hour > 23 || minute > 59)
        {
            return false;
        }

        microseconds += (hour * Moment.Hour) + (minute * Moment.Minute);
        var at = 16;
        if (at < text.Length && text[at] == ':')
        {
            if (!Digits(text, at + 1, 2, out var second) || second > 59)
            {
                return false;
            }

            microseconds += second * Moment.Second;
            at += 3;
            if (at < text.Length && text[at] == '.' && !TryFraction(text, ref at, ref microseconds))
            {
                return false;
            }
        }

        if (at == text.Length)
        {
            return true;
        }

        if (text[at] == ' ')
        {
            at++;
        }

        hasOffset = true;
        return TryOffset(text[at..], out var offset) && Moment.IsInRange(microseconds -= offset);
    }

    /// <summary><c>Z</c> or <c>±HH[[:]MM]</c>, in microseconds.</summary>
    public static bool TryOffset(ReadOnlySpan<byte> text, out long offset)
    {
        offset = 0;
        if (text is [(byte)'Z'])
        {
            return true;
        }

        if (text.Length is not (3 or 5 or 6) || text[0] is not ((byte)'+' or (byte)'-') || (text.Length == 6 && text[3] != ':') || !Digits(text, 1, 2, out var hours))
        {
            return false;
        }

        var minutes = 0;
        if ((text.Length > 3 && !Digits(text, text.Length - 2, 2, out minutes)) || hours > Moment.MaxOffsetHours || minutes > 59)
        {
            return false;
        }

        offset = (hours * Moment.Hour) + (minutes * Moment.Minute);
        offset = text[0] == '-' ? -offset : offset;
        return true;
    }

    /// <summary>Exactly <paramref name="count"/> digits from <paramref name="at"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Digits(ReadOnlySpan<byte> text, int at, int count, out int value)
    {
        value = 0;
        if (at + count > text.Length)
        {
            return false;
        }

        for (var i = at; i < at + count; i++)
        {
            var digit = text[i] - '0';
            if ((uint)digit > 9)
            {
                return false;
            }

            value = (value * 10) + digit;
        }

        return true;
    }

    private static bool TryFraction(ReadOnlySpan<byte> text, ref int at, ref long microseconds)
    {
        var unit = Moment.Second;
        var digits = 0;
        for (at++; at < text.Length && text[at] is >= (byte)'0' and <= (byte)'9'; at++, digits++)
        {
            unit /= 10;
            microseconds += (text[at] - '0') * unit;
        }

        return digits is >= 1 and <= 9;
    }

    private static bool TryNoNumber(ReadOnlySpan<byte> text, ReadOnlySpan<byte> unsigned, out double value)
    {
        Span<byte> lower = stackalloc byte[8];
        value = double.NaN;
        if (unsigned.Length > lower.Length)
        {
            return false;
        }

        for (var i = 0; i < unsigned.Length; i++)
        {
            lower[i] = (byte)(unsigned[i] | 0x20);
        }

        lower = lower[..unsigned.Length];
        if (lower.SequenceEqual("inf"u8) || lower.SequenceEqual("infinity"u8))
        {
            value = text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
            return true;
        }

        return lower.SequenceEqual("nan"u8) && unsigned.Length == text.Length;
    }
}

/// <summary>Units of a moment in microseconds, and how far moments reach.</summary>
internal static class Moment
{
    public const long Second = 1_000_000;
    public const long Minute = 60 * Second;
    public const long Hour = 60 * Minute;
    public const long Day = 24 * Hour;

    /// <summary>PostgreSQL takes no more.</summary>
    public const int MaxOffsetHours = 15;

    // 0001-01-01 and the day after 9999-12-31.
    private const long First = -719162 * Day;
    private const long End = 2932897 * Day;

    public static bool IsInRange(long microseconds) => microseconds is >= First and < End;
}
