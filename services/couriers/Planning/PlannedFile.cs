using Platform.Couriers.Definitions;
using Platform.Files.Locations;

namespace Platform.Couriers.Planning;

/// <summary>A file of the source that the run covers.</summary>
internal sealed record PlannedFile(Entity Entity, FileEntry Entry, DateOnly? FileDate, IReadOnlyDictionary<string, string> Partitions);

/// <summary>What a run covers, in load order, and what was passed over.</summary>
internal sealed record RunPlan(IReadOnlyList<PlannedFile> Files, IReadOnlyList<string> Warnings);
