using Platform.Contracts.Scheduler;

namespace Platform.Scheduler.Groups;

/// <summary>Everything of a group that is looked at only as a whole; stored as one JSON document.</summary>
internal sealed record GroupSettings
{
    public required IReadOnlyList<GroupCourier> Couriers { get; init; }

    public required IReadOnlyList<GroupConstraint> Constraints { get; init; }

    /// <summary>Default of the couriers that have none of their own.</summary>
    public required TimeSpan Wait { get; init; }

    /// <summary>Default of the couriers that have none of their own.</summary>
    public required TimeSpan Offset { get; init; }

    /// <summary>Default of the couriers that have none of their own.</summary>
    public required WhenMissing WhenMissing { get; init; }

    public WhenHeld WhenHeld { get; init; }

    public required FileDates FileDates { get; init; }

    /// <summary>Only the days within the offset, however long ago the last run was.</summary>
    public required bool OnlyPastDay { get; init; }

    public required OverlapPolicy Overlap { get; init; }

    public required CatchUpPolicy CatchUp { get; init; }

    public ServiceLevel? Sla { get; init; }

    public required GroupRunType RunType { get; init; }

    public required GroupAlerts Alerts { get; init; }
}

/// <summary>A courier of a group; null means the group's value.</summary>
internal sealed record GroupCourier(string CourierId, bool Required, TimeSpan? Wait, TimeSpan? Offset, WhenMissing? WhenMissing);

/// <summary>
/// Another group, a run of which must have succeeded on the same day before this one starts (S4). Without a wait it is waited for until that day ends; an offset reaches back before the
/// day's beginning.
/// </summary>
internal sealed record GroupConstraint(string GroupId, TimeSpan? Wait, TimeSpan? Offset);

/// <summary>What is agreed about a run's end (S6): at most so long, or finished by that local time.</summary>
internal sealed record ServiceLevel(TimeSpan? MaxDuration, TimeOnly? FinishBy);

/// <summary>Which events go to which alert channels.</summary>
internal sealed record GroupAlerts(IReadOnlyList<string> Channels, IReadOnlyList<AlertEvent> On);

/// <summary>What happens when a required file has not come when the wait time is over.</summary>
internal enum WhenMissing
{
    /// <summary>The group stops: its run fails, its other couriers are cancelled.</summary>
    Stop,

    /// <summary>The courier goes on without the file, and says so in an alert.</summary>
    Alert,
}

/// <summary>What happens when the load of a courier is held, because it would empty or much shrink its table (F8).</summary>
internal enum WhenHeld
{
    /// <summary>The run waits until a person has approved or rejected the load.</summary>
    Wait,

    /// <summary>The run goes on without the courier, which does not count as completed.</summary>
    GoOn,
}

/// <summary>The zone in which the dates of files are understood.</summary>
internal enum FileDates
{
    Utc,

    /// <summary>The group's own time zone.</summary>
    GroupZone,
}

/// <summary>What happens when a group is due while an earlier run of it has not ended.</summary>
internal enum OverlapPolicy
{
    /// <summary>The new run is skipped.</summary>
    Skip,

    /// <summary>The new run waits for the earlier one.</summary>
    Queue,

    /// <summary>The earlier run is cancelled.</summary>
    CancelPrevious,
}

/// <summary>What a person may want to hear of at once.</summary>
internal enum AlertEvent
{
    /// <summary>A run failed.</summary>
    Failed,

    /// <summary>Files did not come and the run went on without them.</summary>
    Missing,

    /// <summary>A run broke its service level.</summary>
    Overdue,

    /// <summary>A load waits for a person's decision.</summary>
    Held,

    /// <summary>A run was skipped.</summary>
    Skipped,

    /// <summary>A run was cancelled.</summary>
    Cancelled,

    /// <summary>A run succeeded.</summary>
    Succeeded,
}
