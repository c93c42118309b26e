using Platform.Contracts.Campaigns;

namespace Platform.Campaigns.Dispatches;

/// <summary>What happens when rows have problems.</summary>
internal enum InvalidRows
{
    /// <summary>Nothing is sent until all are mended.</summary>
    Refuse,

    /// <summary>They are left out, and listed.</summary>
    Skip,
}

/// <summary>One selection of recipients that goes to the partner as one file (L3, L4).</summary>
internal sealed class Dispatch
{
    public required string Id { get; init; }

    public required string ConnectionId { get; init; }

    public required string ListId { get; init; }

    public required int ListVersion { get; init; }

    public required long SourceMailingId { get; init; }

    public long? WaveId { get; init; }

    public bool Test { get; init; }

    /// <summary>The dispatch whose soft bounces this one writes to again.</summary>
    public string? OriginId { get; init; }

    /// <summary>SQL over domain tables that selects the recipients; null when they came with a request or from the origin.</summary>
    public string? Query { get; init; }

    public InvalidRows InvalidRows { get; init; }

    public DispatchState State { get; set; }

    public string? Message { get; set; }

    /// <summary>A person gave the word to send: once valid, it goes.</summary>
    public bool SendRequested { get; set; }

    public DateTimeOffset? ScheduledAt { get; set; }

    /// <summary>The stamp of its files, <c>YYYYMMDDHHMMSS</c>; given when the upload begins and kept.</summary>
    public string? Stamp { get; set; }

    public long RowsRead { get; set; }

    public long RowsWritten { get; set; }

    /// <summary>Rows with at least one problem.</summary>
    public long RowsInvalid { get; set; }

    /// <summary>The first of the problems.</summary>
    public IReadOnlyList<RowProblem> Problems { get; set; } = [];

    public IReadOnlyList<string> Warnings { get; set; } = [];

    /// <summary>The mailing the partner made, from its log file, or from the responses.</summary>
    public long? MailingId { get; set; }

    /// <summary>No log file named the mailing: it was found by client, start time and addresses among the responses.</summary>
    public bool MailingMatched { get; set; }

    /// <summary>Faults of the environment met since the last word to send.</summary>
    public int Faults { get; set; }

    public DateTimeOffset? NotBefore { get; set; }

    public int Attempt { get; set; }

    public string? LeaseOwner { get; set; }

    public DateTimeOffset? LeaseUntil { get; set; }

    public string? TraceParent { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required string CreatedBy { get; init; }

    public DateTimeOffset? UploadedAt { get; set; }

    public required DateTimeOffset ChangedAt { get; set; }
}

/// <summary>One thing wrong with one row. Never quotes a value: recipients are people.</summary>
/// <param name="Row">Number of the row at its source, from 1; a header row does not count.</param>
/// <param name="Field">The field; null when it is the row as a whole.</param>
/// <param name="Problem">What is wrong, with what is expected.</param>
internal sealed record RowProblem(long Row, string? Field, string Problem);

internal enum DispatchFileKind
{
    Products,
    Recommendations,
    Subscribers,
}

/// <summary>How far a file is on its way. <see cref="Renaming"/> is recorded before the rename: from then on a missing temporary name means that it has happened.</summary>
internal enum DispatchFileState
{
    Prepared,
    Uploading,
    Renaming,
    Uploaded,
}

/// <summary>A file of a dispatch. The subscribers file goes last: it is what starts the mailing.</summary>
internal sealed class DispatchFile
{
    public required string DispatchId { get; init; }

    public required DispatchFileKind Kind { get; init; }

    public DispatchFileState State { get; set; }

    public required long Size { get; set; }

    public required string Sha256 { get; set; }

    /// <summary>Full path on the server; null before the upload begins.</summary>
    public string? Path { get; set; }

    public string? TemporaryPath { get; set; }
}

/// <summary>A state a dispatch was in, for its history.</summary>
internal sealed class DispatchEvent
{
    public long No { get; init; }

    public required string DispatchId { get; init; }

    public required DispatchState State { get; init; }

    public string? Message { get; init; }

    public required DateTimeOffset At { get; init; }
}
