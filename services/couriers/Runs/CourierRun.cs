using Platform.Contracts.Couriers;
using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;
using Platform.ServiceDefaults;

namespace Platform.Couriers.Runs;

/// <summary>The steps of a run, in order.</summary>
internal enum RunPhase
{
    /// <summary>Lists the source and decides which files the run covers.</summary>
    Plan,

    /// <summary>Pulls the files into the landing store.</summary>
    Land,

    /// <summary>Has the feeds load them.</summary>
    Load,

    /// <summary>Everything is done that will be done.</summary>
    Finish,
}

/// <summary>One run of a courier (R10). The row is the truth: workers hold it by a lease, and what it says survives them.</summary>
internal sealed class CourierRun
{
    /// <summary><c>run-…</c></summary>
    public required string Id { get; init; }

    public required string CourierId { get; init; }

    /// <summary>Name of the courier when the run was asked for; the courier may be renamed or deleted.</summary>
    public required string CourierName { get; init; }

    public required RunMode Mode { get; init; }

    public DateOnly? Date { get; init; }

    public DateOnly? PeriodStart { get; init; }

    public DateOnly? PeriodEnd { get; init; }

    /// <summary>With <see cref="AcceptThrough"/>: the window of file dates of which the newest satisfies (S3); null when every day needs its files.</summary>
    public DateTimeOffset? AcceptFrom { get; init; }

    public DateTimeOffset? AcceptThrough { get; init; }

    /// <summary>IANA name of the zone that days and file dates are in; null is UTC.</summary>
    public string? FileTimeZone { get; init; }

    /// <summary>Until when missing files are looked for again.</summary>
    public DateTimeOffset? WaitUntil { get; init; }

    /// <summary>The courier group's run it is part of (<c>gr-…</c>).</summary>
    public string? GroupRunId { get; init; }

    public bool IngestOnly { get; init; }

    public bool SkipMissingFiles { get; init; }

    public bool Force { get; init; }

    /// <summary>Percent of bad rows its loads may have instead of what each feed allows (F9).</summary>
    public decimal? ErrorThresholdPercent { get; set; }

    /// <summary>Files that earlier runs have loaded, and that have not changed since, are left out; without any new file the run succeeds (R13). Windowed runs do so anyway.</summary>
    public bool NewFilesOnly { get; init; }

    /// <summary>Of each file only the rows are loaded that changed since the file before it (R13).</summary>
    public bool Diff { get; init; }

    /// <summary>Where a sequence of files begins: those that are stamped with an earlier time do not belong to it; null takes all.</summary>
    public DateTimeOffset? FilesFrom { get; init; }

    /// <summary>How far a sequence of files was taken: what comes late, stamped with an earlier time, is left out with a warning.</summary>
    public DateTimeOffset? SequenceReached { get; init; }

    public required string RequestedBy { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>W3C trace context of the call that asked for the run.</summary>
    public string? TraceParent { get; init; }

    public RunState State { get; set; }

    public RunPhase Phase { get; set; }

    /// <summary>Waits for feeds to answer; no worker holds the row.</summary>
    public bool Waiting { get; set; }

    public int Attempt { get; set; }

    public string? LeaseOwner { get; set; }

    public DateTimeOffset? LeaseUntil { get; set; }

    /// <summary>After a fault of the environment, or while files are missing that may still come: when to try again.</summary>
    public DateTimeOffset? NotBefore { get; set; }

    /// <summary>Faults of the environment in the present step.</summary>
    public int Faults { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? FirstByteAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    public DateTimeOffset? CancelRequestedAt { get; set; }

    public string? Message { get; set; }

    public FailureCategory? Failure { get; set; }

    public string? Reason { get; set; }

    /// <summary>What was passed over, for a person.</summary>
    public List<string> Warnings { get; set; } = [];

    /// <summary>Required files that were not there at the last look, at most 100: patterns with their date filled in, and ready markers.</summary>
    public List<string> MissingFiles { get; set; } = [];

    public int FilesTotal { get; set; }

    /// <summary>Files that lie in the landing store, pulled or already there.</summary>
    public int FilesDone { get; set; }

    /// <summary>Files that this run pulled.</summary>
    public int FilesPulled { get; set; }

    public long BytesTotal { get; set; }

    public long BytesDone { get; set; }

    public bool IsFinal => State is RunState.Succeeded or RunState.Failed or RunState.Cancelled;

    /// <summary>Waits in the queue for files that may still come; no worker is bound.</summary>
    public bool WaitsForFiles => State == RunState.Queued && NotBefore is not null && MissingFiles.Count > 0;

    /// <summary>Ends the run and tells what to publish. <paramref name="missing"/>: the files because of which alone it failed.</summary>
    public CourierRunEnded End(RunState state, FailureCategory? failure, string? reason, IEnumerable<RunLoad> loads, DateTimeOffset now, IReadOnlyList<string>? missing = null)
    {
        State = state;
        Phase = state == RunState.Succeeded ? RunPhase.Finish : Phase;
        Waiting = false;
        LeaseOwner = null;
        LeaseUntil = null;
        NotBefore = null;
        EndedAt = now;
        Failure = failure;
        Reason = reason;
        MissingFiles = state == RunState.Succeeded ? MissingFiles : [.. missing ?? []];
        Message = state switch
        {
            RunState.Succeeded => $"Completed in {Durations.Words(now - (StartedAt ?? RequestedAt))}",
            RunState.Cancelled => "Cancelled",
            _ => reason,
        };
        return new()
        {
            RunId = Id,
            CourierId = CourierId,
            State = state,
            Failure = failure,
            Message = Message ?? "",
            Files = FilesDone,
            Rows = loads.Select(load => load.Rows).Sum(),
            IngestOnly = IngestOnly,
            MissingFiles = MissingFiles.Count == 0 ? null : MissingFiles,
            RequestedAt = RequestedAt,
            EndedAt = now,
        };
    }

    /// <summary>Back into the queue at the step that failed; what has landed or loaded stays. <paramref name="errorThresholdPercent"/>: null leaves what the run has.</summary>
    public void Restart(decimal? errorThresholdPercent)
    {
        ErrorThresholdPercent = errorThresholdPercent ?? ErrorThresholdPercent;
        State = RunState.Queued;
        Phase = Phase is RunPhase.Plan or RunPhase.Land ? RunPhase.Plan : RunPhase.Load;
        Waiting = false;
        Attempt++;
        Faults = 0;
        NotBefore = null;
        StartedAt = null;
        EndedAt = null;
        CancelRequestedAt = null;
        Message = null;
        Failure = null;
        Reason = null;
        MissingFiles = [];
    }
}

internal static class RowCountsArithmetic
{
    public static RowCounts Sum(this IEnumerable<RowCounts> counts) => counts.Aggregate(new RowCounts(), (sum, next) => new()
    {
        Read = sum.Read + next.Read,
        Inserted = sum.Inserted + next.Inserted,
        Updated = sum.Updated + next.Updated,
        Unchanged = sum.Unchanged + next.Unchanged,
        Superseded = sum.Superseded + next.Superseded,
        Rejected = sum.Rejected + next.Rejected,
    });

    /// <summary>Every row has exactly one fate (X2).</summary>
    public static bool Balances(this RowCounts rows) => rows.Read == rows.Inserted + rows.Updated + rows.Unchanged + rows.Superseded + rows.Rejected;
}
