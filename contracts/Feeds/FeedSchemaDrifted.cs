namespace Platform.Contracts.Feeds;

/// <summary>Event: files of a load have other columns or types than the feed (F12). Published with the load's end.</summary>
public sealed record FeedSchemaDrifted
{
    /// <summary>The feed (<c>df-…</c>).</summary>
    public required string FeedId { get; init; }

    /// <summary>Name of the domain table.</summary>
    public required string DomainTable { get; init; }

    /// <summary>The load (<c>ld-…</c>).</summary>
    public required string LoadId { get; init; }

    /// <summary>The courier run it belongs to; null for a load without a run.</summary>
    public string? RunId { get; init; }

    /// <summary>What differs.</summary>
    public required IReadOnlyList<DriftedColumn> Columns { get; init; }
}

/// <summary>A column of a file that differs from the feed.</summary>
public sealed record DriftedColumn
{
    /// <summary>The file it was found in first.</summary>
    public required string File { get; init; }

    /// <summary>Its name in the file.</summary>
    public required string Column { get; init; }

    /// <summary>Its type in the file's own words.</summary>
    public required string FileType { get; init; }

    /// <summary><c>ignored</c>, <c>added</c>, <c>failed</c>, or <c>kept</c> when the type differs and the field stays as it is.</summary>
    public required string Action { get; init; }

    /// <summary>What it means and what can be done.</summary>
    public required string Explanation { get; init; }
}
