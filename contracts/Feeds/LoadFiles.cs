namespace Platform.Contracts.Feeds;

/// <summary>
/// Command: load the landed files of a run into a feed's domain table (R9, F8), as one atomic load. Handled once per <see cref="LoadId"/>.
/// The files are not listed here: the feeds service asks the couriers service for the run's files with these tags.
/// </summary>
[Command]
public sealed record LoadFiles
{
    /// <summary>Id of the load (<c>ld-…</c>): the exactly-once key.</summary>
    public required string LoadId { get; init; }

    /// <summary>The courier run whose files are loaded.</summary>
    public required string RunId { get; init; }

    /// <summary>Its courier.</summary>
    public required string CourierId { get; init; }

    /// <summary>The feed to load into (<c>df-…</c>).</summary>
    public required string FeedId { get; init; }

    /// <summary>Replace the table's rows instead of merging into them; takes effect in the same commit as the load.</summary>
    public bool Truncate { get; init; }

    /// <summary>Percent of bad rows allowed for this load instead of the feed's own threshold (F9), 0 to 100; null keeps the feed's.</summary>
    public decimal? ErrorThresholdPercent { get; init; }

    /// <summary>File tags to load, in the order of the courier's load operations.</summary>
    public required IReadOnlyList<string> Tags { get; init; }
}
