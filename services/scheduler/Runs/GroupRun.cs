using Platform.Contracts.Scheduler;

namespace Platform.Scheduler.Runs;

/// <summary>One run of a group (S2). The pair of group and <see cref="SlotKey"/> is unique: that row, and no lock or clock, makes each slot run once (S7).</summary>
internal sealed class GroupRun
{
    public required string Id { get; init; }

    public required string GroupId { get; init; }

    /// <summary>As the group was called then.</summary>
    public required string GroupName { get; init; }

    public required string SlotKey { get; init; }

    public required DateTimeOffset Slot { get; init; }

    public required GroupRunTrigger Trigger { get; init; }

    public required GroupRunType RunType { get; init; }

    public required GroupRunState State { get; set; }

    public required string RequestedBy { get; init; }

    /// <summary>What a run by hand asked for besides; null for the schedule's.</summary>
    public RunRequest? Request { get; init; }

    /// <summary>Earlier slots that passed unused and that this run makes up for.</summary>
    public int Missed { get; init; }

    /// <summary>What happened last, in words.</summary>
    public required string Message { get; set; }

    public List<ConstraintCheck> Constraints { get; set; } = [];

    /// <summary>When a worker must look at the run next; null when only a message moves it.</summary>
    public DateTimeOffset? DueAt { get; set; }

    /// <summary>Null when there is none, or when it was told already.</summary>
    public DateTimeOffset? DurationDeadline { get; set; }

    /// <summary>Null when there is none, or when it was told already.</summary>
    public DateTimeOffset? FinishDeadline { get; set; }

    public bool Overdue { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    public string? TraceParent { get; init; }

    public List<RunCourierRow> Couriers { get; init; } = [];

    public bool IsActive => State is GroupRunState.Waiting or GroupRunState.Running;
}

/// <summary>What a person asks for when running a group by hand; all of it is optional.</summary>
internal sealed record RunRequest(DateOnly? Date, DateOnly? Start, DateOnly? End, bool Force, bool SkipMissingFiles);

/// <summary>A constraint as it applies to one run: satisfied by a run of that group with a slot in the window that succeeded, awaited until the deadline.</summary>
internal sealed record ConstraintCheck(string GroupId, DateTimeOffset From, DateTimeOffset Through, DateTimeOffset Deadline, string? MetBy);

/// <summary>A courier within a group's run.</summary>
internal sealed class RunCourierRow
{
    public required string GroupRunId { get; init; }

    public required string CourierId { get; init; }

    public required int Position { get; init; }

    public required bool Required { get; init; }

    public required Groups.WhenMissing WhenMissing { get; init; }

    public required TimeSpan Wait { get; init; }

    public required TimeSpan Offset { get; init; }

    public required CourierState State { get; set; }

    /// <summary>Its run at the couriers service; the last one when it was tried again for late files.</summary>
    public string? CourierRunId { get; set; }

    /// <summary>Runs started so far.</summary>
    public int Attempts { get; set; }

    /// <summary>The next run goes on without missing files.</summary>
    public bool GoesOnWithout { get; set; }

    /// <summary>Until when missing files are waited for.</summary>
    public DateTimeOffset? WaitUntil { get; set; }

    /// <summary>When to try again.</summary>
    public DateTimeOffset? NextTryAt { get; set; }

    public DateOnly? FirstDay { get; set; }

    public DateOnly? LastDay { get; set; }

    public DateTimeOffset? AcceptFrom { get; set; }

    /// <summary>Null in rows of runs that began before this was kept; then it is the slot.</summary>
    public DateTimeOffset? AcceptThrough { get; set; }

    public string? Message { get; set; }

    public IReadOnlyList<string>? MissingFiles { get; set; }

    public int Files { get; set; }

    public long RowsRead { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>The group's run no longer waits for it.</summary>
    public bool HasEnded => State is CourierState.Succeeded or CourierState.Held or CourierState.Failed or CourierState.Cancelled;
}

/// <summary>State of a courier within a group's run.</summary>
internal enum CourierState
{
    /// <summary>Not started yet.</summary>
    Pending,

    /// <summary>Its run is on.</summary>
    Running,

    /// <summary>Files are missing that may still come.</summary>
    WaitingForFiles,

    /// <summary>A load of its run waits for a person's decision, and the group goes on without it.</summary>
    Held,

    Succeeded,

    Failed,

    Cancelled,
}
