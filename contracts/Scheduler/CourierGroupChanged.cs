namespace Platform.Contracts.Scheduler;

/// <summary>Event: a courier group was created, changed, enabled, disabled or deleted (S1).</summary>
public sealed record CourierGroupChanged
{
    /// <summary>The group (<c>cg-…</c>).</summary>
    public required string GroupId { get; init; }

    /// <summary>Counts the changes from 1.</summary>
    public required int Version { get; init; }

    /// <summary>True when it runs by its schedule.</summary>
    public required bool Enabled { get; init; }

    /// <summary>True when it is gone.</summary>
    public bool Deleted { get; init; }
}
