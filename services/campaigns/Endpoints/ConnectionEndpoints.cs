using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Campaigns.Connections;
using Platform.Campaigns.Dispatches;
using Platform.Campaigns.Persistence;
using Platform.Campaigns.Responses;
using Platform.Contracts.Failures;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Outgoing;
using Platform.ServiceDefaults.Security;

namespace Platform.Campaigns.Endpoints;

/// <summary>A connection to be made or replaced.</summary>
internal sealed record CampaignConnectionInput(string Name, CampaignConnectionSettings Settings);

/// <summary>A connection as the API shows it.</summary>
/// <remarks><c>halted</c>: True while dispatches wait because of an error file; see POST …/restart.</remarks>
/// <remarks><c>checkFault</c>: Why the last look for log and error files failed; absent when it did not.</remarks>
internal sealed record CampaignConnectionView(
    string Id, string Name, CampaignConnectionSettings Settings, bool Halted, DateTimeOffset? HaltedAt, string? HaltedBy, DateTimeOffset? CheckedAt, string? CheckFault, DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt, string UpdatedBy)
{
    public static CampaignConnectionView Of(Connection row) => new(
        row.Id, row.Name, row.Settings, row.HaltedAt is not null, row.HaltedAt, row.HaltedBy, row.CheckedAt, row.CheckFault, row.CreatedAt, row.UpdatedAt, row.UpdatedBy);
}

/// <summary>What came of really connecting.</summary>
internal sealed record CampaignConnectionTest(bool Success, string Message);

internal static class ConnectionEndpoints
{
    private static readonly TimeSpan TestLimit = TimeSpan.FromSeconds(30);

    public static void MapConnections(this WebApplication app)
    {
        var connections = app.MapGroup("/api/campaigns/connections").RequireAuthorization(Roles.Viewer).WithTags("campaign connections");
        connections.MapPost("", Create).RequireAuthorization(Roles.Operator).WithName("CreateCampaignConnection").WithSummary("Set up an account on the partner's SFTP server");
        connections.MapGet("", List).WithName("ListCampaignConnections").WithSummary("Connections by id");
        connections.MapGet("/{id}", Get).WithName("GetCampaignConnection").WithSummary("One connection");
        connections.MapPut("/{id}", Replace).RequireAuthorization(Roles.Operator).WithName("ReplaceCampaignConnection").WithSummary("Replace a connection's name and settings");
        connections.MapDelete("/{id}", Delete).RequireAuthorization(Roles.Operator).WithName("DeleteCampaignConnection").WithSummary("Delete a connection that has no recipient lists");
        connections.MapPost("/{id}/test", Test).RequireAuthorization(Roles.Operator).WithName("TestCampaignConnection").WithSummary("Log in and look into every directory");
        connections.MapPost("/{id}/restart", Restart).RequireAuthorization(Roles.Operator).WithName("RestartCampaignConnection").WithSummary("Let dispatches go on after an error file");
    }

    internal static Refusal Unknown(string id) => Refusal.NotFound("connection", id, "GET /api/campaigns/connections lists them.");

    private static async Task<Results<Created<CampaignConnectionView>, ProblemHttpResult>> Create(
        CampaignConnectionInput input, CampaignsDbContext context, AddressGuard guard, HttpContext http, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (ConnectionCheck.Check(input.Name, input.Settings, guard) is { Count: > 0 } problems)
        {
            return Refusal.Invalid("The connection", problems).ToResult();
        }

        var now = clock.GetUtcNow();
        var row = new Connection
        {
            Id = PublicId.Short("cn"),
            Name = input.Name.Trim(),
            Settings = input.Settings,
            NextCheckAt = now,
            CreatedAt = now,
            UpdatedAt = now,
            UpdatedBy = http.CallerName(),
        };
        context.Connections.Add(row);
        return await SaveAsync(context, row.Name, cancellationToken) is { } refusal
            ? refusal.ToResult()
            : TypedResults.Created($"/api/campaigns/connections/{row.Id}", CampaignConnectionView.Of(row));
    }

    private static async Task<Results<Ok<Page<CampaignConnectionView>>, ProblemHttpResult>> List(
        CampaignsDbContext context, CancellationToken cancellationToken, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var rows = await context.Connections.AsNoTracking().Where(row => after == null || string.Compare(row.Id, after) > 0).OrderBy(row => row.Id).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<CampaignConnectionView>.From([.. rows.Select(CampaignConnectionView.Of)], limit, row => row.Id));
    }

    private static async Task<Results<Ok<CampaignConnectionView>, ProblemHttpResult>> Get(string id, CampaignsDbContext context, CancellationToken cancellationToken) =>
        await context.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is { } row ? TypedResults.Ok(CampaignConnectionView.Of(row)) : Unknown(id).ToResult();

    private static async Task<Results<Ok<CampaignConnectionView>, ProblemHttpResult>> Replace(
        string id, CampaignConnectionInput input, CampaignsDbContext context, AddressGuard guard, HttpContext http, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (await context.Connections.SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is not { } row)
        {
            return Unknown(id).ToResult();
        }

        var problems = ConnectionCheck.Check(input.Name, input.Settings, guard);
        var used = await context.RecipientLists.Where(list => list.ConnectionId == id && list.Client != null).Select(list => list.Client!).Distinct().ToListAsync(cancellationToken);
        problems.AddRange(used.Where(client => input.Settings.Find(client) is null).Select(client => new FieldProblem("$.settings.clients", $"The client '{client}' has recipient lists and cannot be left out.")));
        if (problems.Count > 0)
        {
            return Refusal.Invalid("The connection", problems).ToResult();
        }

        row.Name = input.Name.Trim();
        row.Settings = input.Settings;
        row.UpdatedAt = row.NextCheckAt = clock.GetUtcNow();
        row.UpdatedBy = http.CallerName();
        if (await context.ResponseImports.AsNoTracking().SingleOrDefaultAsync(import => import.Id == id, cancellationToken) is { } responses)
        {
            // Its zone may have changed. Courier and feeds follow before the next import.
            context.Publish(ResponseSchedule.Of(responses, input.Settings), clock);
        }

        return await SaveAsync(context, row.Name, cancellationToken) is { } refusal ? refusal.ToResult() : TypedResults.Ok(CampaignConnectionView.Of(row));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(string id, CampaignsDbContext context, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (await context.RecipientLists.AnyAsync(list => list.ConnectionId == id, cancellationToken))
        {
            return Refusal.Conflict("connection-used", "The connection is in use", $"The connection '{id}' has recipient lists, whose dispatches are the record of what was sent. It can be changed, not deleted.").ToResult();
        }

        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (await context.Connections.Where(row => row.Id == id).ExecuteDeleteAsync(cancellationToken) == 0)
        {
            return Unknown(id).ToResult();
        }

        context.Publish(ResponseSchedule.Removed(id), clock);
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Results<Ok<CampaignConnectionTest>, ProblemHttpResult>> Test(string id, CampaignsDbContext context, Accounts accounts, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (await context.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is not { } row)
        {
            return Unknown(id).ToResult();
        }

        using var limit = new CancellationTokenSource(TestLimit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            foreach (var client in row.Settings.Clients.Select(client => client.Name).DefaultIfEmpty())
            {
                await TestAsync(row.Settings, client, accounts, either.Token);
            }

            return TypedResults.Ok(new CampaignConnectionTest(true, "Connection successful"));
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && FailureClassifier.Classify(e) is { Category: not FailureCategory.Bug } failure)
        {
            return TypedResults.Ok(new CampaignConnectionTest(false, limit.IsCancellationRequested ? $"No answer within {TestLimit.TotalSeconds:0} seconds. Check host and network." : failure.Reason));
        }
    }

    private static async Task TestAsync(CampaignConnectionSettings settings, string? client, Accounts accounts, CancellationToken cancellationToken)
    {
        await using var server = await accounts.OpenAsync(settings, client, "connection test", cancellationToken);
        string[] directories = [settings.RecipientDirectoryOf(client), settings.LogDirectoryOf(client), settings.ErrorDirectoryOf(client), settings.ResponseDirectory];
        foreach (var directory in directories.Distinct(StringComparer.Ordinal))
        {
            await server.ListAsync(directory, cancellationToken);
        }
    }

    private static async Task<Results<Ok<CampaignConnectionView>, ProblemHttpResult>> Restart(string id, CampaignsDbContext context, DispatchSignal signal, CancellationToken cancellationToken)
    {
        if (await context.Connections.SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is not { } row)
        {
            return Unknown(id).ToResult();
        }

        (row.HaltedAt, row.HaltedBy) = (null, null);
        await context.SaveChangesAsync(cancellationToken);
        signal.Wake();
        return TypedResults.Ok(CampaignConnectionView.Of(row));
    }

    private static async Task<Refusal?> SaveAsync(CampaignsDbContext context, string name, CancellationToken cancellationToken)
    {
        try
        {
            await context.SaveChangesAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return Refusal.Conflict("name-taken", "The name is taken", $"There is already a connection named '{name}'. Choose another name.");
        }
    }
}
