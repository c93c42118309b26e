using System.Text.Json;
using System.Text.Json.Serialization;

namespace Platform.OptimizelyBrevo.Optimizely;

// The members of Optimizely's REST v2 schemas that are used; names follow by the snake-case policy.

internal sealed record OptimizelyProject(long Id, string Name, string? Status, string? Platform, long? AccountId);

internal sealed record OptimizelyVariation(long VariationId, string? Key, string? Name, string? Status);

internal sealed record OptimizelyExperiment(
    long Id, long ProjectId, string? Key, string? Name, string? Status, string? Type, string? FeatureKey, DateTimeOffset? Earliest, DateTimeOffset? Latest, DateTimeOffset? LastModified,
    IReadOnlyList<OptimizelyVariation>? Variations);

internal sealed record OptimizelyFeature(long Id, long ProjectId, string Key, string? Name, string? Description, bool? Archived, JsonElement? Environments, JsonElement? Variables);

internal sealed record OptimizelyAudience(long Id, long ProjectId, string? Name, string? Description, bool? Archived, string? Conditions);

internal sealed record OptimizelyEvent(long Id, long ProjectId, string? Key, string? Name, string? EventType, bool? Archived);

internal sealed record OptimizelyError(string? Code, string? Message, string? Uuid);

/// <summary>What the results endpoint says (200, 202, 204).</summary>
internal enum ResultsState
{
    Ready,
    Computing,
    NoData,
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, NumberHandling = JsonNumberHandling.AllowReadingFromString)]
[JsonSerializable(typeof(List<OptimizelyProject>))]
[JsonSerializable(typeof(List<OptimizelyExperiment>))]
[JsonSerializable(typeof(List<OptimizelyFeature>))]
[JsonSerializable(typeof(List<OptimizelyAudience>))]
[JsonSerializable(typeof(List<OptimizelyEvent>))]
[JsonSerializable(typeof(OptimizelyError))]
[JsonSerializable(typeof(EventBatch))]
internal sealed partial class OptimizelyJson : JsonSerializerContext;
