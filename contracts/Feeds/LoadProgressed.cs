namespace Platform.Contracts.Feeds;

/// <summary>Event: how far a running load is. Sent about once a second, may be lost, decides nothing.</summary>
public sealed record LoadProgressed
{
    /// <summary>The load (<c>ld-…</c>).</summary>
    public required string LoadId { get; init; }

    /// <summary>The courier run it belongs to; null for the load of a sample.</summary>
    public string? RunId { get; init; }

    /// <summary><c>reading</c>, <c>merging</c>, <c>committing</c>, or <c>held</c> while a person must decide.</summary>
    public required string Phase { get; init; }

    /// <summary>Rows read so far.</summary>
    public required long RowsRead { get; init; }
}
