using System.Diagnostics.CodeAnalysis;
using Platform.Files.Engine.Child;

namespace Platform.Files.Engine;

/// <summary>
/// A Joda date pattern of a field (mission F3), read exactly: the whole text, as many digits as the pattern has letters, no other words than English ones. Without a zone it is
/// UTC. Besides, <see cref="EpochSeconds"/>, <see cref="EpochMillis"/> and <see cref="EpochMicros"/>: numbers counted from 1970.
/// </summary>
/// <remarks>
/// Letters: <c>y</c> <c>Y</c> year (<c>yy</c>: 1970 to 2069), <c>M</c> month (<c>MMM</c> Jan, <c>MMMM</c> January), <c>d</c> day, <c>D</c> day of the year, <c>E</c> day of the week (Mon, <c>EEEE</c> Monday),
/// <c>H</c> hour 0-23, <c>k</c> 1-24, <c>h</c> 1-12, <c>K</c> 0-11, <c>a</c> AM or PM, <c>m</c> minute, <c>s</c> second, <c>S</c> decimals of a second, <c>Z</c> offset (+0200, <c>ZZ</c> +02:00, both also Z),
/// <c>z</c> UTC, GMT or Z. One letter of a number takes one or two digits. Other characters mean themselves; letters do in quotes.
/// </remarks>
public sealed class DatetimePattern
{
    /// <summary>Whole seconds since 1970-01-01 UTC, with decimals or without.</summary>
    public const string EpochSeconds = "epoch-seconds";

    /// <summary>Milliseconds since 1970-01-01 UTC.</summary>
    public const string EpochMillis = "epoch-millis";

    /// <summary>Microseconds since 1970-01-01 UTC.</summary>
    public const string EpochMicros = "epoch-micros";

    private const int MaxLength = 100;
    private const int FirstOfShortYears = 70;

    private static readonly string[] Months = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
    private static readonly string[] Days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

    private readonly List<Part> _parts;

    private DatetimePattern(string text, List<Part> parts) => (Text, _parts) = (text, parts);

    /// <summary>As written.</summary>
    public string Text { get; }

    /// <summary>Whether it has a time of day: then it is no pattern for a date.</summary>
    public bool HasTime => Text.StartsWith("epoch-", StringComparison.Ordinal) || _parts.Exists(part => "HkhKmsSaZz".Contains(part.Letter, StringComparison.Ordinal));

    /// <summary>Whether what is read is an instant by itself: it has a zone or an offset, or is counted from 1970.</summary>
    internal bool HasZone => Text.StartsWith("epoch-", StringComparison.Ordinal) || _parts.Exists(part => part.Letter is 'Z' or 'z');

    /// <summary>Understands a pattern, or says in <paramref name="problem"/> what was found and what was expected.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out DatetimePattern? pattern, [NotNullWhen(false)] out string? problem)
    {
        var parts = new List<Part>();
        pattern = null;
        problem = Read(text, parts);
        if (problem is null)
        {
            pattern = new DatetimePattern(text, parts);
        }

        return problem is null;
    }

    /// <summary>Microseconds since 1970 UTC of a text that follows the pattern and lies in the years 0001 to 9999.</summary>
    internal bool TryRead(ReadOnlySpan<byte> text, out long microseconds)
    {
        switch (Text)
        {
            case EpochSeconds:
                return TryEpoch(text, 6, out microseconds);
            case EpochMillis:
                return TryEpoch(text, 3, out microseconds);
            case EpochMicros:
                return TryEpoch(text, 0, out microseconds);
        }

        var values = new Values();
        var at = 0;
        foreach (var part in _parts)
        {
            if (!Take(part, text, ref at, ref values))
            {
                microseconds = 0;
                return false;
            }
        }

        return values.TryMoment(out microseconds) && at == text.Length;
    }

    private static string? Read(string text, List<Part> parts)
    {
        if (text is EpochSeconds or EpochMillis or EpochMicros)
        {
            return null;
        }

        if (text.Length is 0 or > MaxLength)
        {
            return $"has {text.Length} characters; expected a Joda pattern such as yyyy-MM-dd'T'HH:mm:ss.SSSZ, of at most {MaxLength}.";
        }

        for (var at = 0; at < text.Length;)
        {
            var letter = text[at];
            if (letter == '\'')
            {
                if (Literal(text, ref at) is not { } literal)
                {
                    return "opens a quote that is never closed; expected '' for a quote.";
                }

                parts.Add(new Part('\'', 0, literal));
                continue;
            }

            var count = 1;
            while (at + count < text.Length && text[at + count] == letter)
            {
                count++;
            }

            if (!char.IsAsciiLetter(letter))
            {
                parts.Add(new Part('\'', 0, System.Text.Encoding.UTF8.GetBytes(new string(letter, count))));
            }
            else if (!IsKnown(letter, count))
            {
                return $"has '{new string(letter, count)}', which means nothing here. Expected y M d D E H k h K a m s S Z z in Joda's meaning, and other letters in quotes"
                    + (letter == 'u' ? "; write y for the year." : ".");
            }
            else
            {
                parts.Add(new Part(letter == 'Y' ? 'y' : letter, count, []));
            }

            at += count;
        }

        return Missing(parts);
    }

    private static string? Missing(List<Part> parts)
    {
        bool Has(char letter) => parts.Exists(part => part.Letter == letter);
        if (!Has('y') || !(Has('D') || (Has('M') && Has('d'))))
        {
            return "says no whole date; expected a year (yyyy), a month (MM) and a day (dd).";
        }

        if ((Has('h') || Has('K')) && !Has('a'))
        {
            return "has an hour of half a day without AM or PM; expected 'a' beside it, or H for hours 0 to 23.";
        }

        return parts.Where(part => part.Letter is not ('\'' or 'E')).GroupBy(part => part.Letter).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? $"has '{twice.Key}' in two places; expected it once."
            : null;
    }

    private static bool IsKnown(char letter, int count) => letter switch
    {
        'y' or 'Y' => count is 1 or 2 or 4,
        'M' => count <= 4,
        'd' or 'H' or 'k' or 'h' or 'K' or 'm' or 's' => count <= 2,
        'D' => count is 1 or 3,
        'E' => count <= 4,
        'S' => count <= 9,
        'a' or 'z' => count <= 4,
        'Z' => count <= 2,
        _ => false,
    };

    private static byte[]? Literal(string text, ref int at)
    {
        var literal = new System.Text.StringBuilder();
        if (text.AsSpan(at).StartsWith("''"))
        {
            at += 2;
            return [(byte)'\''];
        }

        for (at++; at < text.Length; at++)
        {
            if (text[at] != '\'')
            {
                literal.Append(text[at]);
            }
            else if (at + 1 < text.Length && text[at + 1] == '\'')
            {
                literal.Append(text[at++]);
            }
            else
            {
                at++;
                return System.Text.Encoding.UTF8.GetBytes(literal.ToString());
            }
        }

        return null;
    }

    private static bool TryEpoch(ReadOnlySpan<byte> text, int scale, out long microseconds)
    {
        microseconds = 0;

        // What is finer than a microsecond is refused, as digits beyond a scale are everywhere.
        return Grammar.TryDecimal(text, 20, scale, exponent: true, out var unscaled) && unscaled >= long.MinValue && unscaled <= long.MaxValue
            && Moment.IsInRange(microseconds = (long)unscaled);
    }

    private static bool Take(Part part, ReadOnlySpan<byte> text, ref int at, ref Values values)
    {
        switch (part.Letter)
        {
            case '\'':
                var same = text[at..].StartsWith(part.Literal);
                at += part.Literal.Length;
                return same;
            case 'y':
                return TakeYear(part.Count, text, ref at, ref values.Year);
            case 'M' when part.Count >= 3:
                return Word(Months, part.Count == 3, text, ref at, out values.Month);
            case 'M':
                return Number(part.Count, 2, text, ref at, out values.Month);
            case 'd':
                return Number(part.Count, 2, text, ref at, out values.Day);
            case 'D':
                return Number(part.Count, 3, text, ref at, out values.DayOfYear) && values.DayOfYear > 0;
            case 'E':
                return Word(Days, part.Count < 4, text, ref at, out values.DayOfWeek);
            case 'H':
                return Number(part.Count, 2, text, ref at, out values.Hour) && values.Hour <= 23;
            case 'k':
                return Number(part.Count, 2, text, ref at, out values.Hour) && values.Hour is >= 1 and <= 24 && (values.Hour %= 24) >= 0;
            case 'h':
                return Number(part.Count, 2, text, ref at, out values.Hour) && values.Hour is >= 1 and <= 12 && (values.Hour %= 12) >= 0;
            case 'K':
                return Number(part.Count, 2, text, ref at, out values.Hour) && values.Hour <= 11;
            case 'm':
                return Number(part.Count, 2, text, ref at, out values.Minute) && values.Minute <= 59;
            case 's':
                return Number(part.Count, 2, text, ref at, out values.Second) && values.Second <= 59;
            case 'S':
                return TakeFraction(part.Count, text, ref at, ref values.Microsecond);
            case 'a':
                return Word(["am", "pm"], false, text, ref at, out var half) && (values.Afternoon = half == 2) | true;
            default:
                return TakeZone(part, text, ref at, ref values.Offset);
        }
    }

    private static bool TakeYear(int letters, ReadOnlySpan<byte> text, ref int at, ref int year)
    {
        var digits = letters == 2 ? 2 : 4;
        if (!Grammar.Digits(text, at, digits, out year))
        {
            return false;
        }

        at += digits;
        year += letters != 2 ? 0 : year >= FirstOfShortYears ? 1900 : 2000;
        return true;
    }

    private static bool TakeFraction(int letters, ReadOnlySpan<byte> text, ref int at, ref int microsecond)
    {
        // One letter takes what there is; several, that many.
        var count = 0;
        var unit = 1_000_000;
        var most = letters == 1 ? 9 : letters;
        for (; count < most && at < text.Length && text[at] is >= (byte)'0' and <= (byte)'9'; count++, at++)
        {
            unit /= 10;
            microsecond += (text[at] - '0') * unit;
        }

        return count >= letters;
    }

    private static bool TakeZone(Part part, ReadOnlySpan<byte> text, ref int at, ref long offset)
    {
        var rest = text[at..];
        if (part.Letter == 'z')
        {
            var length = rest.StartsWith("UTC"u8) || rest.StartsWith("GMT"u8) ? 3 : rest.StartsWith("Z"u8) ? 1 : 0;
            at += length;
            return length > 0;
        }

        var taken = rest.StartsWith("Z"u8) ? 1 : part.Count == 2 ? 6 : 5;
        at += taken;
        return taken <= rest.Length && Grammar.TryOffset(rest[..taken], out offset);
    }

    /// <summary>As many digits as the pattern has letters; one letter takes up to <paramref name="most"/>.</summary>
    private static bool Number(int letters, int most, ReadOnlySpan<byte> text, ref int at, out int value)
    {
        var digits = letters;
        if (letters == 1)
        {
            while (digits < most && at + digits < text.Length && text[at + digits] is >= (byte)'0' and <= (byte)'9')
            {
                digits++;
            }
        }

        var found = Grammar.Digits(text, at, digits, out value);
        at += digits;
        return found;
    }

    /// <summary>The number, from 1, of an English word in any case.</summary>
    private static bool Word(string[] words, bool shortened, ReadOnlySpan<byte> text, ref int at, out int number)
    {
        for (number = 1; number <= words.Length; number++)
        {
            var word = shortened ? words[number - 1].AsSpan(0, 3) : words[number - 1];
            if (at + word.Length <= text.Length && System.Text.Ascii.EqualsIgnoreCase(text.Slice(at, word.Length), word))
            {
                at += word.Length;
                return true;
            }
        }

        return false;
    }

    private readonly record struct Part(char Letter, int Count, byte[] Literal);

    private struct Values
    {
        public int Year;
        public int Month;
        public int Day;
        public int DayOfYear;
        public int DayOfWeek;
        public int Hour;
        public int Minute;
        public int Second;
        public int Microsecond;
        public bool Afternoon;
        public long Offset;

        public readonly bool TryMoment(out long microseconds)
        {
            microseconds = 0;
            var (month, day) = DayOfYear > 0 ? (1, 1) : (Month, Day);
            if (!Grammar.TryDays(Year, month, day, out var days) || DayOfYear > (DateTime.IsLeapYear(Year) ? 366 : 365))
            {
                return false;
            }

            days += DayOfYear > 0 ? DayOfYear - 1 : 0;

            // 1970 began on a Thursday. A weekday that is not the date's means that one of the two is wrong.
            if (DayOfWeek > 0 && ((((days + 3) % 7) + 7) % 7) + 1 != DayOfWeek)
            {
                return false;
            }

            var hour = Hour + (Afternoon && Hour < 12 ? 12 : 0);
            microseconds = (days * Moment.Day) + (hour * Moment.Hour) + (Minute * Moment.Minute) + (Second * Moment.Second) + Microsecond - Offset;
            return Moment.IsInRange(microseconds);
        }
    }
}
