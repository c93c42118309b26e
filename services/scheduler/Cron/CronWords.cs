using System.Globalization;
using System.Numerics;

namespace Platform.Scheduler.Cron;

/// <summary>Says an expression in words, for example <c>At 08:30 every Sunday</c>.</summary>
internal static class CronWords
{
    private const ulong EveryMinute = (1ul << 60) - 1;
    private const uint EveryHour = (1u << 24) - 1;
    private const uint EveryDay = 0xFFFF_FFFE;
    private const uint EveryMonth = 0x1FFE;
    private const uint EveryWeekday = 0x7F;
    private const int MostTimes = 6;

    private static readonly string[] Ordinals = ["", "first", "second", "third", "fourth", "fifth"];

    public static string Explain(this CronExpression cron)
    {
        var months = cron.Months == EveryMonth ? "" : $" in {Names(cron.Months, 1, 12, MonthName)}";
        return $"{Times(cron)} {Days(cron)}{months}";
    }

    private static string Times(CronExpression cron)
    {
        var minutes = Values(cron.Minutes);
        var hours = Values(cron.Hours);
        if (minutes.Count * hours.Count <= MostTimes)
        {
            return $"At {Joined([.. hours.SelectMany(hour => minutes.Select(minute => string.Create(CultureInfo.InvariantCulture, $"{hour:00}:{minute:00}")))])}";
        }

        var minutePart = cron.Minutes == EveryMinute ? "Every minute"
            : Step(minutes, 60) is { } step ? $"Every {step} minutes"
            : $"At minute{(minutes.Count == 1 ? "" : "s")} {Ranges(minutes, Number)}";
        var hourPart = cron.Hours == EveryHour ? (minutePart[0] == 'E' ? "" : " of every hour")
            : Step(hours, 24) is { } hourStep ? $" of every {Nth(hourStep)} hour from midnight"
            : $" in the hour{(hours.Count == 1 ? "" : "s")} {Ranges(hours, Number)}";
        return minutePart + hourPart + (hourPart.Length == 0 && minutePart[0] == 'E' ? "" : ",");
    }

    private static string Days(CronExpression cron)
    {
        var anyDay = cron.DayOfMonth is { Days: EveryDay, BeforeLast: null, NearestWeekday: false };
        var anyWeekday = cron.DayOfWeek is { Days: EveryWeekday, Nth: null, Last: false };
        var either = cron.DayOfMonth.Restricted && cron.DayOfWeek.Restricted;
        return (anyDay, anyWeekday) switch
        {
            (true, true) => "every day",
            (false, true) => DayOfMonth(cron.DayOfMonth),
            (true, false) when either => "every day",
            (true, false) => DayOfWeek(cron.DayOfWeek, "every"),
            (false, false) => $"{DayOfMonth(cron.DayOfMonth)} {(either ? "or" : "when it is also")} {DayOfWeek(cron.DayOfWeek, either ? "on" : "")}".Replace("  ", " ", StringComparison.Ordinal),
        };
    }

    private static string DayOfMonth(DayOfMonthRule rule)
    {
        var weekday = rule.NearestWeekday;
        return rule switch
        {
            { BeforeLast: 0 } => weekday ? "on the weekday nearest the last day of the month" : "on the last day of the month",
            { BeforeLast: { } before } => $"on the {(weekday ? "weekday nearest the " : "")}day {before} {(before == 1 ? "day" : "days")} before the last of the month",
            _ when weekday => $"on the weekday nearest day {BitOperations.TrailingZeroCount(rule.Days)} of the month",
            _ => $"on day{(BitOperations.PopCount(rule.Days) == 1 ? "" : "s")} {Ranges(Values(rule.Days), Number)} of the month",
        };
    }

    private static string DayOfWeek(DayOfWeekRule rule, string every)
    {
        var names = Names(rule.Days, 0, 6, WeekdayName);
        return rule switch
        {
            { Nth: { } nth } => $"on the {Ordinals[nth]} {names} of the month",
            { Last: true } => $"on the last {names} of the month",
            _ => $"{every} {names}",
        };
    }

    private static string Names(uint mask, int first, int last, Func<int, string> name) =>
        Ranges([.. Values(mask).Where(value => value >= first && value <= last)], name);

    private static List<int> Values(ulong mask)
    {
        var values = new List<int>();
        for (; mask != 0; mask &= mask - 1)
        {
            values.Add(BitOperations.TrailingZeroCount(mask));
        }

        return values;
    }

    // The n of "every n", when the values are exactly 0, n, 2n … up to the end of the circle.
    private static int? Step(List<int> values, int circle) =>
        values.Count > 1 && values[0] == 0 && circle % values[1] == 0 && values.Count == circle / values[1] && values.Index().All(item => item.Item == item.Index * values[1])
            ? values[1]
            : null;

    private static string Ranges(List<int> values, Func<int, string> name)
    {
        var parts = new List<string>();
        for (var i = 0; i < values.Count; i++)
        {
            var start = i;
            while (i + 1 < values.Count && values[i + 1] == values[i] + 1)
            {
                i++;
            }

            if (i - start >= 2)
            {
                parts.Add($"{name(values[start])} through {name(values[i])}");
                continue;
            }

            parts.AddRange(values.Skip(start).Take(i - start + 1).Select(name));
        }

        return Joined(parts);
    }

    private static string Joined(IReadOnlyList<string> parts) => parts.Count switch
    {
        1 => parts[0],
        _ => $"{string.Join(", ", parts.Take(parts.Count - 1))} and {parts[^1]}",
    };

    private static string Nth(int number) => number switch
    {
        1 => "1st",
        2 => "2nd",
        3 => "3rd",
        _ => $"{number}th",
    };

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string MonthName(int month) => CultureInfo.InvariantCulture.DateTimeFormat.GetMonthName(month);

    private static string WeekdayName(int day) => CultureInfo.InvariantCulture.DateTimeFormat.GetDayName((System.DayOfWeek)day);
}
