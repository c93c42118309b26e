using Platform.Contracts.Failures;
using Platform.Feeds.Couriers;
using Platform.Files.Engine;

namespace Platform.Feeds.Persistence;

/// <summary>State of a load. The last three are final.</summary>
public enum LoadState
{
    /// <summary>Waits for its turn.</summary>
    Queued,

    /// <summary>Held by a worker.</summary>
    Running,

    /// <summary>A truncate that would cost the table too many rows waits for approval.</summary>
    Held,

    /// <summary>Committed.</summary>
    Loaded,

    /// <summary>Ended with a reason; the table is as it was.</summary>
    Failed,

    /// <summary>Ended on request; the table is as it was.</summary>
    Cancelled,
}

/// <summary>One load: files of a run, or a sample, into one feed's table, atomically. Also the row workers lease.</summary>
internal sealed class Load
{
    public required string Id { get; init; }

    /// <summary>Given when the row is made, under the feed's row lock: loads of a feed apply strictly in this order. It is the <c>_load_id</c> of the table's rows.</summary>
    public long LoadSeq { get; init; }

    public required string FeedId { get; init; }

    /// <summary>Null for the load of a sample.</summary>
    public string? RunId { get; init; }

    public string? CourierId { get; init; }

    /// <summary>The landed file to load when there is no run.</summary>
    public string? SampleFileId { get; init; }

    public bool Truncate { get; init; }

    /// <summary>The truncate may cost the table any number of rows: a person approved it, or asked for it outright.</summary>
    public bool TruncateApproved { get; set; }

    /// <summary>Percent of bad rows allowed for this load instead of the feed's.</summary>
    public decimal? ErrorThresholdPercent { get; init; }

    /// <summary>How the files' columns differ from the feed's fields (F12).</summary>
    public List<DriftNote> Drift { get; set; } = [];

    public required List<string> Tags { get; init; }

    public LoadState State { get; set; }

    /// <summary><c>waiting</c>, <c>reading</c>, <c>merging</c>, <c>committing</c>, or <c>done</c>.</summary>
    public string Phase { get; set; } = "waiting";

    /// <summary>Counts the claims.</summary>
    public int Attempt { get; set; }

    /// <summary>Counts the attempts that ended with the environment's fault.</summary>
    public int Failures { get; set; }

    public DateTimeOffset? NextAttemptAt { get; set; }

    public string? LeaseOwner { get; set; }

    public DateTimeOffset? LeaseUntil { get; set; }

    public string? TraceParent { get; init; }

    /// <summary><c>merge</c> or <c>swap</c>.</summary>
    public string? Strategy { get; set; }

    /// <summary>Why that strategy.</summary>
    public string? StrategyReason { get; set; }

    public FailureCategory? Failure { get; set; }

    /// <summary>Why it failed, or why it is being tried again.</summary>
    public string? Reason { get; set; }

    /// <summary>Version of the definition it was loaded with.</summary>
    public int? FeedVersion { get; set; }

    /// <summary>True when the file list is complete, and so the same at every attempt.</summary>
    public bool FilesListed { get; set; }

    public int Files { get; set; }

    public long Read { get; set; }

    public long Inserted { get; set; }

    public long Updated { get; set; }

    public long Unchanged { get; set; }

    public long Superseded { get; set; }

    public long Rejected { get; set; }

    /// <summary>Stored rows that a truncate removed and no file brought back. Not part of the balance: they were not read.</summary>
    public long Removed { get; set; }

    /// <summary>Rows of the table after the load.</summary>
    public long? TableRows { get; set; }

    /// <summary>Seconds per step, in the order the steps ran.</summary>
    public Dictionary<string, double> Seconds { get; set; } = [];

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }
}

/// <summary>A file of a load. Its number is the <c>_file_id</c> of the table's rows, and ascends in load order.</summary>
internal sealed class LoadFile
{
    public long FileNo { get; init; }

    public required string LoadId { get; init; }

    /// <summary>Id of the landed file (<c>lf-…</c>).</summary>
    public required string FileId { get; init; }

    public required string Source { get; init; }

    public required string FileName { get; init; }

    public required string Location { get; init; }

    public required string Tag { get; init; }

    public required string ContentType { get; init; }

    public long Size { get; init; }

    public DateOnly? FileDate { get; init; }

    public required Dictionary<string, string> Partitions { get; init; }

    /// <summary>How the file is written, as far as is known.</summary>
    public FileSettings Settings { get; init; } = FileSettings.Inferred;

    /// <summary>The file before this one, when only what changed since is loaded (R13).</summary>
    public PreviousFile? Previous { get; init; }

    public long? Read { get; init; }

    public long? Rejected { get; init; }

    /// <summary>Rows that <see cref="Previous"/> has too: they were passed over and are not among <see cref="Read"/>.</summary>
    public long? Known { get; init; }

    /// <summary>Columns of the file that the feed does not know (F12).</summary>
    public List<string> UnknownColumns { get; init; } = [];
}

/// <summary>One bad value of a rejected row (F9). The counts of a load are never capped, these rows are.</summary>
internal sealed class RejectedValue
{
    public long Id { get; init; }

    public required string LoadId { get; init; }

    public long FileNo { get; init; }

    public long RowNo { get; init; }

    public required string Field { get; init; }

    public string? Value { get; init; }

    public required string Reason { get; init; }
}

/// <summary>A load that is to be given up, perhaps before its command arrives: messages may be re-ordered.</summary>
internal sealed class LoadCancellation
{
    public required string LoadId { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }
}

/// <summary>One difference between a file's columns and the feed's fields, and what was done about it.</summary>
/// <param name="File">The file it was found in first.</param>
/// <param name="Column">The column, as the file spells it.</param>
/// <param name="FileType">Its type in the file's own words.</param>
/// <param name="Action">ignored, added, failed or kept.</param>
/// <param name="Explanation">What it means and what can be done.</param>
public sealed record DriftNote(string File, string Column, string FileType, string Action, string Explanation);

/// <summary>Rows kept for a while, then swept: a partition that a swap replaced, or the rows a merge changed, as they were.</summary>
internal sealed class DetachedPartition
{
    /// <summary>Its table in the schema <c>domain_parts</c>.</summary>
    public required string Name { get; init; }

    public required string FeedId { get; init; }

    /// <summary>The load that replaced or changed the rows.</summary>
    public required string LoadId { get; init; }

    /// <summary><c>partition</c> or <c>before-images</c>.</summary>
    public required string Kind { get; init; }

    public required DateTimeOffset DetachedAt { get; init; }
}
