using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;

namespace Platform.Couriers.Runs;

internal enum RunLoadState
{
    /// <summary>Published; the feeds service has not answered yet.</summary>
    Pending,

    /// <summary>A truncate that costs too much waits for a person's decision (F8); the table is as it was.</summary>
    Held,

    /// <summary>Committed.</summary>
    Loaded,

    /// <summary>Ended without changing the table.</summary>
    Failed,

    /// <summary>Given up on request.</summary>
    Cancelled,
}

/// <summary>The load of a run's files into one feed, as far as the courier knows it; the feeds service does the work.</summary>
internal sealed class RunLoad
{
    /// <summary><c>ld-…</c>, the exactly-once key of the load.</summary>
    public required string Id { get; init; }

    public required string RunId { get; init; }

    public required string FeedId { get; init; }

    /// <summary>Place among the run's loads, from 1; a later load of the same feed replaces a failed one.</summary>
    public required int LoadNo { get; init; }

    public bool Truncate { get; init; }

    public required List<string> Tags { get; init; }

    public RunLoadState State { get; set; }

    public string? DomainTable { get; set; }

    public string? Strategy { get; set; }

    public FailureCategory? Failure { get; set; }

    public string? Reason { get; set; }

    /// <summary><c>reading</c>, <c>merging</c> or <c>committing</c> while it runs.</summary>
    public string? Step { get; set; }

    public long RowsRead { get; set; }

    public long RowsInserted { get; set; }

    public long RowsUpdated { get; set; }

    public long RowsUnchanged { get; set; }

    public long RowsSuperseded { get; set; }

    public long RowsRejected { get; set; }

    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>Since when it is, or last was, held.</summary>
    public DateTimeOffset? HeldAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>The feeds service has not told its end yet.</summary>
    public bool IsOpen => State is RunLoadState.Pending or RunLoadState.Held;

    public RowCounts Rows
    {
        get => new() { Read = RowsRead, Inserted = RowsInserted, Updated = RowsUpdated, Unchanged = RowsUnchanged, Superseded = RowsSuperseded, Rejected = RowsRejected };
        set => (RowsRead, RowsInserted, RowsUpdated, RowsUnchanged, RowsSuperseded, RowsRejected) =
            (value.Read, value.Inserted, value.Updated, value.Unchanged, value.Superseded, value.Rejected);
    }
}
