namespace Platform.Contracts.Couriers;

/// <summary>Command: end a courier run that is queued or running (R10). Answered, as every end, by <see cref="CourierRunEnded"/>; a run that has ended, or that is unknown, changes nothing.</summary>
[Command]
public sealed record CancelCourierRun
{
    /// <summary>The run (<c>run-…</c>).</summary>
    public required string RunId { get; init; }

    /// <summary>Who asked: a person by way of a courier group, or a group's policy.</summary>
    public required string RequestedBy { get; init; }
}
