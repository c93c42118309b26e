using System.Buffers.Binary;

namespace Platform.Files.Engine.Child;

/// <summary>PostgreSQL's binary numeric: digits to base 10,000 aligned at the point, with the weight of the first, the sign and the number of decimals.</summary>
internal static unsafe class PostgresNumeric
{
    /// <summary>Eight bytes of head and at most eleven digits: 38 decimal ones, cut at the point.</summary>
    public const int MaxBytes = 32;

    private const int HeadBytes = 8;
    private const int MaxDigits = 12;
    private const short Negative = 0x4000;
    private const int Base = 10_000;
    private const int DecimalsPerDigit = 4;

    private static readonly long[] Powers64 = [.. Enumerable.Range(0, 19).Select(n => (long)Compute(n))];
    private static readonly UInt128[] Powers128 = [.. Enumerable.Range(0, 39).Select(Compute)];
    private static readonly int[] Shifts = [1, 1000, 100, 10];

    /// <summary>Writes length and value of <paramref name="unscaled"/> / 10^<paramref name="scale"/>; scale is at most 18.</summary>
    public static byte* Write(byte* at, long unscaled, int scale)
    {
        var digits = stackalloc short[MaxDigits];
        var count = 0;
        var rest = unscaled < 0 ? (ulong)-unscaled : (ulong)unscaled;
        var whole = rest / (ulong)Powers64[scale];
        var fraction = rest - (whole * (ulong)Powers64[scale]);

        // From the last digit to the first; the last group of decimals is filled up with zeros.
        var odd = scale % DecimalsPerDigit;
        if (odd != 0)
        {
            var power = (ulong)Powers64[odd];
            digits[count++] = (short)((int)(fraction % power) * Shifts[odd]);
            fraction /= power;
        }

        for (var left = scale / DecimalsPerDigit; left > 0; left--)
        {
            digits[count++] = (short)(fraction % Base);
            fraction /= Base;
        }

        var decimals = count;
        for (; whole != 0; whole /= Base)
        {
            digits[count++] = (short)(whole % Base);
        }

        return Write(at, digits, count, decimals, unscaled < 0, scale);
    }

    /// <summary>Writes length and value of <paramref name="unscaled"/> / 10^<paramref name="scale"/>; at most 38 digits.</summary>
    public static byte* Write(byte* at, Int128 unscaled, int scale)
    {
        if (scale <= 18 && unscaled >= -long.MaxValue && unscaled <= long.MaxValue)
        {
            return Write(at, (long)unscaled, scale);
        }

        var digits = stackalloc short[MaxDigits];
        var count = 0;
        var (whole, fraction) = UInt128.DivRem((UInt128)(unscaled < 0 ? -unscaled : unscaled), Powers128[scale]);
        var odd = scale % DecimalsPerDigit;
        if (odd != 0)
        {
            digits[count++] = (short)((int)(fraction % Powers128[odd]) * Shifts[odd]);
            fraction /= Powers128[odd];
        }

        for (var left = scale / DecimalsPerDigit; left > 0; left--)
        {
            digits[count++] = (short)(fraction % Base);
            fraction /= Base;
        }

        var decimals = count;
        for (; whole != 0; whole /= Base)
        {
            digits[count++] = (short)(whole % Base);
        }

        return Write(at, digits, count, decimals, unscaled < 0, scale);
    }

    /// <summary>Digits stand last first; zeros at either end are not written.</summary>
    private static byte* Write(byte* at, short* digits, int count, int decimals, bool negative, int scale)
    {
        var first = count;
        while (first > 0 && digits[first - 1] == 0)
        {
            first--;
        }

        var last = 0;
        while (last < first && digits[last] == 0)
        {
            last++;
        }

        var written = first - last;
        *(int*)at = BinaryPrimitives.ReverseEndianness(HeadBytes + (written * sizeof(short)));
        var head = (short*)(at + sizeof(int));
        head[0] = BinaryPrimitives.ReverseEndianness((short)written);
        head[1] = BinaryPrimitives.ReverseEndianness((short)(written == 0 ? 0 : first - decimals - 1));
        head[2] = BinaryPrimitives.ReverseEndianness(negative && written > 0 ? Negative : (short)0);
        head[3] = BinaryPrimitives.ReverseEndianness((short)scale);
        for (var i = 0; i < written; i++)
        {
            head[4 + i] = BinaryPrimitives.ReverseEndianness(digits[first - 1 - i]);
        }

        return at + sizeof(int) + HeadBytes + (written * sizeof(short));
    }

    /// <summary>10^<paramref name="n"/>, 0 to 38.</summary>
    public static UInt128 Power(int n) => Powers128[n];

    private static UInt128 Compute(int n)
    {
        UInt128 power = 1;
        for (var i = 0; i < n; i++)
        {
            power *= 10;
        }

        return power;
    }
}
