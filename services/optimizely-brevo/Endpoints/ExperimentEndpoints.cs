using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.OptimizelyBrevo.Brevo;
using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Optimizely;
using Platform.OptimizelyBrevo.Partners;
using Platform.OptimizelyBrevo.Persistence;
using Platform.OptimizelyBrevo.Results;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.OptimizelyBrevo.Endpoints;

internal sealed record ExperimentView(
    string ExperimentId, string ProjectId, string Key, string Name, string? FeatureKey, string Status, bool IsSynchronised, IReadOnlyDictionary<string, string> Variations, string? Winner, DateTimeOffset RefreshedAt)
{
    public static ExperimentView Of(ExperimentInfo row) => new(
        row.ExperimentId, row.ProjectId, row.Key, row.Name, row.FeatureKey, row.Status, Experiments.IsSynchronised(row.Status), row.Variations, row.WinnerKey, row.RefreshedAt);
}

/// <summary>The leader or winner of one metric.</summary>
internal sealed record MetricView(MetricResult Metric, VariationResult? Best);

/// <summary>One look at an experiment's results.</summary>
internal sealed record ResultSnapshotView(DateTimeOffset FetchedAt, IReadOnlyList<MetricView> Metrics);

/// <param name="Experiment">The experiment.</param>
/// <param name="State">ready; waiting (results are looked at in the background, ask again); notStarted or notSynchronised with the remedy in the message.</param>
/// <param name="Message">What the state means here.</param>
/// <param name="Latest">The newest results.</param>
/// <param name="History">Earlier ones, newest first; a new one whenever they changed.</param>
/// <param name="Contacts">Contacts known to be in each variation.</param>
internal sealed record ExperimentReport(
    ExperimentView Experiment, string State, string Message, ResultSnapshotView? Latest, IReadOnlyList<ResultSnapshotView> History, IReadOnlyDictionary<string, long> Contacts);

/// <summary>Experiments, their results over time, and the lists of Optimizely and Brevo (O2, O7, O8).</summary>
internal static class ExperimentEndpoints
{
    private const int HistoryLength = 50;

    public static void MapExperimentEndpoints(this WebApplication app)
    {
        var group = app.MapGroup("/api/optimizely-brevo/experiments").WithTags("optimizely-brevo experiments").RequireAuthorization(Roles.Viewer);
        group.MapGet("/", ListAsync).WithName("ListExperiments").WithSummary("Experiments of a connection's projects as of the last refresh.");
        group.MapPost("/refresh", RefreshAsync).WithName("RefreshExperiments").WithSummary("Asks Optimizely for the experiments now.").RequireAuthorization(Roles.Operator);
        group.MapGet("/{experimentId}", GetAsync).WithName("GetExperiment").WithSummary("The experiment with all that Optimizely tells about it.");
        group.MapGet("/{experimentId}/report", ReportAsync).WithName("GetExperimentReport")
            .WithSummary("Variations, metrics, lift and significance over time. Never waits for Optimizely: results are looked at in the background.");
        var optimizely = app.MapGroup("/api/optimizely-brevo/connections/{id}/optimizely").WithTags("optimizely-brevo experiments").RequireAuthorization(Roles.Viewer);
        optimizely.MapGet("/projects", (string id, OptimizelyBrevoDbContext db, OptimizelyClient client, CancellationToken token) =>
            AskAsync(id, db, async settings => await client.ListProjectsAsync(settings.CredentialId, token), token)).WithName("ListOptimizelyProjects").WithSummary("The projects the connection's token sees.");
        optimizely.MapGet("/projects/{projectId}/features", (string id, string projectId, OptimizelyBrevoDbContext db, OptimizelyClient client, CancellationToken token) =>
            AskAsync(id, db, async settings => await client.ListFeaturesAsync(settings.CredentialId, projectId, token), token)).WithName("ListOptimizelyFeatures").WithSummary("Feature flags of a project.");
        optimizely.MapGet("/features/{featureId}", (string id, string featureId, OptimizelyBrevoDbContext db, OptimizelyClient client, CancellationToken token) =>
            AskAsync(id, db, async settings => await client.GetFeatureAsync(settings.CredentialId, featureId, token), token)).WithName("GetOptimizelyFeature").WithSummary("One feature flag.");
        optimizely.MapGet("/projects/{projectId}/audiences", (string id, string projectId, OptimizelyBrevoDbContext db, OptimizelyClient client, CancellationToken token) =>
            AskAsync(id, db, async settings => await client.ListAudiencesAsync(settings.CredentialId, projectId, token), token)).WithName("ListOptimizelyAudiences").WithSummary("Audiences of a project.");
        optimizely.MapGet("/projects/{projectId}/events", (string id, string projectId, OptimizelyBrevoDbContext db, OptimizelyClient client, CancellationToken token) =>
            AskAsync(id, db, async settings => await client.ListEventsAsync(settings.CredentialId, projectId, token), token)).WithName("ListOptimizelyEvents").WithSummary("Events of a project.");
        app.MapGet("/api/optimizely-brevo/connections/{id}/brevo/segments", SegmentsAsync).WithTags("optimizely-brevo experiments").RequireAuthorization(Roles.Viewer)
            .WithName("ListBrevoSegments").WithSummary("Segments of the Brevo account. Brevo lets nobody create one by API: build it in Brevo on the attributes this connection writes.");
    }

    private static async Task<Results<Ok<Page<ExperimentView>>, ProblemHttpResult>> ListAsync(
        string connectionId, OptimizelyBrevoDbContext db, CancellationToken cancellationToken, string? status = null, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var rows = await db.Experiments.AsNoTracking()
            .Where(row => row.ConnectionId == connectionId && (status == null || row.Status == status) && (after == null || string.Compare(row.ExperimentId, after) > 0))
            .OrderBy(row => row.ExperimentId).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<ExperimentView>.From(rows.ConvertAll(ExperimentView.Of), limit, view => view.ExperimentId));
    }

    private static async Task<Results<Ok<IReadOnlyList<ExperimentView>>, ProblemHttpResult>> RefreshAsync(
        string connectionId, OptimizelyBrevoDbContext db, Experiments experiments, CancellationToken cancellationToken)
    {
        if (await db.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == connectionId, cancellationToken) is not { } connection)
        {
            return ConnectionEndpoints.Unknown(connectionId).ToResult();
        }

        try
        {
            await experiments.RefreshAsync(connection, olderThan: TimeSpan.Zero, cancellationToken);
        }
        catch (PartnerException e)
        {
            return PartnerRefusals.Of(e).ToResult();
        }

        var rows = await db.Experiments.AsNoTracking().Where(row => row.ConnectionId == connectionId).OrderBy(row => row.ExperimentId).ToListAsync(cancellationToken);
        return TypedResults.Ok<IReadOnlyList<ExperimentView>>(rows.ConvertAll(ExperimentView.Of));
    }

    private static Task<Results<Ok<JsonElement>, ProblemHttpResult>> GetAsync(
        string experimentId, string connectionId, OptimizelyBrevoDbContext db, OptimizelyClient client, CancellationToken cancellationToken) =>
        AskAsync(connectionId, db, async settings => await client.GetExperimentAsync(settings.CredentialId, experimentId, cancellationToken), cancellationToken);

    private static async Task<Results<Ok<ExperimentReport>, ProblemHttpResult>> ReportAsync(string experimentId, string connectionId, OptimizelyBrevoDbContext db, CancellationToken cancellationToken)
    {
        if (await db.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == connectionId, cancellationToken) is not { } connection)
        {
            return ConnectionEndpoints.Unknown(connectionId).ToResult();
        }

        if (await db.Experiments.AsNoTracking().SingleOrDefaultAsync(row => row.ConnectionId == connectionId && (row.ExperimentId == experimentId || row.Key == experimentId), cancellationToken) is not { } row)
        {
            return Refusal.NotFound("experiment", experimentId, "POST /api/optimizely-brevo/experiments/refresh asks Optimizely for the experiments of the connection's projects.").ToResult();
        }

        var snapshots = await db.ResultSnapshots.AsNoTracking().Where(snapshot => snapshot.ConnectionId == connectionId && snapshot.ExperimentId == row.ExperimentId)
            .OrderByDescending(snapshot => snapshot.FetchedAt).Take(HistoryLength).ToListAsync(cancellationToken);
        var views = snapshots.ConvertAll(snapshot => View(snapshot, connection.Settings.Winners.Significance));
        var contacts = await db.Assignments.Where(each => each.ConnectionId == connectionId && each.ExperimentKey == row.Key).GroupBy(each => each.VariationKey)
            .Select(group => new { group.Key, Count = group.LongCount() }).ToDictionaryAsync(each => each.Key, each => each.Count, StringComparer.Ordinal, cancellationToken);
        var (state, message) = (row.Status, views.Count) switch
        {
            ("not_started", _) => ("notStarted", "The experiment has not started: verify that its status is \"running\"."),
            ("running" or "concluded", 0) => ("waiting", "Optimizely has no results yet, or is still computing them (30 seconds and more). They are looked at in the background; ask again later."),
            ("concluded", _) => ("ready", row.WinnerKey is { } winner ? $"Concluded; the winner is '{winner}'." : "Concluded without a winner."),
            ("running", _) => ("ready", "Running; whoever leads may still lose."),
            _ => ("notSynchronised", $"The experiment is {row.Status}; only running and concluded ones are synchronised."),
        };
        return TypedResults.Ok(new ExperimentReport(ExperimentView.Of(row), state, message, views.Count > 0 ? views[0] : null, [.. views.Skip(1)], contacts));
    }

    private static ResultSnapshotView View(ResultSnapshot snapshot, double significance) => new(
        snapshot.FetchedAt,
        [.. ResultsReading.Metrics(JsonElement.Parse(snapshot.Results)).Select(metric => new MetricView(metric, ResultsReading.Winner([metric], significance)))]);

    private static async Task<Results<Ok<IReadOnlyList<BrevoSegment>>, ProblemHttpResult>> SegmentsAsync(string id, OptimizelyBrevoDbContext db, BrevoClient client, CancellationToken cancellationToken)
    {
        if (await db.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is not { } connection)
        {
            return ConnectionEndpoints.Unknown(id).ToResult();
        }

        try
        {
            return TypedResults.Ok(await client.ListSegmentsAsync(connection.Settings.Brevo, cancellationToken));
        }
        catch (PartnerException e)
        {
            return PartnerRefusals.Of(e).ToResult();
        }
    }

    private static async Task<Results<Ok<T>, ProblemHttpResult>> AskAsync<T>(string id, OptimizelyBrevoDbContext db, Func<OptimizelySettings, Task<T>> ask, CancellationToken cancellationToken)
    {
        if (await db.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is not { } connection)
        {
            return ConnectionEndpoints.Unknown(id).ToResult();
        }

        try
        {
            return TypedResults.Ok(await ask(connection.Settings.Optimizely));
        }
        catch (PartnerException e)
        {
            return PartnerRefusals.Of(e).ToResult();
        }
    }
}
