using System.Globalization;

namespace Platform.Scheduler.Cron;

/// <summary>Reads crontab's five fields, or refuses them and says which field is wrong, what was found and what is expected.</summary>
internal static class CronParser
{
    private static readonly string[] MonthNames = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    private static readonly string[] DayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

    private static readonly Dictionary<string, string> Macros = new(StringComparer.OrdinalIgnoreCase)
    {
        ["@yearly"] = "0 0 1 1 *",
        ["@annually"] = "0 0 1 1 *",
        ["@monthly"] = "0 0 1 * *",
        ["@weekly"] = "0 0 * * 0",
        ["@daily"] = "0 0 * * *",
        ["@midnight"] = "0 0 * * *",
        ["@hourly"] = "0 * * * *",
    };

    private static readonly Field Minute = new("minute", 0, 59, 59, [], 0);
    private static readonly Field Hour = new("hour", 0, 23, 23, [], 0);
    private static readonly Field Day = new("day of month", 1, 31, 31, [], 0);
    private static readonly Field Month = new("month", 1, 12, 12, MonthNames, 1);
    private static readonly Field Weekday = new("day of week", 0, 6, 7, DayNames, 0);

    /// <summary>The expression, or null and the problem in words.</summary>
    public static CronExpression? Parse(string text, out string? problem)
    {
        var trimmed = text.Trim();
        if (trimmed.StartsWith('@'))
        {
            if (!Macros.TryGetValue(trimmed, out var meaning))
            {
                problem = $"'{trimmed}' is not known. Known are {string.Join(", ", Macros.Keys)}, or five fields such as '30 8 * * *'.";
                return null;
            }

            trimmed = meaning;
        }

        var fields = trimmed.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != 5)
        {
            problem = $"Found {fields.Length} {(fields.Length == 1 ? "field" : "fields")}, expected 5: minute, hour, day of month, month, day of week, for example '30 8 * * *'.";
            return null;
        }

        try
        {
            var minutes = Values(Minute, fields[0]);
            var hours = Values(Hour, fields[1]);
            var day = DayOfMonth(fields[2]);
            var months = Values(Month, fields[3]);
            var weekday = DayOfWeek(fields[4]);
            problem = null;
            return new()
            {
                Text = text.Trim(),
                Minutes = minutes,
                Hours = (uint)hours,
                DayOfMonth = day,
                Months = (uint)months,
                DayOfWeek = weekday,
                Recurring = (fields[0] + fields[1]).AsSpan().ContainsAny("*-/"),
                Fields = fields,
            };
        }
        catch (FieldException e)
        {
            problem = e.Message;
            return null;
        }
    }

    private static DayOfMonthRule DayOfMonth(string text)
    {
        var upper = text.ToUpperInvariant();
        if (upper.StartsWith('L'))
        {
            var weekday = upper.EndsWith('W');
            var rest = weekday ? upper[1..^1] : upper[1..];
            if (rest.Length == 0)
            {
                return new(0, 0, weekday, Restricted: true);
            }

            if (rest[0] == '-' && TryNumber(rest[1..]) is >= 0 and <= 30 and var before)
            {
                return new(0, before, weekday, Restricted: true);
            }

            throw Wrong(Day, text, "after 'L' may stand '-' with a number from 0 to 30, then 'W' (examples: L, L-2, LW)");
        }

        if (upper.EndsWith('W'))
        {
            return TryNumber(upper[..^1]) is >= 1 and <= 31 and var day
                ? new(1u << day, null, NearestWeekday: true, Restricted: true)
                : throw Wrong(Day, text, "'W' stands after one single day from 1 to 31 (example: 15W)");
        }

        return text == "?"
            ? new((uint)Values(Day, "*"), null, false, Restricted: false)
            : new((uint)Values(Day, text), null, false, Restricted: text[0] != '*');
    }

    private static DayOfWeekRule DayOfWeek(string text)
    {
        if (text == "?")
        {
            return new((uint)Values(Weekday, "*"), null, false, Restricted: false);
        }

        if (text.IndexOf('#') is >= 0 and var hash)
        {
            var day = Value(Weekday, text[..hash], text);
            return text[(hash + 1)..] is "1" or "2" or "3" or "4" or "5"
                ? new(1u << (day % 7), text[hash + 1] - '0', false, Restricted: true)
                : throw Wrong(Weekday, text, "after '#' stands a number from 1 to 5, which one of the month (example: MON#1)");
        }

        if (text.Length > 1 && text[^1] is 'L' or 'l')
        {
            return new(1u << (Value(Weekday, text[..^1], text) % 7), null, Last: true, Restricted: true);
        }

        return new((uint)Values(Weekday, text), null, false, Restricted: text[0] != '*');
    }

    private static ulong Values(Field field, string text)
    {
        var values = 0ul;
        foreach (var item in text.Split(','))
        {
            values |= Item(field, item, text);
        }

        return values;
    }

    private static ulong Item(Field field, string item, string text)
    {
        var slash = item.IndexOf('/');
        var range = slash < 0 ? item : item[..slash];
        var step = 1;
        if (slash >= 0)
        {
            var most = field == Weekday ? 7 : field.Last;
            step = TryNumber(item[(slash + 1)..]) is { } given && given >= 1 && given <= most
                ? given
                : throw Wrong(field, text, $"after '/' stands a step between 1 and {most}");
        }

        int first, last;
        if (range == "*")
        {
            (first, last) = (field.First, field.Last);
        }
        else if (range.IndexOf('-') is > 0 and var dash)
        {
            (first, last) = (Value(field, range[..dash], text), Value(field, range[(dash + 1)..], text));
        }
        else
        {
            first = Value(field, range, text);
            last = slash < 0 ? first : Math.Max(first, field.Last);
        }

        // A range may wrap: 51-4 minutes, sat-tue, 23-3 hours. Sunday is 0 and 7.
        var size = field.Last - field.First + 1;
        if (last < first)
        {
            last += size;
        }

        var values = 0ul;
        for (var value = first; value <= last; value += step)
        {
            values |= 1ul << (field.First + ((value - field.First) % size));
        }

        return values;
    }

    private static int Value(Field field, string item, string text)
    {
        var name = Array.FindIndex(field.Names, known => known.Equals(item, StringComparison.OrdinalIgnoreCase));
        if (name >= 0)
        {
            return name + field.NamesFrom;
        }

        return TryNumber(item) is { } value && value >= field.First && value <= field.Highest
            ? value
            : throw Wrong(field, text, $"'{item}' is not a value between {field.First} and {field.Highest}{(field.Names.Length == 0 ? "" : $" or a name from {field.Names[0]} to {field.Names[^1]}")}");
    }

    private static int? TryNumber(string text) => text.Length is > 0 and <= 4 && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static FieldException Wrong(Field field, string text, string expected) => new($"The field {field.Name} is '{text}': {expected}.");

    /// <summary><paramref name="Highest"/> is the greatest number that may be written; it differs from <paramref name="Last"/> for the day of week, where 7 is Sunday again.</summary>
    private sealed record Field(string Name, int First, int Last, int Highest, string[] Names, int NamesFrom);

    private sealed class FieldException(string message) : Exception(message);
}
