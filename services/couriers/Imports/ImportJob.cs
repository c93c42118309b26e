using Platform.Contracts.Scheduler;

namespace Platform.Couriers.Imports;

/// <summary>Where an import job is in its life.</summary>
internal enum ImportJobState
{
    /// <summary>A run is under way, or will come by the schedule.</summary>
    Active,

    /// <summary>It was to run once, and has.</summary>
    Completed,

    /// <summary>It was to run once, and that run failed.</summary>
    Failed,

    /// <summary>It looks for no further files until it is resumed.</summary>
    Stopped,
}

/// <summary>Which kind of files an import job takes.</summary>
internal enum ImportFormat
{
    /// <summary>Delimited text.</summary>
    Csv,

    /// <summary>JSON: an array, an object, or one behind the other.</summary>
    Json,
}

/// <summary>
/// An import of files in S3 into one feed (R13): a courier with a feed, the schedule that runs it, and how far its files were taken. The work is the courier's; this row only says when, and from which file on.
/// </summary>
internal sealed class ImportJob
{
    /// <summary>Name of this service at the scheduler.</summary>
    public const string Owner = "couriers";

    /// <summary><c>ij-…</c></summary>
    public required string Id { get; init; }

    public required string Name { get; set; }

    /// <summary>The job as it was sent (<see cref="ImportJobInput"/>), as JSON.</summary>
    public required string Definition { get; set; }

    /// <summary>The courier that does the work; it belongs to the job.</summary>
    public required string CourierId { get; init; }

    /// <summary>The feed it loads into; it stays when the job goes.</summary>
    public required string FeedId { get; set; }

    /// <summary>Domain table of the feed.</summary>
    public required string DomainTable { get; set; }

    /// <summary>Which files it takes, for people.</summary>
    public required string Pattern { get; set; }

    public required ImportFormat Format { get; set; }

    public bool KeepUpdated { get; set; }

    public ScheduleFrequency? Frequency { get; set; }

    public TimeOnly? TimeOfDay { get; set; }

    public string? TimeZone { get; set; }

    public bool Diff { get; set; }

    public ImportJobState State { get; set; }

    /// <summary>Why it is in its state, for people.</summary>
    public string? Message { get; set; }

    /// <summary>Time of the file with which a sequence begins.</summary>
    public DateTimeOffset? FilesFrom { get; set; }

    /// <summary>Time of the last file of a sequence that was imported.</summary>
    public DateTimeOffset? SequenceReached { get; set; }

    /// <summary>Files imported so far.</summary>
    public int FilesImported { get; set; }

    /// <summary>Counts the schedules: what is due under an older one is not meant any more.</summary>
    public int Generation { get; set; }

    /// <summary>The occasion of the schedule that the present run serves.</summary>
    public DateTimeOffset? Slot { get; set; }

    /// <summary>The newest run that the job began.</summary>
    public string? RunId { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; set; }

    public required string UpdatedBy { get; set; }

    /// <summary>Id of the present schedule. Each beginning has one of its own, so that messages that overtake each other cannot undo it.</summary>
    public string ScheduleId => $"{Id}/{Generation}";

    /// <summary>The job that a schedule is of, and its generation.</summary>
    public static (string JobId, string Generation)? OfSchedule(string scheduleId) => scheduleId.Split('/') is [var id, var generation] ? (id, generation) : null;
}
