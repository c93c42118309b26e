using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Platform.OptimizelyBrevo.Decisions;

/// <summary>Reads a datafile of version 2, 3 or 4 into a <see cref="Project"/>.</summary>
internal sealed class DatafileCompiler
{
    private static readonly string[] Supported = ["2", "3", "4"];
    private readonly Datafile _datafile;
    private readonly ConditionCompiler _conditions = new();
    private readonly List<(Experiment Experiment, DatafileExperiment Source)> _all = [];
    private readonly Dictionary<string, Experiment> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Variation> _variations = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, string?>> _variables = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Experiment[]> _rollouts = new(StringComparer.Ordinal);

    private DatafileCompiler(Datafile datafile) => _datafile = datafile;

    /// <summary>Throws <see cref="DatafileException"/> for what is no datafile, or one of a version not supported.</summary>
    public static Project Compile(ReadOnlySpan<byte> json)
    {
        var start = json.StartsWith("\uFEFF"u8) ? 3 : 0;
        Datafile? datafile;
        try
        {
            datafile = JsonSerializer.Deserialize(json[start..], DatafileJson.Default.Datafile);
        }
        catch (JsonException e)
        {
            throw new DatafileException($"The datafile is not the JSON expected at '{e.Path ?? "$"}' (line {e.LineNumber + 1}). Check the SDK key: each environment has its own.");
        }

        if (datafile is null)
        {
            throw new DatafileException("The datafile is empty. Check the SDK key: each environment has its own.");
        }

        var version = datafile.Version.ValueKind == JsonValueKind.String ? datafile.Version.GetString()! : datafile.Version.ValueKind == JsonValueKind.Undefined ? "missing" : datafile.Version.GetRawText();
        return Supported.Contains(version)
            ? new DatafileCompiler(datafile).Compile(Convert.ToHexStringLower(SHA256.HashData(json)))
            : throw new DatafileException($"The datafile's version is {version}; supported are {string.Join(", ", Supported)}.");
    }

    private Project Compile(string sha256)
    {
        foreach (var audience in Each(_datafile.Audiences).Concat(Each(_datafile.TypedAudiences)))
        {
            _conditions.AddAudience(audience.Id, audience.Conditions);
        }

        AddExperiments();
        var holdouts = AddHoldouts(out var holdoutTraffic);
        var byKey = new Dictionary<string, Experiment>(StringComparer.Ordinal);
        var running = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (var (experiment, source) in _all)
        {
            running[experiment.Key] = source.Status == "Running";
            byKey[experiment.Key] = experiment;
        }

        // Values belong to the variation's id, wherever the datafile gives them; the last ones count. Those of holdouts do not: who is held out gets the defaults.
        foreach (var variation in _all.Select(entry => entry.Experiment).Concat(holdoutTraffic.Select(entry => entry.Holdout)).SelectMany(experiment => experiment.Variations))
        {
            variation.Variables = _variables.GetValueOrDefault(variation.Id);
        }

        var flags = CompileFlags(out var extended);
        foreach (var (experiment, source) in _all)
        {
            // Status is looked up by key, as the SDK does; where two share a key the last one counts.
            experiment.IsRunning = running[experiment.Key];
            experiment.Traffic = [.. Traffic(source), .. extended.TryGetValue(experiment.Id, out var everyoneElse) ? [new Allocation(MurmurHash3.Buckets, everyoneElse)] : Array.Empty<Allocation>()];
        }

        foreach (var (holdout, source) in holdoutTraffic)
        {
            holdout.Traffic = [.. Traffic(source)];
        }

        var flagsByKey = flags.DistinctByLast(flag => flag.Key);
        return new()
        {
            Sha256 = sha256,
            Revision = _datafile.Revision,
            AccountId = _datafile.AccountId,
            ProjectId = _datafile.ProjectId,
            SdkKey = _datafile.SdkKey,
            EnvironmentKey = _datafile.EnvironmentKey,
            Region = _datafile.Region ?? "US",
            AnonymizeIp = _datafile.AnonymizeIp,
            BotFiltering = _datafile.BotFiltering,
            Flags = [.. flagsByKey.Values],
            FlagsByKey = flagsByKey,
            ExperimentsByKey = byKey.Where(pair => !pair.Value.IsRolloutRule).ToDictionary(StringComparer.Ordinal),
            ExperimentsById = _byId,
            VariationsById = _variations,
            AttributeIds = Each(_datafile.Attributes).DistinctByLast(attribute => attribute.Key).ToDictionary(pair => pair.Key, pair => pair.Value.Id, StringComparer.Ordinal),
            EventIds = Each(_datafile.Events).DistinctByLast(item => item.Key).ToDictionary(pair => pair.Key, pair => pair.Value.Id, StringComparer.Ordinal),
            Audiences = NamedAudiences(),
            Slots = _conditions.Slots,
            GlobalHoldouts = holdouts,
        };
    }

    private List<Audience> NamedAudiences() =>
        [.. Each(_datafile.Audiences).Concat(Each(_datafile.TypedAudiences))
            .DistinctByLast(audience => audience.Id).Values
            .Where(audience => audience.Id != "$opt_dummy_audience")
            .Select(audience => new Audience(audience.Id, audience.Name ?? audience.Id, _conditions.Audience(audience.Id)))];

    private void AddExperiments()
    {
        foreach (var source in Each(_datafile.Experiments))
        {
            Add(source, isRolloutRule: false);
        }

        foreach (var source in Each(_datafile.Groups))
        {
            var traffic = Each(source.TrafficAllocation).Select(share => (End(share), share.EntityId ?? "")).ToArray();
            var group = new ExclusionGroup(source.Id, Encoding.UTF8.GetBytes(source.Id), traffic);
            foreach (var member in Each(source.Experiments))
            {
                // Overlapping groups (policy other than random) exclude nobody.
                Add(member, isRolloutRule: false).Group = source.Policy == "random" ? group : null;
            }
        }

        foreach (var rollout in Each(_datafile.Rollouts))
        {
            _rollouts[rollout.Id] = [.. Each(rollout.Experiments).Select(rule => Add(rule, isRolloutRule: true))];
        }
    }

    private Experiment Add(DatafileExperiment source, bool isRolloutRule)
    {
        var experiment = Create(source, isRolloutRule);
        _all.Add((experiment, source));
        _byId[source.Id] = experiment;
        foreach (var variation in Each(source.Variations).DistinctByLast(variation => variation.Key).Values)
        {
            if (variation.Variables is not null)
            {
                _variables[variation.Id] = Each(variation.Variables).DistinctByLast(use => use.Id).ToDictionary(pair => pair.Key, pair => pair.Value.Value, StringComparer.Ordinal);
            }
        }

        return experiment;
    }

    private Experiment Create(DatafileExperiment source, bool isRolloutRule)
    {
        var experiment = new Experiment
        {
            Id = source.Id,
            Key = source.Key,
            LayerId = source.LayerId,
            Type = source.Type,
            IsRolloutRule = isRolloutRule,
            IsContextual = source.Cmab.ValueKind == JsonValueKind.Object,
            ExcludesTargetedDeliveries = source.ExcludeTargetedDeliveries == true,
            IdBytes = Encoding.UTF8.GetBytes(source.Id),
            Targeting = _conditions.CompileTargeting(source.AudienceConditions, source.AudienceIds),
            Whitelist = source.ForcedVariations is { Count: > 0 } forced ? forced.ToDictionary(StringComparer.Ordinal) : null,
        };
        foreach (var variation in Each(source.Variations))
        {
            var compiled = new Variation(variation.Id, variation.Key, variation.FeatureEnabled == true);
            experiment.Variations.Add(compiled);
            experiment.VariationsByKey[variation.Key] = compiled;
            _variations[variation.Id] = compiled;
        }

        return experiment;
    }

    private Experiment[] AddHoldouts(out List<(Experiment Holdout, DatafileExperiment Source)> traffic)
    {
        traffic = [];
        var global = new List<Experiment>();
        foreach (var source in Each(_datafile.Holdouts))
        {
            var holdout = Create(source, isRolloutRule: false);
            holdout.IsRunning = source.Status == "Running";
            traffic.Add((holdout, source));
            global.Add(holdout);
        }

        foreach (var source in Each(_datafile.LocalHoldouts))
        {
            if (source.IncludedRules is not { Count: > 0 })
            {
                continue;
            }

            var holdout = Create(source, isRolloutRule: false);
            holdout.IsRunning = source.Status == "Running";
            traffic.Add((holdout, source));
            foreach (var (rule, _) in _all.Where(entry => source.IncludedRules.Contains(entry.Experiment.Id, StringComparer.Ordinal)))
            {
                rule.Holdouts = [.. rule.Holdouts, holdout];
            }
        }

        return [.. global];
    }

    private List<Flag> CompileFlags(out Dictionary<string, Variation> extended)
    {
        extended = new(StringComparer.Ordinal);
        var flags = new List<Flag>();
        foreach (var source in Each(_datafile.FeatureFlags))
        {
            var rules = source.RolloutId is { } rolloutId ? _rollouts.GetValueOrDefault(rolloutId, []) : [];
            Experiment[] experiments = [.. Each(source.ExperimentIds).Select(id => _byId.GetValueOrDefault(id)).OfType<Experiment>()];

            // A feature rollout (type fr) falls back to the variation of "everyone else" for all the traffic it leaves.
            var everyoneElse = rules.LastOrDefault()?.Variations.FirstOrDefault();
            foreach (var experiment in experiments.Where(experiment => experiment.Type == "fr" && everyoneElse is not null))
            {
                experiment.Variations.Add(everyoneElse!);
                experiment.VariationsByKey[everyoneElse!.Key] = everyoneElse;
                extended.TryAdd(experiment.Id, everyoneElse);
            }

            var variations = new Dictionary<string, Variation>(StringComparer.Ordinal);
            foreach (var variation in experiments.Concat(rules).SelectMany(rule => rule.Variations).DistinctBy(variation => variation.Id, StringComparer.Ordinal).OrderBy(variation => Position(variation.Id)))
            {
                variations.TryAdd(variation.Key, variation);
            }

            flags.Add(new()
            {
                Key = source.Key,
                Experiments = experiments,
                Rules = rules,
                Variables = [.. Each(source.Variables).DistinctByLast(variable => variable.Key).Values.Select(Variable)],
                VariationsByKey = variations,
            });
        }

        return flags;
    }

    private static IEnumerable<T> Each<T>(IReadOnlyList<T?>? items)
        where T : class => (items ?? []).Select(item => item ?? throw new DatafileException("A list of the datafile holds null. Check the SDK key: each environment has its own."));

    // Buckets are whole: below 2500.5 is below 2501.
    private static int End(DatafileAllocation share) => (int)Math.Ceiling(share.EndOfRange);

    // The SDK keeps a flag's variations in an object by id, and JavaScript lists an object's small whole numbers first, in their order.
    private static uint Position(string id) =>
        id is "0" or [>= '1' and <= '9', ..] && uint.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : uint.MaxValue;

    private static FlagVariable Variable(DatafileVariable source)
    {
        var type = source is { Type: "string", SubType: "json" } ? "json" : source.Type;
        return new(source.Id, source.Key, type, VariableValues.Cast(source.DefaultValue, type));
    }

    // Whom the prediction service would decide for gets nothing here, wherever it stands.
    private IEnumerable<Allocation> Traffic(DatafileExperiment source) => source.Cmab.ValueKind == JsonValueKind.Object
        ? []
        : Each(source.TrafficAllocation).Select(share => new Allocation(End(share), share.EntityId is { } id ? _variations.GetValueOrDefault(id) : null));
}

file static class Sequences
{
    /// <summary>By key in order of first appearance; of equal keys the last one counts, as in a JavaScript object.</summary>
    public static Dictionary<string, T> DistinctByLast<T>(this IEnumerable<T> items, Func<T, string> key)
    {
        var result = new Dictionary<string, T>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            result[key(item)] = item;
        }

        return result;
    }
}
