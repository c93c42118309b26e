using Platform.Contracts.Scheduler;
using Platform.Couriers.Patterns;

namespace Platform.Couriers.Imports;

/// <summary>An import job that was read and found to make sense by itself; whether bucket, file, columns and stream are there is not known yet.</summary>
internal sealed record ImportPlan
{
    public required ImportJobInput Input { get; init; }

    public required ImportFormat Format { get; init; }

    /// <summary>With the closing slash; empty for the top of the bucket.</summary>
    public required string Folder { get; init; }

    /// <summary>The chosen file's key; null when a prefix or folder was chosen.</summary>
    public required string? File { get; init; }

    /// <summary>Prefix of a sequence with its folder, as <c>object/file-prefix</c>; null for one file, or all of a folder.</summary>
    public string? SequencePrefix { get; init; }

    /// <summary>What stands behind the timestamp.</summary>
    public string? Ending { get; init; }

    /// <summary>The files that are meant.</summary>
    public required FilePattern Pattern { get; init; }

    /// <summary>Time of the chosen file, with which the sequence begins.</summary>
    public DateTimeOffset? FilesFrom { get; init; }

    public ScheduleFrequency? Frequency { get; init; }

    public TimeOnly? TimeOfDay { get; init; }

    /// <summary>Columns to be imported; empty for all.</summary>
    public required IReadOnlyList<string> Fields { get; init; }

    /// <summary>Columns of the key; empty for events.</summary>
    public required IReadOnlyList<string> Key { get; init; }

    /// <summary>What the feed is found by: its id, or source and name.</summary>
    public required (string? Id, string Source, string Name) Stream { get; init; }
}
