using System.Globalization;
using System.Text.RegularExpressions;

namespace Platform.Couriers.Patterns;

/// <summary>
/// The time that stands in the name of a file of a sequence (R13), <c>prefix_timestamp.json</c>: a date, with hour, minute, second and fraction as far as they are given, with or without separators, or seconds,
/// milliseconds or microseconds since 1970. Times are UTC.
/// </summary>
internal static partial class FileTimestamp
{
    private const int Epoch = 10;

    private static readonly string[] Digits = ["yyyyMMdd", "yyyyMMddHH", "yyyyMMddHHmm", "yyyyMMddHHmmss", "yyyyMMddHHmmssfff", "yyyyMMddHHmmssffffff"];

    /// <summary>Every time that stands in <paramref name="name"/>, from left to right.</summary>
    public static IEnumerable<FoundTimestamp> In(string name)
    {
        foreach (var match in Candidate().Matches(name).AsEnumerable())
        {
            if (TryRead(match.ValueSpan, out var time))
            {
                yield return new(match.Index, match.Index + match.Length, time);
            }
        }
    }

    private static bool TryRead(ReadOnlySpan<char> text, out DateTime time)
    {
        Span<char> digits = stackalloc char[text.Length];
        var count = 0;
        foreach (var character in text)
        {
            if (char.IsAsciiDigit(character))
            {
                digits[count++] = character;
            }
        }

        digits = digits[..count];
        if (count == text.Length && Unit(digits) is { } ticks && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            time = DateTime.UnixEpoch.AddTicks(number * ticks);
            return true;
        }

        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        return DateTime.TryParseExact(digits, Digits, CultureInfo.InvariantCulture, Utc, out time);
    }

    // Ten digits are also yyyyMMddHH: those of this century begin with 20, seconds since 1970 do so from 2033 on.
    private static long? Unit(ReadOnlySpan<char> digits) => digits.Length switch
    {
        Epoch when !digits.StartsWith("20") => TimeSpan.TicksPerSecond,
        Epoch + 3 => TimeSpan.TicksPerMillisecond,
        Epoch + 6 => TimeSpan.TicksPerMicrosecond,
        _ => null,
    };

    [GeneratedRegex("(?<![0-9])(?:[0-9]{4}([-_.]?)[0-9]{2}\\1[0-9]{2}(?:[T _-]?[0-9]{2}(?:[:._-]?[0-9]{2}(?:[:._-]?[0-9]{2}(?:[.,]?(?:[0-9]{6}|[0-9]{3}))?)?)?)?Z?|[0-9]{10}|[0-9]{13}|[0-9]{16})(?![0-9])")]
    private static partial Regex Candidate();
}

/// <summary>A time in a name, with the place of its first character and of the one after its last.</summary>
internal readonly record struct FoundTimestamp(int Start, int End, DateTime Time);
