using Platform.Scheduler.Cron;

namespace Platform.Scheduler.Runs;

/// <summary>
/// Which files a courier's run asks for (S3, S5): the window from slot minus offset through the slot, whose newest file satisfies, and before it every day since the group's last run.
/// </summary>
internal sealed record FileWindow(DateOnly FirstDay, DateOnly LastDay, DateTimeOffset AcceptFrom, DateTimeOffset AcceptThrough)
{
    /// <summary>A group that rested for years does not ask for every day of them.</summary>
    private const int MostDays = 366;

    /// <param name="slot">When the run was due, or asked for.</param>
    /// <param name="offset">Whole days are taken off the wall clock of <paramref name="groupZone"/>, so that a day of 23 or 25 hours is a day; the rest off real time.</param>
    /// <param name="groupZone">The group's zone.</param>
    /// <param name="fileZone">The zone file dates are understood in.</param>
    /// <param name="coveredThrough">The last day an earlier run looked at; null before the first and for groups that look at the past day only.</param>
    public static FileWindow For(DateTimeOffset slot, TimeSpan offset, ZoneStretches groupZone, ZoneStretches fileZone, DateOnly? coveredThrough)
    {
        var daysEarlier = offset.Days == 0 ? slot : groupZone.InstantOf(groupZone.ToLocal(slot).DateTime.AddDays(-offset.Days));
        var from = daysEarlier - (offset - TimeSpan.FromDays(offset.Days));
        var last = fileZone.DateOf(slot);
        var first = fileZone.DateOf(from);
        if (coveredThrough is { } covered && covered.AddDays(1) < first)
        {
            var earliest = last.AddDays(1 - MostDays);
            first = covered.AddDays(1) > earliest ? covered.AddDays(1) : earliest;
        }

        return new(first, last, from, slot);
    }

    /// <summary>The window of a run asked for by day: the offset reaches back from the start of the last day, for it holds for runs by hand too. Days before the window need their files each.</summary>
    public static FileWindow OfDays(DateOnly first, DateOnly last, TimeSpan offset, ZoneStretches fileZone)
    {
        var from = fileZone.InstantOf(last.ToDateTime(TimeOnly.MinValue) - offset);
        var earliest = fileZone.DateOf(from);
        return new(first < earliest ? first : earliest, last, from, EndOf(last, fileZone));
    }

    // The last microsecond, which is the finest the database keeps.
    private static DateTimeOffset EndOf(DateOnly day, ZoneStretches zone) => zone.InstantOf(day.AddDays(1).ToDateTime(TimeOnly.MinValue)) - TimeSpan.FromMicroseconds(1);
}
