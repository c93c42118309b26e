namespace Platform.Contracts.Feeds;

/// <summary>Event: a feed's draft became its active definition; its domain table exists (F7).</summary>
public sealed record FeedActivated
{
    /// <summary>The feed (<c>df-…</c>).</summary>
    public required string FeedId { get; init; }

    /// <summary>Version of the definition, counted from 1.</summary>
    public required int Version { get; init; }

    /// <summary>Name of the domain table, for example <c>Heap:Users</c>.</summary>
    public required string DomainTable { get; init; }
}
