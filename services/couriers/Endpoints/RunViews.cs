using System.Globalization;
using Platform.Contracts.Couriers;
using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;
using Platform.Couriers.Runs;

namespace Platform.Couriers.Endpoints;

/// <summary>Which run is wanted.</summary>
internal sealed record RunInput
{
    /// <summary><c>day</c>, <c>period</c> or <c>all</c>.</summary>
    public RunMode? Mode { get; init; }

    /// <summary>The day, with mode <c>day</c>.</summary>
    public DateOnly? Date { get; init; }

    /// <summary>First day of a period, inclusive.</summary>
    public DateOnly? Start { get; init; }

    /// <summary>Day after the last of a period: the end is exclusive.</summary>
    public DateOnly? End { get; init; }

    /// <summary>How much older than the day (or the period's last day) files may be dated, for example <c>24 hours</c>: of that window the newest file satisfies, and all that were not loaded yet are loaded.</summary>
    public string? Offset { get; init; }

    /// <summary>How long to look again for required files that are not there yet, for example <c>2 hours</c>. Default: not at all.</summary>
    public string? Wait { get; init; }

    /// <summary>IANA name of the zone the days and file dates are in, for example <c>Europe/Berlin</c>; UTC when left out.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Load, but let nothing downstream follow.</summary>
    public bool IngestOnly { get; init; }

    /// <summary>Pass a missing required file over instead of failing.</summary>
    public bool SkipMissingFiles { get; init; }

    /// <summary>Pull objects again even when they are unchanged.</summary>
    public bool Force { get; init; }

    /// <summary>Percent of bad rows this run's loads may have, 0 to 100, instead of what each feed allows (1 by default).</summary>
    public decimal? ErrorThresholdPercent { get; init; }
}

/// <summary>What a restarted run does differently.</summary>
internal sealed record RestartInput
{
    /// <summary>Percent of bad rows the run's loads may have from here on, 0 to 100; left out, as before.</summary>
    public decimal? ErrorThresholdPercent { get; init; }
}

/// <summary>How far a run is.</summary>
/// <param name="Phase"><c>plan</c>, <c>land</c>, <c>load</c> or <c>finish</c>.</param>
/// <param name="Files">Files in the landing store, pulled or already there.</param>
/// <param name="FilesTotal">Files the run covers; 0 until it is planned.</param>
/// <param name="Bytes">Bytes of them in the landing store.</param>
/// <param name="BytesTotal">Bytes of all of them.</param>
/// <param name="RowsRead">Rows the feeds have read so far.</param>
/// <param name="Percent">0 to 100: landing counts half, loading the other half.</param>
internal sealed record RunProgressView(RunPhase Phase, int Files, int FilesTotal, long Bytes, long BytesTotal, long RowsRead, int Percent);

/// <summary>The files of a run, counted; <c>GET …/files</c> lists them.</summary>
/// <param name="Total">Files the run covers.</param>
/// <param name="Pulled">Of these, pulled by this run.</param>
/// <param name="Unchanged">Of these, already in the landing store.</param>
internal sealed record RunFileCounts(int Total, int Pulled, int Unchanged);

/// <summary>Why something failed.</summary>
internal sealed record FailureView(FailureCategory Category, string Reason);

/// <summary>The load of a run's files into one feed.</summary>
internal sealed record RunLoadView
{
    /// <summary><c>ld-…</c>; <c>GET /api/loads/{id}</c> has the details.</summary>
    public required string LoadId { get; init; }

    public required string FeedId { get; init; }

    public required IReadOnlyList<string> Tags { get; init; }

    public required bool Truncate { get; init; }

    /// <summary><c>pending</c>, <c>held</c> until a person decides, <c>loaded</c>, <c>failed</c> or <c>cancelled</c>.</summary>
    public required RunLoadState State { get; init; }

    /// <summary>What the feed is doing at present.</summary>
    public string? Step { get; init; }

    /// <summary>While it is held: what was found, what is allowed, and how to decide.</summary>
    public string? HeldReason { get; init; }

    public string? DomainTable { get; init; }

    /// <summary>How it was loaded.</summary>
    public string? Strategy { get; init; }

    public required RowCounts Rows { get; init; }

    public FailureView? Failure { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public static RunLoadView Of(RunLoad load) => new()
    {
        LoadId = load.Id,
        FeedId = load.FeedId,
        Tags = load.Tags,
        Truncate = load.Truncate,
        State = load.State,
        Step = load.Step,
        HeldReason = load.State == RunLoadState.Held ? load.Reason : null,
        DomainTable = load.DomainTable,
        Strategy = load.Strategy,
        Rows = load.Rows,
        Failure = load.Failure is { } failure ? new(failure, load.Reason ?? "") : null,
        EndedAt = load.EndedAt,
    };
}

/// <summary>A run of a courier.</summary>
internal sealed record RunView
{
    public required string Id { get; init; }

    public required string CourierId { get; init; }

    public required string CourierName { get; init; }

    public required RunMode Mode { get; init; }

    public DateOnly? Date { get; init; }

    public DateOnly? Start { get; init; }

    public DateOnly? End { get; init; }

    /// <summary>File dates from here through <c>acceptThrough</c> are accepted, and the newest satisfies; absent when every day needs its files.</summary>
    public DateTimeOffset? AcceptFrom { get; init; }

    public DateTimeOffset? AcceptThrough { get; init; }

    /// <summary>The zone of days and file dates; UTC when absent.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Until when missing files are looked for again.</summary>
    public DateTimeOffset? WaitUntil { get; init; }

    /// <summary>While it waits for late files: when it looks next.</summary>
    public DateTimeOffset? NextLookAt { get; init; }

    /// <summary>Required files that are missing, or without which it went on.</summary>
    public IReadOnlyList<string>? MissingFiles { get; init; }

    /// <summary>The courier group's run it is part of: <c>GET /api/group-runs/{id}</c>.</summary>
    public string? GroupRunId { get; init; }

    public required bool IngestOnly { get; init; }

    public required bool SkipMissingFiles { get; init; }

    public required bool Force { get; init; }

    /// <summary>Percent of bad rows the run's loads may have; each feed's own threshold when absent.</summary>
    public decimal? ErrorThresholdPercent { get; init; }

    /// <summary><c>queued</c>, <c>running</c>, <c>succeeded</c>, <c>failed</c> or <c>cancelled</c>.</summary>
    public required RunState State { get; init; }

    /// <summary><c>plan</c>, <c>land</c>, <c>load</c> or <c>finish</c>; of a failed run, the step that failed.</summary>
    public required RunPhase Phase { get; init; }

    public required RunProgressView Progress { get; init; }

    public required RunFileCounts Files { get; init; }

    /// <summary>Newest load of each feed last.</summary>
    public required IReadOnlyList<RunLoadView> Loads { get; init; }

    /// <summary>Sum over the loads: read = inserted + updated + unchanged + superseded + rejected.</summary>
    public required RowCounts Rows { get; init; }

    /// <summary>For people: <c>Completed in 5 minutes 12 seconds</c>, why it failed, or what it waits for.</summary>
    public string? Message { get; init; }

    public FailureView? Failure { get; init; }

    /// <summary>What was passed over.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Name of the API key or service that asked.</summary>
    public required string RequestedBy { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When the first byte of a file arrived.</summary>
    public DateTimeOffset? FirstByteAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public DateTimeOffset? CancelRequestedAt { get; init; }

    public static RunView Of(CourierRun run, IReadOnlyList<RunLoad> loads)
    {
        var current = loads.GroupBy(load => load.FeedId).Select(feed => feed.Last()).OrderBy(load => load.LoadNo).ToArray();
        return new()
        {
            Id = run.Id,
            CourierId = run.CourierId,
            CourierName = run.CourierName,
            Mode = run.Mode,
            Date = run.Date,
            Start = run.PeriodStart,
            End = run.PeriodEnd,
            AcceptFrom = run.AcceptFrom,
            AcceptThrough = run.AcceptThrough,
            TimeZone = run.FileTimeZone,
            WaitUntil = run.WaitUntil,
            NextLookAt = run.WaitsForFiles ? run.NotBefore : null,
            MissingFiles = run.MissingFiles.Count == 0 ? null : run.MissingFiles,
            GroupRunId = run.GroupRunId,
            IngestOnly = run.IngestOnly,
            SkipMissingFiles = run.SkipMissingFiles,
            Force = run.Force,
            ErrorThresholdPercent = run.ErrorThresholdPercent,
            State = run.State,
            Phase = run.Phase,
            Progress = new(run.Phase, run.FilesDone, run.FilesTotal, run.BytesDone, run.BytesTotal, current.Sum(load => load.RowsRead), Percent(run, current)),
            Files = new(run.FilesTotal, run.FilesPulled, run.FilesDone - run.FilesPulled),
            Loads = [.. current.Select(RunLoadView.Of)],
            Rows = current.Select(load => load.Rows).Sum(),
            Message = run.Message ?? Waiting(run, current),
            Failure = run.Failure is { } failure ? new(failure, run.Reason ?? "") : null,
            Warnings = run.Warnings,
            RequestedBy = run.RequestedBy,
            RequestedAt = run.RequestedAt,
            StartedAt = run.StartedAt,
            FirstByteAt = run.FirstByteAt,
            EndedAt = run.EndedAt,
            CancelRequestedAt = run.CancelRequestedAt,
        };
    }

    // Every run ends or says why it waits.
    private static string? Waiting(CourierRun run, IReadOnlyList<RunLoad> loads) => run switch
    {
        { WaitsForFiles: true } => string.Create(CultureInfo.InvariantCulture,
            $"Waits until {run.WaitUntil:yyyy-MM-dd HH:mm:ss} UTC for late files: {string.Join(", ", run.MissingFiles.Take(3))}{(run.MissingFiles.Count > 3 ? $" and {run.MissingFiles.Count - 3} more" : "")}; looks again at {run.NotBefore:HH:mm:ss}"),
        { State: RunState.Queued } => "Waits for a worker, or for another run of the courier to end",
        { State: RunState.Running, CancelRequestedAt: not null } => "Is being cancelled",
        { State: RunState.Running, Waiting: true } when loads.FirstOrDefault(load => load.State == RunLoadState.Held) is { } held => $"Held, a person must decide: {held.Reason}",
        { State: RunState.Running, Waiting: true } => $"Waits for {loads.Count(load => load.IsOpen)} of {loads.Count} loads",
        _ => null,
    };

    private static int Percent(CourierRun run, IReadOnlyList<RunLoad> loads)
    {
        if (run.State == RunState.Succeeded)
        {
            return 100;
        }

        var landed = run.Phase switch
        {
            RunPhase.Plan => 0,
            RunPhase.Land => run.BytesTotal == 0 ? 0 : (double)run.BytesDone / run.BytesTotal,
            _ => 1,
        };
        var loaded = loads.Count == 0 ? 0 : (double)loads.Count(load => load.State == RunLoadState.Loaded) / loads.Count;
        return (int)Math.Floor((landed + loaded) * 50);
    }
}

/// <summary>A file of a run.</summary>
internal sealed record RunFileView
{
    /// <summary>Place in load order, from 1.</summary>
    public required int Order { get; init; }

    /// <summary>The landed file; absent until it has landed.</summary>
    public string? FileId { get; init; }

    public required string Tag { get; init; }

    public required string Key { get; init; }

    public required long Size { get; init; }

    public string? ETag { get; init; }

    public DateOnly? FileDate { get; init; }

    /// <summary><c>planned</c>, <c>pulled</c> by this run, or <c>unchanged</c> since an earlier one.</summary>
    public required string State { get; init; }

    public static RunFileView Of(RunFile file) => new()
    {
        Order = file.FileNo,
        FileId = file.FileId,
        Tag = file.Tag,
        Key = file.Key,
        Size = file.Size,
        ETag = file.ETag,
        FileDate = file.FileDate,
        State = file.FileId is null ? "planned" : file.Pulled ? "pulled" : "unchanged",
    };

    public static string Cursor(RunFileView file) => file.Order.ToString(CultureInfo.InvariantCulture);
}
