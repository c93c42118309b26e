using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;

namespace Platform.Contracts.Couriers;

/// <summary>Event: a courier run reached its end, well or badly (R10).</summary>
public sealed record CourierRunEnded
{
    /// <summary>The run (<c>run-…</c>).</summary>
    public required string RunId { get; init; }

    /// <summary>Its courier (<c>cr-…</c>).</summary>
    public required string CourierId { get; init; }

    /// <summary>Succeeded, failed or cancelled.</summary>
    public required RunState State { get; init; }

    /// <summary>Why it failed; null when it did not.</summary>
    public FailureCategory? Failure { get; init; }

    /// <summary>What a person reads, for example <c>Completed in 5 minutes 12 seconds</c>.</summary>
    public required string Message { get; init; }

    /// <summary>Files the run covered.</summary>
    public required int Files { get; init; }

    /// <summary>Sum over the loads of the run.</summary>
    public required RowCounts Rows { get; init; }

    /// <summary>True when nothing downstream may follow.</summary>
    public bool IngestOnly { get; init; }

    /// <summary>
    /// Required files that were not at the source, as patterns with their date filled in, and ready markers that were awaited; at most 100. Null or empty when none was missing. A run that
    /// failed only because of them names them here, so that whoever waits for late files can tell it from other failures.
    /// </summary>
    public IReadOnlyList<string>? MissingFiles { get; init; }

    /// <summary>When the run was asked for, UTC.</summary>
    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>When it ended, UTC.</summary>
    public required DateTimeOffset EndedAt { get; init; }
}
