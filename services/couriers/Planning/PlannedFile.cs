using Platform.Couriers.Definitions;
using Platform.Files.Locations;

namespace Platform.Couriers.Planning;

/// <summary>A file of the source that the run covers.</summary>
internal sealed record PlannedFile(Entity Entity, FileEntry Entry, DateOnly? FileDate, IReadOnlyDictionary<string, string> Partitions)
{
    /// <summary>Place among the files of one day where the source counts its deliveries or stamps them with a time; 0 elsewhere.</summary>
    public long Sequence { get; init; }
}

/// <summary>What a run covers, in load order, what was passed over, and what is missing.</summary>
internal sealed record RunPlan
{
    public required IReadOnlyList<PlannedFile> Files { get; init; }

    /// <summary>Files of a sequence that are stamped earlier than the last one that was taken: not part of the run.</summary>
    public IReadOnlyList<PlannedFile> Late { get; init; } = [];

    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Required files and ready markers that are not there, at most 100: patterns with their date filled in.</summary>
    public required IReadOnlyList<string> Missing { get; init; }

    /// <summary>Why the run cannot go on, with the remedy; null when it can.</summary>
    public string? Problem { get; init; }
}
