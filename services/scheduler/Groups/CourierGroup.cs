using Platform.Scheduler.Cron;

namespace Platform.Scheduler.Groups;

/// <summary>
/// One or more couriers that run as a unit (S1, S2). The group's row is the lock of everything that happens to its runs: whoever changes one holds the row first.
/// </summary>
internal sealed class CourierGroup
{
    public required string Id { get; init; }

    public required string Name { get; set; }

    public string? Description { get; set; }

    /// <summary>Null: only ad hoc runs.</summary>
    public string? Cron { get; set; }

    public required string TimeZone { get; set; }

    public required bool Enabled { get; set; }

    public required GroupSettings Settings { get; set; }

    /// <summary>Counts the changes from 1.</summary>
    public required int Version { get; set; }

    /// <summary>The time the schedule is due next; null when it is disabled.</summary>
    public DateTimeOffset? NextSlot { get; set; }

    /// <summary>When a worker must look at the group next: its next slot, or something of its runs.</summary>
    public DateTimeOffset? DueAt { get; set; }

    /// <summary>The last day whose files a run looked for.</summary>
    public DateOnly? CoveredThrough { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; set; }

    /// <summary>Set when the group is gone; its history stays readable.</summary>
    public DateTimeOffset? DeletedAt { get; set; }

    public ZoneStretches Zone => ZoneStretches.Find(TimeZone);

    /// <summary>The zone that file dates are understood in.</summary>
    public ZoneStretches FileZone => Settings.FileDates == FileDates.GroupZone ? Zone : ZoneStretches.Utc;

    /// <summary>The first due time after <paramref name="after"/>.</summary>
    public DateTimeOffset? SlotAfter(DateTimeOffset after) => Schedule?.Next(after, Zone);

    /// <summary>What makes two due times of the group the same: for fixed times the local time, so that an hour which occurs twice is one slot whatever the zone database says later.</summary>
    public string SlotKey(DateTimeOffset slot)
    {
        var local = Zone.ToLocal(slot);
        return local.ToString(Schedule is { Recurring: false } ? "yyyy-MM-ddTHH:mm" : "yyyy-MM-ddTHH:mmzzz", System.Globalization.CultureInfo.InvariantCulture);
    }

    private CronExpression? Schedule => Cron is null ? null
        : CronParser.Parse(Cron, out var problem) ?? throw new InvalidOperationException($"The stored schedule of group {Id} cannot be read: {problem}");
}
