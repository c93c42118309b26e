namespace Platform.Contracts.Scheduler;

/// <summary>
/// Event: a courier group's run reached its end, with all its couriers as a unit (S2). Downstream work starts from this event and no earlier: when <see cref="State"/> is
/// <see cref="GroupRunState.Succeeded"/> and as far as <see cref="RunType"/> allows.
/// </summary>
public sealed record GroupRunEnded
{
    /// <summary>The run (<c>gr-…</c>).</summary>
    public required string GroupRunId { get; init; }

    /// <summary>Its group (<c>cg-…</c>).</summary>
    public required string GroupId { get; init; }

    /// <summary>Succeeded, failed, skipped or cancelled.</summary>
    public required GroupRunState State { get; init; }

    /// <summary>How far the run reaches.</summary>
    public required GroupRunType RunType { get; init; }

    /// <summary>True when the run succeeded and derived data may be refreshed: run types full and refresh.</summary>
    public required bool RefreshDownstream { get; init; }

    /// <summary>True when the run succeeded and partners may be sent to: run type full.</summary>
    public required bool SendDownstream { get; init; }

    /// <summary>Why it ran.</summary>
    public required GroupRunTrigger Trigger { get; init; }

    /// <summary>The time it was due, UTC; of a run by hand the time it was asked for.</summary>
    public required DateTimeOffset Slot { get; init; }

    /// <summary>What a person reads, for example <c>Completed in 5 minutes 12 seconds</c>.</summary>
    public required string Message { get; init; }

    /// <summary>The couriers of the run.</summary>
    public required IReadOnlyList<EndedCourier> Couriers { get; init; }

    /// <summary>When the first courier was started, UTC; null when none was.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset EndedAt { get; init; }
}

/// <summary>What became of one courier in a group's run.</summary>
public sealed record EndedCourier
{
    /// <summary>The courier (<c>cr-…</c>).</summary>
    public required string CourierId { get; init; }

    /// <summary>Its last run in this group run (<c>run-…</c>); null when it was never started.</summary>
    public string? RunId { get; init; }

    /// <summary>True when it completed.</summary>
    public required bool Succeeded { get; init; }

    /// <summary>False when the group's success did not depend on it.</summary>
    public required bool Required { get; init; }

    /// <summary>True when a load of it waits for a person's decision and the group went on without it, by its policy: it has not completed. Null otherwise.</summary>
    public bool? Held { get; init; }
}
