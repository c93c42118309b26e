using System.Text.Json;

namespace Platform.OptimizelyBrevo.Decisions;

/// <summary>A compiled datafile: every id resolved to an object, every audience to a tree. Immutable, shared by all threads.</summary>
internal sealed class Project
{
    /// <summary>SHA-256 of the datafile: another one may decide otherwise.</summary>
    public required string Sha256 { get; init; }

    public required string? Revision { get; init; }

    public required string? AccountId { get; init; }

    public required string? ProjectId { get; init; }

    public required string? SdkKey { get; init; }

    public required string? EnvironmentKey { get; init; }

    /// <summary>US or EU: where events are sent.</summary>
    public required string Region { get; init; }

    public required bool? AnonymizeIp { get; init; }

    public required bool? BotFiltering { get; init; }

    /// <summary>In the datafile's order.</summary>
    public required IReadOnlyList<Flag> Flags { get; init; }

    public required IReadOnlyDictionary<string, Flag> FlagsByKey { get; init; }

    /// <summary>Experiments by key, without the rules of rollouts.</summary>
    public required IReadOnlyDictionary<string, Experiment> ExperimentsByKey { get; init; }

    /// <summary>Experiments and rules by id; an event's <c>experiment_id</c> leads here.</summary>
    public required IReadOnlyDictionary<string, Experiment> ExperimentsById { get; init; }

    public required IReadOnlyDictionary<string, Variation> VariationsById { get; init; }

    /// <summary>Ids of attributes by key.</summary>
    public required IReadOnlyDictionary<string, string> AttributeIds { get; init; }

    /// <summary>Ids of events by key.</summary>
    public required IReadOnlyDictionary<string, string> EventIds { get; init; }

    /// <summary>Compiled audiences, for telling which of them a user is in.</summary>
    public required IReadOnlyList<Audience> Audiences { get; init; }

    /// <summary>Position of each attribute that some condition reads.</summary>
    public required IReadOnlyDictionary<string, int> Slots { get; init; }

    public required Experiment[] GlobalHoldouts { get; init; }
}

/// <summary>A named audience (the seed's "segments").</summary>
internal sealed record Audience(string Id, string Name, Condition Condition);

internal sealed class Variation(string id, string key, bool featureEnabled)
{
    public string Id { get; } = id;

    public string Key { get; } = key;

    public bool FeatureEnabled { get; } = featureEnabled;

    /// <summary>Values of variables that differ from their defaults, by variable id.</summary>
    public Dictionary<string, string?>? Variables { get; set; }
}

/// <summary>A share of the traffic: buckets below <see cref="End"/> that no earlier share took.</summary>
internal readonly record struct Allocation(int End, Variation? Variation);

/// <summary>An experiment, a rule of a rollout, or a holdout.</summary>
internal sealed class Experiment
{
    public required string Id { get; init; }

    public required string Key { get; init; }

    public required string? LayerId { get; init; }

    /// <summary>As the datafile says: ab, mab, cmab, td, fr; null in older ones.</summary>
    public required string? Type { get; init; }

    public required bool IsRolloutRule { get; init; }

    /// <summary>The prediction service decides, not the bucketing; there is no answer here.</summary>
    public required bool IsContextual { get; init; }

    public required bool ExcludesTargetedDeliveries { get; init; }

    /// <summary>UTF-8 of the id, appended to the bucketing id.</summary>
    public required byte[] IdBytes { get; init; }

    /// <summary>Null for everyone.</summary>
    public required Condition? Targeting { get; init; }

    public bool IsRunning { get; set; }

    public ExclusionGroup? Group { get; set; }

    public Allocation[] Traffic { get; set; } = [];

    /// <summary>As the datafile lists them, also several of one key.</summary>
    public List<Variation> Variations { get; } = [];

    public Dictionary<string, Variation> VariationsByKey { get; } = new(StringComparer.Ordinal);

    /// <summary>Variation keys by user id (the datafile's whitelist); null when there are none.</summary>
    public IReadOnlyDictionary<string, string>? Whitelist { get; init; }

    /// <summary>Holdouts of just this rule.</summary>
    public Experiment[] Holdouts { get; set; } = [];
}

/// <summary>A group of experiments of which a user can be in one at most.</summary>
internal sealed class ExclusionGroup(string id, byte[] idBytes, (int End, string ExperimentId)[] traffic)
{
    public string Id { get; } = id;

    public byte[] IdBytes { get; } = idBytes;

    public (int End, string ExperimentId)[] Traffic { get; } = traffic;
}

/// <summary>A feature flag: its experiments in order, then the rules of its rollout, the last of which is "everyone else".</summary>
internal sealed class Flag
{
    public required string Key { get; init; }

    public required Experiment[] Experiments { get; init; }

    public required Experiment[] Rules { get; init; }

    public required FlagVariable[] Variables { get; init; }

    /// <summary>All variations of its experiments and rules, for forced decisions.</summary>
    public required IReadOnlyDictionary<string, Variation> VariationsByKey { get; init; }
}

/// <summary>A variable of a flag with its default, cast to the variable's type.</summary>
internal sealed record FlagVariable(string Id, string Key, string Type, JsonElement Default);
