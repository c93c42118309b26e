using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.OptimizelyBrevo.Brevo;
using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Decisions;
using Platform.OptimizelyBrevo.Optimizely;
using Platform.OptimizelyBrevo.Partners;
using Platform.OptimizelyBrevo.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.OptimizelyBrevo.Endpoints;

/// <summary>The user to decide for; the SDK's <c>createUserContext(userId, attributes)</c>.</summary>
internal sealed record EvaluationInput
{
    public required string UserId { get; init; }

    public IReadOnlyDictionary<string, JsonElement> Attributes { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>Only these flags; null for all.</summary>
    public IReadOnlyList<string>? Flags { get; init; }

    /// <summary>Why each decision came out as it did.</summary>
    public bool Reasons { get; init; }
}

/// <summary>The SDK's answer to <c>decide</c>.</summary>
internal sealed record FlagDecisionView(string FlagKey, bool Enabled, string? VariationKey, string? RuleKey, IReadOnlyDictionary<string, JsonElement> Variables);

/// <param name="Decisions">In the datafile's order.</param>
/// <param name="EnabledFeatures">Keys of the flags that are on.</param>
/// <param name="Audiences">Names of the audiences the user is in.</param>
/// <param name="UnknownFlags">Keys that were asked for and that no project has.</param>
/// <param name="Datafiles">Which datafiles decided.</param>
/// <param name="Reasons">Why, when asked for.</param>
internal sealed record EvaluationView(
    IReadOnlyList<FlagDecisionView> Decisions, IReadOnlyList<string> EnabledFeatures, IReadOnlyList<string> Audiences, IReadOnlyList<string> UnknownFlags,
    IReadOnlyList<DatafileView> Datafiles, IReadOnlyList<string>? Reasons);

internal sealed record DatafileView(string ProjectId, string? Revision, string? EnvironmentKey, DateTimeOffset CheckedAt, bool IsStale);

/// <summary>Result of trying one part of a connection.</summary>
internal sealed record ConnectionTestPart(string Part, bool Success, string Message);

internal sealed record ConnectionTest(bool Success, IReadOnlyList<ConnectionTestPart> Parts);

/// <summary>What the seed's SDK examples do, over REST: readiness, decisions for a user.</summary>
internal static class EvaluationEndpoints
{
    public static void MapEvaluationEndpoints(this WebApplication app)
    {
        var group = app.MapGroup("/api/optimizely-brevo/connections/{id}").WithTags("optimizely-brevo connections").RequireAuthorization(Roles.Viewer);
        group.MapPost("/decide", DecideAsync).WithName("DecideFlags").WithSummary("Decides flags and audiences for one user, as the SDK's decide does. Changes nothing.").RequireAuthorization(Roles.Operator);
        group.MapPost("/test", TestAsync).WithName("TestOptimizelyBrevoConnection")
            .WithSummary("Really asks Optimizely's REST API, the datafile CDN and Brevo, and says what each answered.").RequireAuthorization(Roles.Operator);
    }

    private static async Task<Results<Ok<EvaluationView>, ProblemHttpResult>> DecideAsync(
        string id, EvaluationInput input, OptimizelyBrevoDbContext db, Datafiles datafiles, CancellationToken cancellationToken)
    {
        if (await db.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is not { } connection)
        {
            return ConnectionEndpoints.Unknown(id).ToResult();
        }

        var loaded = new List<(ProjectSettings Settings, LoadedDatafile Datafile)>();
        foreach (var project in connection.Settings.Optimizely.Projects)
        {
            try
            {
                loaded.Add((project, await datafiles.GetAsync(project, connection.Settings.Optimizely.UpdateInterval, cancellationToken)));
            }
            catch (PartnerException e)
            {
                return PartnerRefusals.Of(e).ToResult();
            }
        }

        var evaluation = new Evaluation([.. loaded.Select(each => each.Datafile.Project)], input.Flags);
        var reasons = input.Reasons ? new List<string>() : null;
        foreach (var user in evaluation.Users)
        {
            user.Reasons = reasons;
        }

        evaluation.Begin(input.UserId);
        foreach (var (name, value) in input.Attributes)
        {
            evaluation.Set(name, value);
        }

        var decisions = evaluation.Decide().Select(View).ToList();
        return TypedResults.Ok(new EvaluationView(
            decisions,
            [.. decisions.Where(decision => decision.Enabled).Select(decision => decision.FlagKey)],
            [.. evaluation.Segments()],
            [.. (input.Flags ?? []).Except(decisions.Select(decision => decision.FlagKey), StringComparer.Ordinal)],
            [.. loaded.Select(each => new DatafileView(each.Settings.ProjectId, each.Datafile.Project.Revision, each.Datafile.Project.EnvironmentKey, each.Datafile.CheckedAt, each.Datafile.IsStale))],
            reasons));
    }

    private static FlagDecisionView View(FlagDecision decision) => new(
        decision.Flag.Key, decision.Enabled, decision.Variation?.Key, decision.Rule?.Key,
        decision.Flag.Variables.ToDictionary(variable => variable.Key, variable => DecisionEngine.Value(variable, decision), StringComparer.Ordinal));

    private static async Task<Results<Ok<ConnectionTest>, ProblemHttpResult>> TestAsync(
        string id, OptimizelyBrevoDbContext db, OptimizelyClient optimizely, Datafiles datafiles, BrevoClient brevo, CancellationToken cancellationToken)
    {
        if (await db.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is not { } connection)
        {
            return ConnectionEndpoints.Unknown(id).ToResult();
        }

        var settings = connection.Settings;
        var parts = new List<ConnectionTestPart>
        {
            await TryAsync("Optimizely REST API", async () =>
            {
                var projects = await optimizely.ListProjectsAsync(settings.Optimizely.CredentialId, cancellationToken);
                var missing = settings.Optimizely.Projects.Select(project => project.ProjectId).Except(projects.Select(project => $"{project.Id}"), StringComparer.Ordinal).ToList();
                return missing.Count == 0 ? null : $"the token does not see project {string.Join(", ", missing)}; it sees {projects.Count} others.";
            }),
        };
        foreach (var project in settings.Optimizely.Projects)
        {
            parts.Add(await TryAsync($"Datafile of project {project.ProjectId}", async () =>
            {
                var datafile = (await datafiles.GetAsync(project, 0, cancellationToken)).Project;
                return datafile.ProjectId is null || datafile.ProjectId == project.ProjectId ? null : $"the SDK key belongs to project {datafile.ProjectId}, not to {project.ProjectId}.";
            }));
        }

        parts.Add(await TryAsync("Brevo", async () =>
        {
            await brevo.ListAttributesAsync(settings.Brevo, cancellationToken);
            return null;
        }));
        if (settings.Brevo.ListId is { } listId)
        {
            parts.Add(await TryAsync($"Brevo list {listId}", async () =>
            {
                await brevo.GetListAsync(settings.Brevo, listId, cancellationToken);
                return null;
            }));
        }

        return TypedResults.Ok(new ConnectionTest(parts.TrueForAll(part => part.Success), parts));
    }

    private static async Task<ConnectionTestPart> TryAsync(string part, Func<Task<string?>> attempt)
    {
        try
        {
            return await attempt() is { } problem ? new(part, false, problem) : new(part, true, "Connection successful");
        }
        catch (PartnerException e)
        {
            return new(part, false, e.Message);
        }
        catch (Exception e) when (e is InternalCallException or HttpRequestException)
        {
            return new(part, false, $"The credentials service does not answer: {e.Message}");
        }
    }
}

/// <summary>What a partner's failure looks like to our caller.</summary>
internal static class PartnerRefusals
{
    public static Refusal Of(PartnerException failure) => failure switch
    {
        { IsAuthentication: true } => new(StatusCodes.Status409Conflict, failure.Code ?? "partner-refuses-credential", "A partner refuses the credential", failure.Message),
        { Status: System.Net.HttpStatusCode.NotFound } => new(StatusCodes.Status404NotFound, "unknown-to-partner", "The partner does not know it", failure.Message),
        { IsRefusal: true } => new(StatusCodes.Status409Conflict, failure.Code ?? "partner-refuses", "A partner refuses", failure.Message),
        _ => new(StatusCodes.Status502BadGateway, "partner-unavailable", "A partner does not answer", failure.Message),
    };
}
