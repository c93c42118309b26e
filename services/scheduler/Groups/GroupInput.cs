using Platform.Contracts.Scheduler;

namespace Platform.Scheduler.Groups;

/// <summary>A courier group as it is sent to the API.</summary>
internal sealed record GroupInput
{
    /// <summary>Unique among the groups.</summary>
    public string? Name { get; init; }

    public string? Description { get; init; }

    /// <summary>Five crontab fields such as `30 8 * * *`, or `@daily` and its like. Without it the group runs by hand only.</summary>
    public string? Cron { get; init; }

    /// <summary>IANA name of the zone the schedule is in, for example `Europe/Berlin`; `UTC` when left out.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Only an enabled group runs by its schedule; a disabled one can still be run by hand.</summary>
    public GroupStatus? Status { get; init; }

    public IReadOnlyList<GroupCourierInput?>? Couriers { get; init; }

    public IReadOnlyList<GroupConstraintInput?>? Constraints { get; init; }

    /// <summary>How long to wait for late files, for example `2 hours`. Default: not at all.</summary>
    public string? Wait { get; init; }

    /// <summary>How much older than the due time files may be dated, for example `24 hours` (the default) or `1 week`.</summary>
    public string? Offset { get; init; }

    /// <summary>What happens when files have not come after the wait: `stop` (default) or `alert` and go on.</summary>
    public WhenMissing? WhenMissing { get; init; }

    /// <summary>When the load of a courier is held, because it would empty or much shrink its table: `wait` (default) for the decision, or `goOn` without the courier.</summary>
    public WhenHeld? WhenHeld { get; init; }

    /// <summary>The zone of the dates in file names: `utc` (default) or `groupZone`.</summary>
    public FileDates? FileDates { get; init; }

    /// <summary>A group that runs less than daily looks at every day since its last run, unless this is true.</summary>
    public bool? OnlyPastDay { get; init; }

    /// <summary>When due while an earlier run is on: `skip` (default), `queue` or `cancelPrevious`.</summary>
    public OverlapPolicy? Overlap { get; init; }

    /// <summary>Due times that passed while no scheduler ran: `one` run (default), `all` or `none`.</summary>
    public CatchUpPolicy? CatchUp { get; init; }

    public ServiceLevelInput? Sla { get; init; }

    /// <summary>`full` (default), `refresh` or `source`: how far downstream work goes after the run.</summary>
    public GroupRunType? RunType { get; init; }

    public GroupAlertsInput? Alerts { get; init; }
}

/// <summary>Enabled or disabled.</summary>
internal enum GroupStatus
{
    Disabled,

    Enabled,
}

/// <summary>A courier of a group; what is left out is as the group says.</summary>
internal sealed record GroupCourierInput(string? CourierId, bool? Required, string? Wait, string? Offset, WhenMissing? WhenMissing);

/// <summary>Another group whose run of the same day must succeed first. Waits until the day's end unless `wait` says otherwise; `offset` also accepts runs from before the day.</summary>
internal sealed record GroupConstraintInput(string? GroupId, string? Wait, string? Offset);

/// <summary>Alert when a run takes longer than `maxDuration` (for example `2 hours`), or has not finished by the local time `finishBy` (for example `09:00`).</summary>
internal sealed record ServiceLevelInput(string? MaxDuration, TimeOnly? FinishBy);

/// <summary>Which events (default: failed, missing, overdue, held) go to which alert channels.</summary>
internal sealed record GroupAlertsInput(IReadOnlyList<string>? Channels, IReadOnlyList<AlertEvent>? On);
