using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Persistence;
using Platform.OptimizelyBrevo.Sync;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.OptimizelyBrevo.Endpoints;

internal sealed record SyncInput
{
    public required string ConnectionId { get; init; }

    public SyncScope Scope { get; init; } = SyncScope.All;

    /// <summary>Says what would change, with counts and samples, and changes nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>Scope users: at most 1000.</summary>
    public IReadOnlyList<SyncUser>? Users { get; init; }

    /// <summary>Scope list: a Brevo list, whose members are evaluated.</summary>
    public long? ListId { get; init; }

    /// <summary>Scope table: a source table of the connection.</summary>
    public string? Table { get; init; }

    /// <summary>Only these flags are evaluated; left out, all.</summary>
    public IReadOnlyList<string>? Flags { get; init; }
}

/// <summary>A sync and how far it is.</summary>
internal sealed record SyncView(
    string Id, string ConnectionId, SyncScope Scope, string RequestedBy, bool DryRun, SyncState State, SyncPhase Phase, SyncCounts Counts, string? Message, int Attempt,
    DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt)
{
    public static SyncView Of(SyncRun row) => new(
        row.Id, row.ConnectionId, row.Scope, row.RequestedBy, row.DryRun, row.State, row.Phase, row.Counts, row.Message, row.Attempt, row.CreatedAt, row.StartedAt, row.EndedAt);
}

/// <summary>One contact of a sync: what was or would be sent, and what became of it.</summary>
internal sealed record SyncChangeView(long No, string Contact, JsonElement? Attributes, IReadOnlyList<long> AddLists, IReadOnlyList<long> DropLists, bool IsNew, ChangeOutcome Outcome, string? Reason);

/// <summary>What Brevo should hold of a contact, and what it was last sent.</summary>
internal sealed record ContactView(string Email, JsonElement Desired, JsonElement? Sent, IReadOnlyList<long> Lists, DateTimeOffset? DecidedAt, DateTimeOffset? SentAt, int Failures, string? Reason, DateTimeOffset? RetryAt);

/// <summary>Syncs (O9).</summary>
internal static class SyncEndpoints
{
    private const int MostUsers = 1000;

    public static void MapSyncEndpoints(this WebApplication app)
    {
        var group = app.MapGroup("/api/optimizely-brevo/syncs").WithTags("optimizely-brevo syncs").RequireAuthorization(Roles.Viewer);
        group.MapPost("/", StartAsync).WithName("StartSync").WithSummary("Brings Brevo contacts up to date: recorded decisions, users, a list, a domain table, or all a connection knows.").RequireAuthorization(Roles.Operator);
        group.MapGet("/", ListAsync).WithName("ListSyncs").WithSummary("Syncs, newest first.");
        group.MapGet("/{id}", GetAsync).WithName("GetSync").WithSummary("One sync with its counts.");
        group.MapGet("/{id}/changes", ListChangesAsync).WithName("ListSyncChanges").WithSummary("The contacts a sync sent, would send, skipped or could not send, with the reasons.");
        group.MapPost("/{id}/cancel", CancelAsync).WithName("CancelSync").WithSummary("Stops a sync after the calls under way; what was not sent is due with the next one.").RequireAuthorization(Roles.Operator);
        app.MapGet("/api/optimizely-brevo/connections/{connectionId}/contacts/{email}", GetContactAsync).WithTags("optimizely-brevo syncs").RequireAuthorization(Roles.Viewer)
            .WithName("GetSyncedContact").WithSummary("What a contact should hold in Brevo, what it was last sent, and why it was refused.");
    }

    private static async Task<Results<Accepted<SyncView>, ProblemHttpResult>> StartAsync(
        SyncInput input, OptimizelyBrevoDbContext db, SyncLeases leases, TimeProvider clock, HttpContext http, CancellationToken cancellationToken)
    {
        if (await db.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == input.ConnectionId, cancellationToken) is not { } connection)
        {
            return ConnectionEndpoints.Unknown(input.ConnectionId).ToResult();
        }

        if (!connection.Enabled)
        {
            return Refusal.Conflict("connection-disabled", "The connection is switched off", $"'{connection.Name}' is switched off. Set enabled to true first.").ToResult();
        }

        if (Check(input, connection) is { Count: > 0 } problems)
        {
            return Refusal.Invalid("The sync", problems).ToResult();
        }

        var request = new SyncRequest { Users = input.Users, ListId = input.ListId, Table = input.Table, Flags = input.Flags };
        var sync = SyncQueue.New(connection.Id, input.Scope, request, http.CallerName(), input.DryRun, clock);
        db.Syncs.Add(sync);
        await db.SaveChangesAsync(cancellationToken);
        leases.Ring();
        return TypedResults.Accepted($"/api/optimizely-brevo/syncs/{sync.Id}", SyncView.Of(sync));
    }

    private static List<FieldProblem> Check(SyncInput input, Connection connection)
    {
        var problems = new List<FieldProblem>();
        if (input.Scope == SyncScope.Users && input.Users is not { Count: > 0 and <= MostUsers })
        {
            problems.Add(new("$.users", $"With the scope users, 1 to {MostUsers} users are needed; for more, use a domain table."));
        }

        if (input.Scope == SyncScope.List && input.ListId is not > 0)
        {
            problems.Add(new("$.listId", "With the scope list, the id of a Brevo list is needed."));
        }

        if (input.Scope == SyncScope.Table && !connection.Settings.Sources.Any(source => source.Table == input.Table))
        {
            var known = connection.Settings.Sources.Select(source => source.Table).Distinct(StringComparer.Ordinal).ToList();
            problems.Add(new("$.table", $"With the scope table, one of the connection's sources is needed: {(known.Count == 0 ? "it has none yet" : string.Join(", ", known))}."));
        }

        // Whoever names users, a list or a table, and no scope, did not mean everybody.
        foreach (var (path, scope, given) in new[] { ("$.users", SyncScope.Users, input.Users is not null), ("$.listId", SyncScope.List, input.ListId is not null), ("$.table", SyncScope.Table, input.Table is not null) })
        {
            if (given && input.Scope != scope)
            {
                problems.Add(new(path, $"Means something with the scope {Named(scope)} alone, and the scope is {Named(input.Scope)}. Set scope to {Named(scope)}, or leave this out."));
            }
        }

        for (var i = 0; i < (input.Users?.Count ?? 0) && input.Users!.Count <= MostUsers; i++)
        {
            if (input.Users[i].UserId.Length is 0 or > 1000)
            {
                problems.Add(new($"$.users[{i}].userId", "A user id has 1 to 1000 characters."));
            }
        }

        return problems;
    }

    private static string Named(SyncScope scope) => JsonNamingPolicy.CamelCase.ConvertName(scope.ToString());

    private static async Task<Results<Ok<Page<SyncView>>, ProblemHttpResult>> ListAsync(
        OptimizelyBrevoDbContext db, CancellationToken cancellationToken, string? connectionId = null, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var rows = await db.Syncs.AsNoTracking().Where(row => (connectionId == null || row.ConnectionId == connectionId) && (after == null || string.Compare(row.Id, after) < 0))
            .OrderByDescending(row => row.Id).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<SyncView>.From(rows.ConvertAll(SyncView.Of), limit, view => view.Id));
    }

    private static async Task<Results<Ok<SyncView>, ProblemHttpResult>> GetAsync(string id, OptimizelyBrevoDbContext db, CancellationToken cancellationToken) =>
        await db.Syncs.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is { } row ? TypedResults.Ok(SyncView.Of(row)) : Unknown(id).ToResult();

    private static async Task<Results<Ok<Page<SyncChangeView>>, ProblemHttpResult>> ListChangesAsync(
        string id, OptimizelyBrevoDbContext db, CancellationToken cancellationToken, string? outcome = null, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        if (!QueryWord.TryRead<ChangeOutcome>("outcome", outcome, out var wanted, out var problem))
        {
            return problem.ToResult();
        }

        if (!await db.Syncs.AnyAsync(row => row.Id == id, cancellationToken))
        {
            return Unknown(id).ToResult();
        }

        var from = long.TryParse(after, out var no) ? no : long.MinValue;
        var rows = await db.SyncChanges.AsNoTracking().Where(row => row.SyncId == id && row.No > from && (wanted == null || row.Outcome == wanted)).OrderBy(row => row.No).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<SyncChangeView>.From(
            rows.ConvertAll(row => new SyncChangeView(row.No, row.Subject, Parse(row.Attributes), row.AddLists, row.DropLists, row.IsNew, row.Outcome, row.Reason)), limit,
            view => view.No.ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }

    private static async Task<Results<Ok<SyncView>, ProblemHttpResult>> CancelAsync(string id, OptimizelyBrevoDbContext db, SyncLeases leases, CancellationToken cancellationToken)
    {
        var changed = await db.Syncs.Where(row => row.Id == id && (row.State == SyncState.Queued || row.State == SyncState.Running))
            .ExecuteUpdateAsync(set => set.SetProperty(row => row.CancelRequested, true).SetProperty(row => row.NotBefore, (DateTimeOffset?)null), cancellationToken);
        leases.Ring();
        return await db.Syncs.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is not { } row ? Unknown(id).ToResult()
            : changed == 0 ? Refusal.Conflict("sync-ended", "The sync has ended", $"Sync {id} has ended ({row.State}); there is nothing to cancel.").ToResult()
            : TypedResults.Ok(SyncView.Of(row));
    }

    private static async Task<Results<Ok<ContactView>, ProblemHttpResult>> GetContactAsync(string connectionId, string email, OptimizelyBrevoDbContext db, CancellationToken cancellationToken)
    {
        var address = email.Trim().ToLowerInvariant();
        return await db.Contacts.AsNoTracking().SingleOrDefaultAsync(row => row.ConnectionId == connectionId && row.Email == address, cancellationToken) is { } row
            ? TypedResults.Ok(new ContactView(row.Email, JsonElement.Parse(row.Desired), Parse(row.Sent), row.Lists, row.DecidedAt, row.SentAt, row.Failures, row.Reason, row.RetryAt))
            : Refusal.NotFound("contact", "of that address", "No sync of this connection has had anything to send for it.").ToResult();
    }

    private static JsonElement? Parse(string? json) => json is null ? null : JsonElement.Parse(json);

    private static Refusal Unknown(string id) => Refusal.NotFound("sync", id, "GET /api/optimizely-brevo/syncs lists them.");
}
