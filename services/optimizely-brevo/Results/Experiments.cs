using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Optimizely;
using Platform.OptimizelyBrevo.Persistence;

namespace Platform.OptimizelyBrevo.Results;

/// <summary>The connection's experiments, refreshed from Optimizely's REST API; those that run or have concluded get their results looked at (O8).</summary>
internal sealed class Experiments(OptimizelyBrevoDbContext db, OptimizelyClient optimizely, TimeProvider clock)
{
    public static bool IsSynchronised(string status) => status is "running" or "concluded";

    public async Task RefreshAsync(Connection connection, TimeSpan olderThan, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var rows = await db.Experiments.Where(row => row.ConnectionId == connection.Id).ToDictionaryAsync(row => row.ExperimentId, StringComparer.Ordinal, cancellationToken);
        foreach (var project in connection.Settings.Optimizely.Projects)
        {
            var stored = rows.Values.Where(row => row.ProjectId == project.ProjectId).ToList();
            if (stored.Count > 0 && stored.TrueForAll(row => row.RefreshedAt > now - olderThan))
            {
                continue;
            }

            var told = await optimizely.ListExperimentsAsync(connection.Settings.Optimizely.CredentialId, project.ProjectId, cancellationToken);
            var ids = told.Select(experiment => Id(experiment.Id)).ToHashSet(StringComparer.Ordinal);
            db.Experiments.RemoveRange(stored.Where(row => !ids.Contains(row.ExperimentId)));
            foreach (var experiment in told)
            {
                Apply(connection.Id, project.ProjectId, experiment, rows, now);
            }
        }

        await db.SaveChangesAsync(cancellationToken);
    }

    private void Apply(string connectionId, string projectId, OptimizelyExperiment told, Dictionary<string, ExperimentInfo> rows, DateTimeOffset now)
    {
        var id = Id(told.Id);
        var key = told.Key ?? told.Name ?? id;
        var status = told.Status ?? "not_started";
        if (!rows.TryGetValue(id, out var row))
        {
            row = new() { ConnectionId = connectionId, ExperimentId = id, ProjectId = projectId, Key = key, Name = told.Name ?? key, Status = status, RefreshedAt = now };
            row.ResultsDueAt = IsSynchronised(status) ? now : null;
            rows.Add(id, row);
            db.Experiments.Add(row);
        }
        else if (row.Status != status)
        {
            // Whatever changed it: a concluded one is looked at once more, one that was paused no longer.
            row.ResultsDueAt = IsSynchronised(status) ? now : null;
            row.WinnerKey = status == "concluded" ? row.WinnerKey : null;
        }

        (row.Key, row.Name, row.FeatureKey, row.Status, row.RefreshedAt) = (key, told.Name ?? key, told.FeatureKey, status, now);
        row.Variations = (told.Variations ?? []).DistinctBy(variation => variation.VariationId).ToDictionary(variation => Id(variation.VariationId), variation => variation.Key ?? variation.Name ?? Id(variation.VariationId), StringComparer.Ordinal);
    }

    private static string Id(long id) => id.ToString(CultureInfo.InvariantCulture);
}
