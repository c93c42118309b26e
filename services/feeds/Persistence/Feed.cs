using Platform.Feeds.Definitions;

namespace Platform.Feeds.Persistence;

/// <summary>A feed with its draft and, once activated, its active definition.</summary>
internal sealed class Feed
{
    public required string Id { get; init; }

    public required string Source { get; set; }

    public required string Name { get; set; }

    /// <summary><c>Source:Name</c>, and the table of that name in the schema <c>domain</c>.</summary>
    public required string DomainTable { get; set; }

    public required FeedDefinition Draft { get; set; }

    /// <summary>Null before the first activation.</summary>
    public FeedDefinition? Active { get; set; }

    /// <summary>Fields of the active definition without a column of their own.</summary>
    public List<string> Beyond { get; set; } = [];

    /// <summary>Counts the activations.</summary>
    public int Version { get; set; }

    /// <summary>The landed file the draft was inferred from.</summary>
    public string? SampleFileId { get; set; }

    /// <summary>Rows of the domain table; kept by the commits that change them.</summary>
    public long TableRows { get; set; }

    /// <summary>The domain table as the active definition made it; null before the first activation.</summary>
    public Tables.DomainTable? Table => Active is null ? null : new(Id, DomainTable, Active, Beyond);

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; set; }

    public DateTimeOffset? ActivatedAt { get; set; }

    /// <summary>Set while the feed takes no loads; its table stays.</summary>
    public DateTimeOffset? DeactivatedAt { get; set; }
}
