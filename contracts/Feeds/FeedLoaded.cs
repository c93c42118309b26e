namespace Platform.Contracts.Feeds;

/// <summary>Event: a load is committed; readers of the domain table see it (F8).</summary>
public sealed record FeedLoaded
{
    /// <summary>The load (<c>ld-…</c>).</summary>
    public required string LoadId { get; init; }

    /// <summary>The courier run it belongs to; null for the load of a sample.</summary>
    public string? RunId { get; init; }

    /// <summary>The feed (<c>df-…</c>).</summary>
    public required string FeedId { get; init; }

    /// <summary>Name of the domain table, for example <c>Optimizely:Events</c>.</summary>
    public required string DomainTable { get; init; }

    /// <summary>Files that were loaded.</summary>
    public required int Files { get; init; }

    /// <summary>Where the rows went.</summary>
    public required RowCounts Rows { get; init; }

    /// <summary>How the load was done, for example <c>merge</c> or <c>swap</c>.</summary>
    public required string Strategy { get; init; }

    /// <summary>When it was committed, UTC.</summary>
    public required DateTimeOffset CommittedAt { get; init; }
}
