using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Campaigns.Lists;
using Platform.Campaigns.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Campaigns.Endpoints;

/// <summary>A recipient list to be made.</summary>
/// <remarks><c>client</c>: The connection's client it belongs to; left out where the connection has none.</remarks>
internal sealed record RecipientListInput(string Name, string ConnectionId, string? Client, LineBreaks? LineBreaks, IReadOnlyList<RecipientField> Fields);

/// <summary>Another order of fields. It becomes a new version; the confirmed one stays in use until the new one is confirmed by both sides.</summary>
internal sealed record RecipientFieldsInput(IReadOnlyList<RecipientField> Fields);

/// <summary>Which of the two sides agrees to a version.</summary>
internal enum AgreeingSide
{
    Us,
    Partner,
}

/// <summary>A confirmation. The partner's is entered here, with who gave it and where, for example a ticket of customer support.</summary>
/// <remarks><c>reference</c>: Required for the partner's side.</remarks>
internal sealed record ConfirmationInput(AgreeingSide Side, string? Reference);

/// <summary>One version of a list's fields.</summary>
internal sealed record ListVersionView(
    int Version, bool Confirmed, IReadOnlyList<RecipientField> Fields, DateTimeOffset CreatedAt, string CreatedBy, string? ConfirmedBy, DateTimeOffset? ConfirmedAt, string? PartnerConfirmedBy,
    DateTimeOffset? PartnerConfirmedAt)
{
    public static ListVersionView Of(RecipientListVersion row) => new(
        row.Version, row.IsConfirmed, row.Fields, row.CreatedAt, row.CreatedBy, row.ConfirmedBy, row.ConfirmedAt, row.PartnerConfirmedBy, row.PartnerConfirmedAt);
}

/// <summary>A recipient list as the API shows it.</summary>
/// <remarks><c>usedVersion</c>: The newest version both sides have confirmed: the one dispatches use; absent while there is none.</remarks>
internal sealed record RecipientListView(
    string Id, string Name, string ConnectionId, string? Client, LineBreaks LineBreaks, int? UsedVersion, IReadOnlyList<ListVersionView> Versions, DateTimeOffset CreatedAt)
{
    public static RecipientListView Of(RecipientList row, IEnumerable<RecipientListVersion> versions)
    {
        var ordered = versions.OrderByDescending(version => version.Version).ToList();
        return new(row.Id, row.Name, row.ConnectionId, row.Client, row.LineBreaks, ordered.FirstOrDefault(version => version.IsConfirmed)?.Version, [.. ordered.Select(ListVersionView.Of)], row.CreatedAt);
    }
}

internal static class RecipientListEndpoints
{
    public static void MapRecipientLists(this WebApplication app)
    {
        var lists = app.MapGroup("/api/campaigns/recipient-lists").RequireAuthorization(Roles.Viewer).WithTags("campaign recipient lists");
        lists.MapPost("", Create).RequireAuthorization(Roles.Operator).WithName("CreateRecipientList").WithSummary("Define a recipient list: its fields in their order");
        lists.MapGet("", List).WithName("ListRecipientLists").WithSummary("Recipient lists by id");
        lists.MapGet("/{id}", Get).WithName("GetRecipientList").WithSummary("One recipient list with all its versions");
        lists.MapPost("/{id}/versions", AddVersion).RequireAuthorization(Roles.Operator).WithName("AddRecipientListVersion").WithSummary("Propose another order of fields");
        lists.MapPost("/{id}/versions/{version:int}/confirm", Confirm).RequireAuthorization(Roles.Operator).WithName("ConfirmRecipientListVersion")
            .WithSummary("Record that one side agrees to a version; it is used once both do");
    }

    internal static Refusal Unknown(string id) => Refusal.NotFound("recipient list", id, "GET /api/campaigns/recipient-lists lists them.");

    private static async Task<Results<Created<RecipientListView>, ProblemHttpResult>> Create(
        RecipientListInput input, CampaignsDbContext context, HttpContext http, TimeProvider clock, CancellationToken cancellationToken)
    {
        var problems = RecipientListCheck.Check(input.Fields);
        if (input.Name.Trim().Length is 0 or > 200)
        {
            problems.Add(new("$.name", "Expected a name of 1 to 200 characters."));
        }

        var connection = await context.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == input.ConnectionId, cancellationToken);
        if (connection is null)
        {
            problems.Add(new("$.connectionId", $"There is no connection '{input.ConnectionId}'; GET /api/campaigns/connections lists them."));
        }
        else if (input.Client is null ? connection.Settings.Clients.Count > 0 : connection.Settings.Find(input.Client) is null)
        {
            problems.Add(new("$.client", connection.Settings.Clients.Count == 0
                ? $"The connection '{connection.Name}' has no clients; leave it out."
                : $"Expected one of the connection's clients: {string.Join(", ", connection.Settings.Clients.Select(client => client.Name))}."));
        }

        if (problems.Count > 0)
        {
            return Refusal.Invalid("The recipient list", problems).ToResult();
        }

        var now = clock.GetUtcNow();
        var list = new RecipientList
        {
            Id = PublicId.Short("rl"),
            Name = input.Name.Trim(),
            ConnectionId = input.ConnectionId,
            Client = input.Client,
            LineBreaks = input.LineBreaks ?? LineBreaks.Refuse,
            CreatedAt = now,
        };
        var version = new RecipientListVersion { ListId = list.Id, Version = 1, Fields = input.Fields, CreatedAt = now, CreatedBy = http.CallerName() };
        context.RecipientLists.Add(list);
        context.ListVersions.Add(version);
        try
        {
            await context.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return Refusal.Conflict("name-taken", "The name is taken", $"The connection has a recipient list named '{list.Name}' already. Choose another name.").ToResult();
        }

        return TypedResults.Created($"/api/campaigns/recipient-lists/{list.Id}", RecipientListView.Of(list, [version]));
    }

    private static async Task<Results<Ok<Page<RecipientListView>>, ProblemHttpResult>> List(
        CampaignsDbContext context, CancellationToken cancellationToken, int limit = Paging.DefaultLimit, string? after = null, string? connectionId = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var rows = await context.RecipientLists.AsNoTracking().Where(row => (after == null || string.Compare(row.Id, after) > 0) && (connectionId == null || row.ConnectionId == connectionId))
            .OrderBy(row => row.Id).Take(limit + 1).ToListAsync(cancellationToken);
        var ids = rows.Select(row => row.Id).ToList();
        var versions = (await context.ListVersions.AsNoTracking().Where(version => ids.Contains(version.ListId)).ToListAsync(cancellationToken)).ToLookup(version => version.ListId);
        return TypedResults.Ok(Page<RecipientListView>.From([.. rows.Select(row => RecipientListView.Of(row, versions[row.Id]))], limit, row => row.Id));
    }

    private static async Task<Results<Ok<RecipientListView>, ProblemHttpResult>> Get(string id, CampaignsDbContext context, CancellationToken cancellationToken) =>
        await context.RecipientLists.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is { } row
            ? TypedResults.Ok(await ViewAsync(context, row, cancellationToken))
            : Unknown(id).ToResult();

    private static async Task<Results<Created<RecipientListView>, ProblemHttpResult>> AddVersion(
        string id, RecipientFieldsInput input, CampaignsDbContext context, HttpContext http, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (await context.RecipientLists.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is not { } list)
        {
            return Unknown(id).ToResult();
        }

        if (RecipientListCheck.Check(input.Fields) is { Count: > 0 } problems)
        {
            return Refusal.Invalid("The fields", problems).ToResult();
        }

        var last = await context.ListVersions.Where(version => version.ListId == id).MaxAsync(version => version.Version, cancellationToken);
        context.ListVersions.Add(new() { ListId = id, Version = last + 1, Fields = input.Fields, CreatedAt = clock.GetUtcNow(), CreatedBy = http.CallerName() });
        try
        {
            await context.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return Refusal.Conflict("version-taken", "Somebody else was faster", $"Version {last + 1} was proposed by somebody else in this moment. Look at it first.").ToResult();
        }

        return TypedResults.Created($"/api/campaigns/recipient-lists/{id}", await ViewAsync(context, list, cancellationToken));
    }

    private static async Task<Results<Ok<RecipientListView>, ProblemHttpResult>> Confirm(
        string id, int version, ConfirmationInput input, CampaignsDbContext context, HttpContext http, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (await context.RecipientLists.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is not { } list)
        {
            return Unknown(id).ToResult();
        }

        if (await context.ListVersions.SingleOrDefaultAsync(row => row.ListId == id && row.Version == version, cancellationToken) is not { } row)
        {
            return Refusal.NotFound("version", version.ToString(System.Globalization.CultureInfo.InvariantCulture), $"GET /api/campaigns/recipient-lists/{id} shows the versions.").ToResult();
        }

        if (input.Side == AgreeingSide.Us)
        {
            (row.ConfirmedBy, row.ConfirmedAt) = (row.ConfirmedBy ?? http.CallerName(), row.ConfirmedAt ?? clock.GetUtcNow());
        }
        else if (string.IsNullOrWhiteSpace(input.Reference))
        {
            return Refusal.Invalid("The confirmation", [new("$.reference", "Expected who at the partner agreed, and where that is written, for example a ticket of customer support.")]).ToResult();
        }
        else
        {
            (row.PartnerConfirmedBy, row.PartnerConfirmedAt) = (row.PartnerConfirmedBy ?? input.Reference.Trim(), row.PartnerConfirmedAt ?? clock.GetUtcNow());
        }

        await context.SaveChangesAsync(cancellationToken);
        return TypedResults.Ok(await ViewAsync(context, list, cancellationToken));
    }

    private static async Task<RecipientListView> ViewAsync(CampaignsDbContext context, RecipientList list, CancellationToken cancellationToken) =>
        RecipientListView.Of(list, await context.ListVersions.AsNoTracking().Where(version => version.ListId == list.Id).ToListAsync(cancellationToken));
}
