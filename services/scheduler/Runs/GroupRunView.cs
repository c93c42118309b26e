using Platform.Contracts.Scheduler;
using Platform.Scheduler.Groups;

namespace Platform.Scheduler.Runs;

/// <summary>A group's run as the API shows it.</summary>
internal sealed record GroupRunView
{
    public required string Id { get; init; }

    public required string GroupId { get; init; }

    /// <summary>As the group was called when the run was made.</summary>
    public required string GroupName { get; init; }

    public required GroupRunState State { get; init; }

    /// <summary>What happened last, in words; of a waiting run what it waits for.</summary>
    public required string Message { get; init; }

    public required GroupRunTrigger Trigger { get; init; }

    public required GroupRunType RunType { get; init; }

    /// <summary>When it was due, or asked for.</summary>
    public required DateTimeOffset Slot { get; init; }

    /// <summary>Earlier due times that were missed and that this run makes up for.</summary>
    public required int Missed { get; init; }

    public required string RequestedBy { get; init; }

    /// <summary>True when the service level was broken.</summary>
    public required bool Overdue { get; init; }

    public required IReadOnlyList<RunConstraintView> Constraints { get; init; }

    public required IReadOnlyList<RunCourierView> Couriers { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public static GroupRunView Of(GroupRun run) => new()
    {
        Id = run.Id,
        GroupId = run.GroupId,
        GroupName = run.GroupName,
        State = run.State,
        Message = run.Message,
        Trigger = run.Trigger,
        RunType = run.RunType,
        Slot = run.Slot,
        Missed = run.Missed,
        RequestedBy = run.RequestedBy,
        Overdue = run.Overdue,
        Constraints = [.. run.Constraints.Select(check => new RunConstraintView(check.GroupId, check.From, check.Through, check.Deadline, check.MetBy))],
        Couriers = [.. run.Couriers.OrderBy(courier => courier.Position).Select(RunCourierView.Of)],
        CreatedAt = run.CreatedAt,
        StartedAt = run.StartedAt,
        EndedAt = run.EndedAt,
    };
}

/// <summary>A constraint of a run: a run of that group with a slot from `from` to before `through` must succeed until `deadline`; `metBy` is the one that did.</summary>
internal sealed record RunConstraintView(string GroupId, DateTimeOffset From, DateTimeOffset Through, DateTimeOffset Deadline, string? MetBy);

/// <summary>A courier within a group's run.</summary>
internal sealed record RunCourierView
{
    public required string CourierId { get; init; }

    /// <summary>Its run: GET /api/courier-runs/{runId}. The last one, when it was tried again for late files.</summary>
    public string? RunId { get; init; }

    public required CourierState State { get; init; }

    public string? Message { get; init; }

    public required bool Required { get; init; }

    public required int Attempts { get; init; }

    /// <summary>First and last day whose files it looks for.</summary>
    public DateOnly? FirstDay { get; init; }

    public DateOnly? LastDay { get; init; }

    /// <summary>File dates from here through `acceptThrough` are accepted; the newest satisfies.</summary>
    public DateTimeOffset? AcceptFrom { get; init; }

    public DateTimeOffset? AcceptThrough { get; init; }

    public DateTimeOffset? WaitUntil { get; init; }

    public required WhenMissing WhenMissing { get; init; }

    public IReadOnlyList<string>? MissingFiles { get; init; }

    public required int Files { get; init; }

    public required long RowsRead { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public static RunCourierView Of(RunCourierRow courier) => new()
    {
        CourierId = courier.CourierId,
        RunId = courier.CourierRunId,
        State = courier.State,
        Message = courier.Message,
        Required = courier.Required,
        Attempts = courier.Attempts,
        FirstDay = courier.FirstDay,
        LastDay = courier.LastDay,
        AcceptFrom = courier.AcceptFrom,
        AcceptThrough = courier.AcceptThrough,
        WaitUntil = courier.WaitUntil,
        WhenMissing = courier.WhenMissing,
        MissingFiles = courier.MissingFiles,
        Files = courier.Files,
        RowsRead = courier.RowsRead,
        EndedAt = courier.EndedAt,
    };
}
