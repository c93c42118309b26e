using Microsoft.EntityFrameworkCore;
using Platform.OptimizelyBrevo.Decisions;
using Platform.OptimizelyBrevo.Persistence;

namespace Platform.OptimizelyBrevo.Sync;

/// <summary>What ids and keys of experiments mean: from the datafiles, and from Optimizely's REST API for those that have left them.</summary>
internal sealed class KnownExperiments
{
    private readonly Dictionary<string, (string Key, string Status)> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _statusByKey = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string ExperimentId, string VariationKey)> _variations = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _features = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<Project> _projects;

    private KnownExperiments(IReadOnlyList<Project> projects) => _projects = projects;

    public static async Task<KnownExperiments> LoadAsync(OptimizelyBrevoDbContext db, string connectionId, IReadOnlyList<Project> projects, CancellationToken cancellationToken)
    {
        var known = new KnownExperiments(projects);
        foreach (var flag in projects.SelectMany(project => project.Flags))
        {
            foreach (var experiment in flag.Experiments.Concat(flag.Rules))
            {
                known._features.TryAdd(experiment.Id, flag.Key);
            }
        }

        await foreach (var row in db.Experiments.AsNoTracking().Where(row => row.ConnectionId == connectionId).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            known._byId[row.ExperimentId] = (row.Key, row.Status);
            known._statusByKey[row.Key] = row.Status;
            if (row.FeatureKey is { } feature)
            {
                known._features.TryAdd(row.ExperimentId, feature);
            }

            foreach (var (variationId, variationKey) in row.Variations)
            {
                known._variations[variationId] = (row.ExperimentId, variationKey);
            }
        }

        foreach (var experiment in projects.SelectMany(project => project.ExperimentsById.Values))
        {
            foreach (var variation in experiment.VariationsByKey.Values)
            {
                known._variations.TryAdd(variation.Id, (experiment.Id, variation.Key));
            }
        }

        return known;
    }

    /// <summary>Whether a flag's rule of this key is an experiment; the others are targeted deliveries.</summary>
    public bool IsExperiment(string key) => _statusByKey.ContainsKey(key) || _projects.Any(project => project.ExperimentsByKey.ContainsKey(key));

    /// <summary>Only running and concluded experiments are synchronised (O8): why this one is not, or null.</summary>
    public string? Refusal(string? key) => key is not null && _statusByKey.TryGetValue(key, out var status) && status is not ("running" or "concluded")
        ? $"experiment '{key}' is {status}; only running and concluded ones are synchronised"
        : null;

    /// <summary>All that an exported decision's meaning depends on, as text.</summary>
    public string Meaning() => string.Join('\n', ((string[])[
        .. _byId.Select(each => $"{each.Key} is {each.Value.Key}, {each.Value.Status}"),
        .. _variations.Select(each => $"{each.Key} is {each.Value.VariationKey} of {each.Value.ExperimentId}"),
        .. _features.Select(each => $"{each.Key} is of {each.Value}"),
        .. _projects.SelectMany(project => project.ExperimentsById.Values).Select(each => $"{each.Id} is {each.Key}, {each.IsRolloutRule}"),
        .. _projects.SelectMany(project => project.VariationsById.Values).Select(each => $"{each.Id} is {each.Key}, {each.FeatureEnabled}"),
    ]).Order(StringComparer.Ordinal));

    /// <summary>Keys for the ids of an exported decision.</summary>
    public (string? ExperimentKey, string? FeatureKey, string? VariationKey, bool Enabled, string? Refusal) Resolve(string? experimentId, string? variationId)
    {
        var variation = variationId is not null && _variations.TryGetValue(variationId, out var found) ? found : default;
        var id = experimentId is { Length: > 0 } ? experimentId : variation.ExperimentId;
        if (id is null)
        {
            return (null, null, null, false, variationId is null ? "the row names no variation" : $"variation {variationId} belongs to no experiment of the connection's projects");
        }

        Experiment? compiled = null;
        Variation? compiledVariation = null;
        foreach (var project in _projects)
        {
            compiled ??= project.ExperimentsById.GetValueOrDefault(id);
            compiledVariation ??= variationId is null ? null : project.VariationsById.GetValueOrDefault(variationId);
        }

        var feature = _features.GetValueOrDefault(id);
        if (compiled is { IsRolloutRule: true })
        {
            return (null, feature, compiledVariation?.Key, compiledVariation is { FeatureEnabled: true }, null);
        }

        var key = _byId.TryGetValue(id, out var told) ? told.Key : compiled?.Key;
        return key is null
            ? (null, null, null, false, $"experiment {id} belongs to none of the connection's projects")
            : (key, feature, compiledVariation?.Key ?? variation.VariationKey, compiledVariation is { FeatureEnabled: true }, Refusal(key));
    }
}
