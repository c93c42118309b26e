using System.Text.Json;
using Platform.Contracts.Couriers;
using Platform.Couriers.Sources;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Couriers.Definitions;

/// <summary>The parts of a courier that depend on each other, as they were sent.</summary>
internal sealed record WrittenDefinition
{
    public string? SourceType { get; init; }

    public JsonElement? Settings { get; init; }

    public JsonElement? Entities { get; init; }

    public JsonElement? LoadOperations { get; init; }
}

/// <summary>The same, understood.</summary>
internal sealed record CourierDefinition(ISourceType SourceType, JsonElement Settings, IReadOnlyList<Entity> Entities, IReadOnlyList<FeedLoad> Loads);

/// <summary>Reads a courier's definition and reports every problem and warning at once (R2).</summary>
internal sealed class DefinitionReader(AddressGuard guard)
{
    /// <summary>The definition, or null when <paramref name="findings"/> has problems.</summary>
    public CourierDefinition? Read(WrittenDefinition written, Findings findings)
    {
        var type = ReadSourceType(written.SourceType, findings);
        var before = findings.Problems.Count;
        var entities = EntitiesReader.Read(written.Entities, "$.entities", findings);
        var entitiesAreGood = findings.Problems.Count == before;
        var loads = LoadOperationsReader.Read(written.LoadOperations, "$.loadOperations", findings);
        if (written.Settings is not { ValueKind: JsonValueKind.Object } settings)
        {
            findings.Problem("$.settings", written.Settings is { } other && other.ValueKind != JsonValueKind.Null
                ? $"is {other.KindName()}; expected an object, for example {{ \"bucket\": \"my-bucket\" }}."
                : "is missing; expected an object, for example { \"bucket\": \"my-bucket\" }.");
            return null;
        }

        type?.Check(settings, entities, "$.settings", guard, findings);
        if (type is null || findings.Problems.Count > 0)
        {
            return null;
        }

        if (entitiesAreGood)
        {
            WarnOfUnknownTags(type, settings, entities, loads, findings);
        }

        return new(type, settings, entities, loads);
    }

    private static ISourceType? ReadSourceType(string? name, Findings findings)
    {
        var known = string.Join(", ", SourceTypes.All.Select(type => type.Name));
        if (string.IsNullOrWhiteSpace(name))
        {
            findings.Problem("$.sourceType", $"is missing; expected one of {known}.");
            return null;
        }

        var type = SourceTypes.Find(name);
        if (type is null)
        {
            findings.Problem("$.sourceType", $"is '{name}'; expected one of {known}.");
        }

        return type;
    }

    private static void WarnOfUnknownTags(ISourceType type, JsonElement settings, IReadOnlyList<Entity> entities, IReadOnlyList<FeedLoad> loads, Findings findings)
    {
        var tags = type.Layout(settings, entities, RunMode.All).Entities.Select(entity => entity.Tag).Distinct().ToArray();
        foreach (var load in loads)
        {
            foreach (var tag in load.Tags.Where(tag => !tags.Contains(tag, StringComparer.Ordinal)))
            {
                findings.Warning(Findings.Member("$.loadOperations", load.FeedId), $"loads the file tag '{tag}', which no entity lands; landed are {string.Join(", ", tags)}.");
            }
        }
    }
}
