namespace Platform.Files.Engine.Child;

/// <summary>A written number, exactly: <see cref="Digits"/> × 10^<see cref="Exponent"/>, without zeros at either end.</summary>
/// <param name="Negative">The sign.</param>
/// <param name="Digits">The number's digits without its point; 0 for zero.</param>
/// <param name="Count">How many digits these are.</param>
/// <param name="Exponent">Where they stand.</param>
internal readonly record struct DecimalParts(bool Negative, UInt128 Digits, int Count, int Exponent)
{
    private const int MaxDigits = 38;
    private const int DigitsOf64Bits = 18;
    private const int MaxExponent = 100_000;

    /// <summary>Reads <c>[+-]digits[.digits]</c>, with an exponent if <paramref name="exponent"/>. False also when there are more than 38 digits that count.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, bool exponent, out DecimalParts parts)
    {
        parts = default;
        var at = text.Length > 0 && text[0] is (byte)'+' or (byte)'-' ? 1 : 0;
        var negative = at == 1 && text[0] == '-';
        ulong low = 0;
        UInt128 digits = 0;
        var (count, zeros, fraction, any, point) = (0, 0, 0, false, false);
        for (; at < text.Length; at++)
        {
            var digit = text[at] - '0';
            if ((uint)digit > 9)
            {
                if (text[at] != '.' || point)
                {
                    break;
                }

                point = true;
                continue;
            }

            any = true;
            fraction += point ? 1 : 0;
            if (digit == 0)
            {
                // Counts only if another digit follows.
                zeros += count == 0 ? 0 : 1;
                continue;
            }

            count += zeros + 1;
            if (count > MaxDigits)
            {
                return false;
            }

            if (count <= DigitsOf64Bits)
            {
                for (; zeros > 0; zeros--)
                {
                    low *= 10;
                }

                low = (low * 10) + (uint)digit;
            }
            else
            {
                digits = (((digits == 0 ? low : digits) * PostgresNumeric.Power(zeros + 1)) + (uint)digit);
                zeros = 0;
            }
        }

        var power = 0;
        if (!any || (at < text.Length && !(exponent && TryExponent(text[at..], out power))))
        {
            return false;
        }

        parts = new DecimalParts(negative, digits == 0 ? low : digits, count, count == 0 ? 0 : zeros - fraction + power);
        return true;
    }

    private static bool TryExponent(ReadOnlySpan<byte> text, out int power)
    {
        power = 0;
        if (text[0] is not ((byte)'e' or (byte)'E'))
        {
            return false;
        }

        text = text[1..];
        var negative = text.Length > 0 && text[0] == '-';
        text = text.Length > 0 && text[0] is (byte)'+' or (byte)'-' ? text[1..] : text;
        foreach (var found in text)
        {
            if (found is < (byte)'0' or > (byte)'9')
            {
                return false;
            }

            power = Math.Min(MaxExponent, (power * 10) + (found - '0'));
        }

        power = negative ? -power : power;
        return text.Length > 0;
    }
}
