using System.Numerics;

namespace Platform.Scheduler.Cron;

/// <summary>
/// A schedule in crontab's five fields: minute, hour, day of month, month, day of week, with names, ranges (which may wrap), steps, lists, <c>L</c>, <c>W</c> and <c>#</c>.
/// As crontab(5) has it, a day matches either day field when both are restricted (neither begins with a star), and both when one is not.
/// </summary>
internal sealed record CronExpression
{
    /// <summary>29 February on a given weekday comes back within 40 years, also across 2100; nothing rarer can be written.</summary>
    private const int YearsAhead = 45;

    public required string Text { get; init; }

    public required ulong Minutes { get; init; }

    public required uint Hours { get; init; }

    public required uint Months { get; init; }

    public required DayOfMonthRule DayOfMonth { get; init; }

    public required DayOfWeekRule DayOfWeek { get; init; }

    /// <summary>A star, range or step stands in minute or hour: the expression means "every so often", and both passes of an hour that occurs twice count.</summary>
    public required bool Recurring { get; init; }

    /// <summary>The fields as written, for the explanation in words.</summary>
    public required IReadOnlyList<string> Fields { get; init; }

    /// <summary>False for a date that no year has, such as 30 February.</summary>
    public bool Occurs(DateOnly from) => NextDate(from, from.AddYears(YearsAhead)) is not null;

    /// <summary>
    /// The first occurrence after <paramref name="after"/> (or at it, when <paramref name="inclusive"/>), with the zone's offset; null when there is none.
    /// Local times that a clock change skips become its first moment; of local times that occur twice only the first counts unless the expression is <see cref="Recurring"/>.
    /// </summary>
    public DateTimeOffset? Next(DateTimeOffset after, ZoneStretches zone, bool inclusive = false)
    {
        var cursor = after.UtcDateTime;
        if (!inclusive)
        {
            cursor = cursor.AddTicks(1);
        }

        var horizon = DateOnly.FromDateTime(cursor).AddYears(YearsAhead);
        var stretch = zone.At(cursor);
        while (true)
        {
            var fromLocal = CeilingToMinute(cursor + stretch.Offset);
            if (!Recurring && stretch.RepeatsUntil > fromLocal)
            {
                fromLocal = stretch.RepeatsUntil;
            }

            if (NextLocal(fromLocal, stretch.End + stretch.Offset) is { } local)
            {
                return new DateTimeOffset(local, stretch.Offset);
            }

            if (NextDate(DateOnly.FromDateTime(stretch.End + stretch.Offset).AddDays(-1), horizon) is not { } date)
            {
                return null;
            }

            // Far-away dates are reached without a look at the clock changes in between.
            var near = date.AddDays(-3).ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc);
            if (near > stretch.End)
            {
                cursor = near;
                stretch = zone.At(cursor);
                continue;
            }

            var next = zone.At(stretch.End);
            if (next.Offset > stretch.Offset && NextLocal(stretch.End + stretch.Offset, next.Start + next.Offset) is not null)
            {
                return new DateTimeOffset(next.Start).ToOffset(next.Offset);
            }

            cursor = next.Start;
            stretch = next;
        }
    }

    private DateTime? NextLocal(DateTime from, DateTime end)
    {
        if (from >= end)
        {
            return null;
        }

        var last = DateOnly.FromDateTime(end.AddTicks(-1));
        var first = DateOnly.FromDateTime(from);
        for (var date = NextDate(first, last); date is { } day; date = NextDate(day.AddDays(1), last))
        {
            var minute = day == first ? (from.Hour * 60) + from.Minute : 0;
            if (NextMinute(minute) is { } found)
            {
                var local = day.ToDateTime(TimeOnly.MinValue, DateTimeKind.Unspecified).AddMinutes(found);
                return local < end ? local : null;
            }
        }

        return null;
    }

    private int? NextMinute(int minuteOfDay)
    {
        var hour = minuteOfDay / 60;
        if ((Hours >> hour & 1) != 0)
        {
            var minutes = Minutes >> (minuteOfDay % 60);
            if (minutes != 0)
            {
                return minuteOfDay + BitOperations.TrailingZeroCount(minutes);
            }
        }

        var hours = hour == 23 ? 0 : Hours >> (hour + 1);
        return hours == 0 ? null : ((hour + 1 + BitOperations.TrailingZeroCount(hours)) * 60) + BitOperations.TrailingZeroCount(Minutes);
    }

    private DateOnly? NextDate(DateOnly from, DateOnly last)
    {
        for (var date = from; date <= last;)
        {
            if ((Months >> date.Month & 1) == 0)
            {
                date = new DateOnly(date.Year, date.Month, 1).AddMonths(1);
                continue;
            }

            if (Matches(date))
            {
                return date;
            }

            date = date.AddDays(1);
        }

        return null;
    }

    private bool Matches(DateOnly date) => DayOfMonth.Restricted && DayOfWeek.Restricted
        ? DayOfMonth.Matches(date) || DayOfWeek.Matches(date)
        : DayOfMonth.Matches(date) && DayOfWeek.Matches(date);

    private static DateTime CeilingToMinute(DateTime local)
    {
        local = DateTime.SpecifyKind(local, DateTimeKind.Unspecified);
        var over = local.Ticks % TimeSpan.TicksPerMinute;
        return over == 0 ? local : local.AddTicks(TimeSpan.TicksPerMinute - over);
    }
}

/// <summary>The third field: days as bits 1 to 31, or a day counted from the month's end, either of them moved to the nearest weekday of the month.</summary>
internal sealed record DayOfMonthRule(uint Days, int? BeforeLast, bool NearestWeekday, bool Restricted)
{
    public bool Matches(DateOnly date)
    {
        var length = DateTime.DaysInMonth(date.Year, date.Month);
        if (BeforeLast is null && !NearestWeekday)
        {
            return (Days >> date.Day & 1) != 0;
        }

        var day = BeforeLast is { } before ? length - before : BitOperations.TrailingZeroCount(Days);
        return day >= 1 && day <= length && date.Day == (NearestWeekday ? NearestWeekdayTo(date, day, length) : day);
    }

    // Never leaves the month: Saturday the 1st becomes Monday the 3rd, a last day that is a Sunday the Friday before.
    private static int NearestWeekdayTo(DateOnly date, int day, int length) => new DateOnly(date.Year, date.Month, day).DayOfWeek switch
    {
        System.DayOfWeek.Saturday => day == 1 ? 3 : day - 1,
        System.DayOfWeek.Sunday => day == length ? day - 2 : day + 1,
        _ => day,
    };
}

/// <summary>The fifth field: days as bits 0 (Sunday) to 6, and which one of the month when <c>#</c> (1 to 5) or <c>L</c> (last) is given.</summary>
internal sealed record DayOfWeekRule(uint Days, int? Nth, bool Last, bool Restricted)
{
    public bool Matches(DateOnly date) => (Days >> (int)date.DayOfWeek & 1) != 0
        && (Nth is null || (date.Day - 1) / 7 == Nth - 1)
        && (!Last || date.Day + 7 > DateTime.DaysInMonth(date.Year, date.Month));
}
