using System.Globalization;
using System.Text.RegularExpressions;

namespace Platform.ServiceDefaults;

/// <summary>Lengths of time as people write them: a number and a unit, for example <c>24 hours</c>, <c>90m</c>, <c>2 weeks</c>.</summary>
public static partial class Durations
{
    /// <summary>What <see cref="TryParse"/> takes, for a problem text.</summary>
    public const string Grammar = "a whole number and a unit: seconds, minutes, hours, days or weeks, for example '90 minutes', '24 hours', '2d', '1 week'";

    /// <summary>Reads a length of at most ten years; false for anything else.</summary>
    public static bool TryParse(string text, out TimeSpan value)
    {
        value = TimeSpan.Zero;
        var match = Written().Match(text);
        if (!match.Success || !int.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        var unit = char.ToLowerInvariant(match.Groups[2].Value[0]) switch
        {
            's' => TimeSpan.FromSeconds(1),
            'm' => TimeSpan.FromMinutes(1),
            'h' => TimeSpan.FromHours(1),
            'd' => TimeSpan.FromDays(1),
            _ => TimeSpan.FromDays(7),
        };
        if (number > TimeSpan.FromDays(3660) / unit)
        {
            return false;
        }

        value = unit * number;
        return true;
    }

    /// <summary>In the two greatest units, for example <c>5 minutes 12 seconds</c>; whole values of one unit can be read back.</summary>
    public static string Words(TimeSpan value)
    {
        if (value < TimeSpan.FromSeconds(1))
        {
            return value <= TimeSpan.Zero ? "0 seconds" : "less than a second";
        }

        (long Count, string Unit)[] parts = value.TotalDays >= 7 && value.Ticks % TimeSpan.TicksPerDay == 0 && value.Days % 7 == 0
            ? [(value.Days / 7, "week")]
            : [(value.Days, "day"), (value.Hours, "hour"), (value.Minutes, "minute"), (value.Seconds, "second")];
        return string.Join(' ', parts.SkipWhile(part => part.Count == 0).Take(2).Where(part => part.Count > 0)
            .Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Count} {part.Unit}{(part.Count == 1 ? "" : "s")}")));
    }

    [GeneratedRegex(@"^\s*([0-9]{1,9})\s*(s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|w|weeks?)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex Written();
}
