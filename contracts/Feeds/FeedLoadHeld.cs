namespace Platform.Contracts.Feeds;

/// <summary>
/// Event: a truncate would leave the table empty or much smaller, and waits until a person approves or rejects it (F8). The table is as it was; later loads of the feed wait too.
/// <see cref="FeedLoaded"/> or <see cref="FeedLoadFailed"/> follows.
/// </summary>
public sealed record FeedLoadHeld
{
    /// <summary>The load (<c>ld-…</c>).</summary>
    public required string LoadId { get; init; }

    /// <summary>The courier run it belongs to; null for a load without a run.</summary>
    public string? RunId { get; init; }

    /// <summary>The feed (<c>df-…</c>).</summary>
    public required string FeedId { get; init; }

    /// <summary>Name of the domain table.</summary>
    public required string DomainTable { get; init; }

    /// <summary>Rows of the table now.</summary>
    public required long TableRows { get; init; }

    /// <summary>Rows it would have afterwards.</summary>
    public required long RowsAfter { get; init; }

    /// <summary>What was found, what is allowed, and how to decide.</summary>
    public required string Reason { get; init; }
}
