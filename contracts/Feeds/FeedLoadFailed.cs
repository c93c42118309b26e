using Platform.Contracts.Failures;

namespace Platform.Contracts.Feeds;

/// <summary>Event: a load ended without changing the table (F8, F9).</summary>
public sealed record FeedLoadFailed
{
    /// <summary>The load (<c>ld-…</c>).</summary>
    public required string LoadId { get; init; }

    /// <summary>The courier run it belongs to; null for the load of a sample.</summary>
    public string? RunId { get; init; }

    /// <summary>The feed (<c>df-…</c>).</summary>
    public required string FeedId { get; init; }

    /// <summary>What kind of failure.</summary>
    public required FailureCategory Failure { get; init; }

    /// <summary>Where, what was found, what was expected, and the remedy. Never a value of a row.</summary>
    public required string Reason { get; init; }

    /// <summary>Rows read and rejected before the end, as far as known.</summary>
    public required RowCounts Rows { get; init; }
}
