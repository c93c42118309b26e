using System.Text.Json;
using System.Text.Json.Serialization;

namespace Platform.OptimizelyBrevo.Decisions;

/// <summary>The parts of Optimizely's datafile that decisions and events need, as they are on the wire.</summary>
internal sealed record Datafile
{
    public JsonElement Version { get; init; }

    public string? Revision { get; init; }

    public string? AccountId { get; init; }

    public string? ProjectId { get; init; }

    public string? SdkKey { get; init; }

    public string? EnvironmentKey { get; init; }

    public string? Region { get; init; }

    public bool? AnonymizeIp { get; init; }

    public bool? BotFiltering { get; init; }

    public IReadOnlyList<DatafileExperiment>? Experiments { get; init; }

    public IReadOnlyList<DatafileGroup>? Groups { get; init; }

    public IReadOnlyList<DatafileRollout>? Rollouts { get; init; }

    public IReadOnlyList<DatafileFlag>? FeatureFlags { get; init; }

    public IReadOnlyList<DatafileExperiment>? Holdouts { get; init; }

    public IReadOnlyList<DatafileExperiment>? LocalHoldouts { get; init; }

    public IReadOnlyList<DatafileAudience>? Audiences { get; init; }

    public IReadOnlyList<DatafileAudience>? TypedAudiences { get; init; }

    public IReadOnlyList<DatafileEntity>? Attributes { get; init; }

    public IReadOnlyList<DatafileEntity>? Events { get; init; }
}

internal sealed record DatafileEntity(string Id = "", string Key = "");

internal sealed record DatafileAudience(string Id = "", string? Name = null, JsonElement Conditions = default);

internal sealed record DatafileGroup(string Id = "", string? Policy = null, IReadOnlyList<DatafileExperiment>? Experiments = null, IReadOnlyList<DatafileAllocation>? TrafficAllocation = null);

internal sealed record DatafileRollout(string Id = "", IReadOnlyList<DatafileExperiment>? Experiments = null);

internal sealed record DatafileAllocation(string? EntityId, double EndOfRange);

internal sealed record DatafileFlag(string? Id = null, string Key = "", string? RolloutId = null, IReadOnlyList<string>? ExperimentIds = null, IReadOnlyList<DatafileVariable>? Variables = null);

internal sealed record DatafileVariable(string Id = "", string Key = "", string Type = "", string? SubType = null, string? DefaultValue = null);

internal sealed record DatafileVariation(string Id = "", string Key = "", bool? FeatureEnabled = null, IReadOnlyList<DatafileVariableUse>? Variables = null);

internal sealed record DatafileVariableUse(string Id = "", string? Value = null);

/// <summary>An experiment, the rule of a rollout, or a holdout: they share their shape.</summary>
internal sealed record DatafileExperiment
{
    public required string Id { get; init; }

    public required string Key { get; init; }

    public string? Status { get; init; }

    public string? LayerId { get; init; }

    public string? Type { get; init; }

    public JsonElement Cmab { get; init; }

    public IReadOnlyList<string>? AudienceIds { get; init; }

    public JsonElement AudienceConditions { get; init; }

    public IReadOnlyDictionary<string, string>? ForcedVariations { get; init; }

    public IReadOnlyList<DatafileVariation>? Variations { get; init; }

    public IReadOnlyList<DatafileAllocation>? TrafficAllocation { get; init; }

    public IReadOnlyList<string>? IncludedRules { get; init; }

    public bool? ExcludeTargetedDeliveries { get; init; }
}

/// <summary>Ids that are numbers serve as well as texts: to the SDK both are names of an object's members.</summary>
internal sealed class NamesAsText : JsonConverter<string>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType == JsonTokenType.Number
        ? System.Text.Encoding.UTF8.GetString(reader.ValueSpan)
        : reader.GetString();

    public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetString()!;

    public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WritePropertyName(value);

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true, NumberHandling = JsonNumberHandling.AllowReadingFromString,
    RespectNullableAnnotations = true, Converters = [typeof(NamesAsText)])]
[JsonSerializable(typeof(Datafile))]
internal sealed partial class DatafileJson : JsonSerializerContext;
