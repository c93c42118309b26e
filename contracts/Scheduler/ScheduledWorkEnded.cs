namespace Platform.Contracts.Scheduler;

/// <summary>
/// Command: the work of a <see cref="ScheduleDue"/> ended, well or badly. Needed only for schedules with a frequency and no time of day: their next run is due one interval after this.
/// One that is not told of within a day is taken to have ended when that day was over.
/// </summary>
[Command]
public sealed record ScheduledWorkEnded
{
    /// <summary>As registered.</summary>
    public required string ScheduleId { get; init; }

    /// <summary>As registered.</summary>
    public required string Owner { get; init; }

    /// <summary>The slot of the <see cref="ScheduleDue"/>; an earlier one changes nothing.</summary>
    public required DateTimeOffset Slot { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset EndedAt { get; init; }
}
