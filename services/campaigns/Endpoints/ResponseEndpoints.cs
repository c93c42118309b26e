using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Campaigns.Clients;
using Platform.Campaigns.Connections;
using Platform.Campaigns.Persistence;
using Platform.Campaigns.Responses;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Security;

namespace Platform.Campaigns.Endpoints;

/// <summary>How to import at once.</summary>
internal sealed record ImportResponsesInput
{
    /// <summary>Also files that were imported already and have not changed; it changes nothing in the tables.</summary>
    public bool Force { get; init; }
}

/// <summary>The import of response files (L7).</summary>
internal static class ResponseEndpoints
{
    private const int RunsShown = 20;
    private const int RunsWaiting = 5;

    public static void MapResponses(this WebApplication app)
    {
        var responses = app.MapGroup("/api/campaigns/connections/{id}/responses").RequireAuthorization(Roles.Viewer).WithTags("campaign responses");
        responses.MapPut("", Put).RequireAuthorization(Roles.Operator).WithName("SetUpCampaignResponses").WithSummary("Set up, or change, the daily import of the eight response files");
        responses.MapGet("", Get).WithName("GetCampaignResponses").WithSummary("The import of response files: what came, what is late, missing or rejected");
        responses.MapPost("/import", Import).RequireAuthorization(Roles.Operator).WithName("ImportCampaignResponses").WithSummary("Import what is new among the files of the look-back, now");
    }

    private static async Task<Results<Ok<ResponseImportView>, ProblemHttpResult>> Put(
        string id, ResponseImportSettings input, CampaignsDbContext context, ResponseSetUp setUp, WaveViews waves, FeedsClient feeds, HttpContext http, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (await context.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is not { } connection)
        {
            return ConnectionEndpoints.Unknown(id).ToResult();
        }

        var problems = ResponseCheck.Check(input, connection);
        if (problems.Count > 0)
        {
            return Refusal.Invalid("The import of responses", problems).ToResult();
        }

        var source = connection.Settings.ResponseSource;
        if (await context.ResponseImports.AnyAsync(row => row.Source == source && row.Id != id, cancellationToken))
        {
            return SourceTaken(source).ToResult();
        }

        try
        {
            var import = await context.ResponseImports.SingleOrDefaultAsync(row => row.Id == id, cancellationToken);

            // The courier's id follows from the connection's: whatever happens between the steps, doing them again makes no second one.
            var courier = import?.CourierId ?? $"cr-{id[(id.IndexOf('-') + 1)..]}";
            var ids = await setUp.EnsureAsync(connection, input, courier, cancellationToken);
            if (import is null)
            {
                import = new() { Id = id, Settings = input, Source = source, CourierId = courier, Feeds = ids, SetUpFor = connection.UpdatedAt, UpdatedAt = clock.GetUtcNow(), UpdatedBy = http.CallerName() };
                context.ResponseImports.Add(import);
            }
            else
            {
                (import.Settings, import.Source, import.Feeds, import.SetUpFor, import.WavesPut) = (input, source, ids, connection.UpdatedAt, null);
                (import.UpdatedAt, import.UpdatedBy) = (clock.GetUtcNow(), http.CallerName());
            }

            context.Publish(ResponseSchedule.Of(import, connection.Settings), clock);
            await context.SaveChangesAsync(cancellationToken);
            await waves.PutAsync(import, cancellationToken);
            return TypedResults.Ok(await ViewAsync(import, connection, context, feeds, clock, cancellationToken));
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return SourceTaken(source).ToResult();
        }
        catch (Exception e) when (Trouble(e, cancellationToken) is { } refusal)
        {
            return refusal.ToResult();
        }
    }

    private static async Task<Results<Ok<ResponseImportView>, ProblemHttpResult>> Get(
        string id, CampaignsDbContext context, FeedsClient feeds, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (await context.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is not { } connection)
        {
            return ConnectionEndpoints.Unknown(id).ToResult();
        }

        if (await context.ResponseImports.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is not { } import)
        {
            return NotSetUp(id).ToResult();
        }

        try
        {
            return TypedResults.Ok(await ViewAsync(import, connection, context, feeds, clock, cancellationToken));
        }
        catch (Exception e) when (Trouble(e, cancellationToken) is { } refusal)
        {
            return refusal.ToResult();
        }
    }

    private static async Task<Results<Accepted<ResponseRunView>, ProblemHttpResult>> Import(
        string id, CampaignsDbContext context, ResponseSignal signal, HttpContext http, TimeProvider clock, CancellationToken cancellationToken, ImportResponsesInput? input = null)
    {
        if (!await context.Connections.AnyAsync(row => row.Id == id, cancellationToken))
        {
            return ConnectionEndpoints.Unknown(id).ToResult();
        }

        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (await context.ResponseImports.FromSql($"select * from response_imports where id = {id} for update").SingleOrDefaultAsync(cancellationToken) is not { } import)
        {
            return NotSetUp(id).ToResult();
        }

        if (await context.ResponseRuns.CountAsync(row => row.ConnectionId == id && row.State == ResponseRunState.Requested, cancellationToken) >= RunsWaiting)
        {
            return Refusal.Conflict("imports-waiting", "Imports are waiting", $"{RunsWaiting} imports of the connection '{id}' wait to be started; they will find the same files. GET /api/campaigns/connections/{id}/responses says what they wait for.").ToResult();
        }

        var run = ResponseRuns.Request(context, import, input?.Force ?? false, http.CallerName(), clock);
        await context.SaveChangesAsync(cancellationToken);
        await ResponseRuns.MoreWorkAsync(context, id, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        signal.Wake();
        return TypedResults.Accepted($"/api/courier-runs/{run.Id}", ResponseRunView.Of(run));
    }

    private static async Task<ResponseImportView> ViewAsync(
        ResponseImport import, Connection connection, CampaignsDbContext context, FeedsClient feeds, TimeProvider clock, CancellationToken cancellationToken)
    {
        var runs = await context.ResponseRuns.AsNoTracking().Where(run => run.ConnectionId == import.Id).OrderByDescending(run => run.RequestedAt).Take(RunsShown).ToListAsync(cancellationToken);
        var bounced = await context.ToldFacts.LongCountAsync(fact => fact.ConnectionId == import.Id && fact.Kind == FactKind.Bounced, cancellationToken);
        var unsubscribed = await context.ToldFacts.LongCountAsync(fact => fact.ConnectionId == import.Id && fact.Kind == FactKind.Unsubscribed, cancellationToken);
        var files = await feeds.FilesAsync(import.Feeds.Values, clock.GetUtcNow().AddDays(-import.Settings.LookBackDays), cancellationToken);
        return new(
            import.Id, import.Settings, import.Settings.ZoneOf(connection.Settings), import.Source, import.CourierId, import.Fault, new(bounced, unsubscribed), [.. runs.Select(ResponseRunView.Of)],
            ResponseState.EmptyDays(files), ResponseState.Of(import, files), import.UpdatedAt, import.UpdatedBy);
    }

    private static Refusal SourceTaken(string source) => Refusal.Conflict("source-taken", "The source is taken",
        $"The response files of another connection are imported into the source '{source}'. Give this connection a responseSource of its own: PUT /api/campaigns/connections/{{id}}.");

    private static Refusal NotSetUp(string id) => new(404, "responses-not-set-up", "The import is not set up",
        $"The connection '{id}' imports no response files. Set it up with PUT /api/campaigns/connections/{id}/responses; an empty object takes the documented names and 06:00.");

    /// <summary>What to answer when a sister service refuses or cannot be reached.</summary>
    private static Refusal? Trouble(Exception exception, CancellationToken cancellationToken) => exception switch
    {
        InternalCallException { Status: < System.Net.HttpStatusCode.InternalServerError } refused => Refusal.Conflict("set-up-refused", "The import cannot be set up", $"{refused.Message} The connection's settings are as they were."),
        InternalCallException or HttpRequestException => new(503, "sister-service-unavailable", "A service does not answer", "The couriers or the feeds service does not answer at present. Nothing is lost: send the request again in a few seconds."),
        OperationCanceledException when !cancellationToken.IsCancellationRequested => new(503, "sister-service-unavailable", "A service does not answer", "The couriers or the feeds service takes too long to answer. Send the request again in a few seconds."),
        _ => null,
    };
}
