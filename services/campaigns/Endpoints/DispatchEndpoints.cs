using System.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Campaigns.Dispatches;
using Platform.Campaigns.Lists;
using Platform.Campaigns.Persistence;
using Platform.Campaigns.Recipients;
using Platform.Contracts.Campaigns;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Campaigns.Endpoints;

internal static class DispatchEndpoints
{
    // Said with every dispatch: nothing the platform could check, and what most often goes wrong.
    private const string Reminder =
        "The source mailing must be made in Smart Campaigns, not by the REST API, and must stay New or Activation required: an activated one cannot be copied, and nothing is sent.";

    public static void MapDispatches(this WebApplication app)
    {
        var dispatches = app.MapGroup("/api/campaigns/dispatches").RequireAuthorization(Roles.Viewer).WithTags("campaign dispatches");
        dispatches.MapPost("", Create).RequireAuthorization(Roles.Operator).WithName("CreateDispatch").WithSummary("Make a dispatch from recipients, a query over domain tables, or a file to follow");
        dispatches.MapGet("", List).WithName("ListDispatches").WithSummary("Dispatches, newest first");
        dispatches.MapGet("/{id}", Get).WithName("GetDispatch").WithSummary("One dispatch with its files and history");
        dispatches.MapGet("/{id}/problems", Problems).WithName("ListDispatchProblems").WithSummary("What is wrong with which rows: the first thousand problems");
        dispatches.MapPost("/{id}/send", Send).RequireAuthorization(Roles.Operator).WithName("SendDispatch").WithSummary("Give the word to send, at once or at a time; also again after a failure");
        dispatches.MapPost("/{id}/cancel", Cancel).RequireAuthorization(Roles.Operator).WithName("CancelDispatch").WithSummary("End a dispatch that has not been sent");
        dispatches.MapPost("/{id}/resend", ResendEndpoint.Resend).RequireAuthorization(Roles.Operator).WithName("ResendDispatch").WithSummary("Make a dispatch for those whose mail bounced softly");
    }

    internal static Refusal Unknown(string id) => Refusal.NotFound("dispatch", id, "GET /api/campaigns/dispatches lists them.");

    internal static async Task<DispatchView> ViewAsync(CampaignsDbContext context, Dispatch row, CancellationToken cancellationToken) => DispatchView.Of(
        row,
        await context.DispatchFiles.AsNoTracking().Where(file => file.DispatchId == row.Id).ToListAsync(cancellationToken),
        await context.DispatchEvents.AsNoTracking().Where(change => change.DispatchId == row.Id).ToListAsync(cancellationToken));

    /// <summary>The newest version of a list both sides have confirmed.</summary>
    internal static Task<RecipientListVersion?> UsedVersionAsync(CampaignsDbContext context, string listId, CancellationToken cancellationToken) => context.ListVersions.AsNoTracking()
        .Where(row => row.ListId == listId && row.ConfirmedAt != null && row.PartnerConfirmedAt != null).OrderByDescending(row => row.Version).FirstOrDefaultAsync(cancellationToken);

    internal static async Task<IReadOnlyList<string>> WarningsAsync(CampaignsDbContext context, string connectionId, long sourceMailingId, CancellationToken cancellationToken)
    {
        var unsent = await context.Dispatches.AsNoTracking()
            .Where(row => row.ConnectionId == connectionId && row.SourceMailingId == sourceMailingId && (row.State == DispatchState.Queued || row.State == DispatchState.Uploading
                || row.State == DispatchState.Uploaded || row.State == DispatchState.Imported || row.State == DispatchState.Sending))
            .OrderByDescending(row => row.CreatedAt).Select(row => row.Id).FirstOrDefaultAsync(cancellationToken);
        return unsent is null
            ? [Reminder]
            : [Reminder, $"The dispatch {unsent} of the same source mailing is not sent yet. Do not change the source mailing before it is; to send at the same time use another source mailing."];
    }

    private static async Task<Results<Created<DispatchView>, ProblemHttpResult>> Create(
        DispatchInput input, CampaignsDbContext context, Intake intake, DomainTables domainTables, DispatchSignal signal, HttpContext http, TimeProvider clock, CancellationToken cancellationToken)
    {
        var list = await context.RecipientLists.AsNoTracking().SingleOrDefaultAsync(row => row.Id == input.ListId, cancellationToken);
        var version = await UsedVersionAsync(context, input.ListId, cancellationToken);
        var problems = await CheckAsync(input, list, version, domainTables, cancellationToken);
        if (problems.Count > 0)
        {
            return Refusal.Invalid("The dispatch", problems).ToResult();
        }

        var now = clock.GetUtcNow();
        var dispatch = new Dispatch
        {
            Id = PublicId.Sequential("dp"),
            ConnectionId = list!.ConnectionId,
            ListId = list.Id,
            ListVersion = version!.Version,
            SourceMailingId = input.SourceMailingId,
            WaveId = input.WaveId,
            Test = input.Test,
            Query = input.Query,
            InvalidRows = input.InvalidRows ?? InvalidRows.Refuse,
            SendRequested = input.Send,
            ScheduledAt = input.ScheduledAt,
            Warnings = await WarningsAsync(context, list.ConnectionId, input.SourceMailingId, cancellationToken),
            TraceParent = Activity.Current?.Id,
            CreatedAt = now,
            CreatedBy = http.CallerName(),
            ChangedAt = now,
        };
        context.Dispatches.Add(dispatch);
        context.Change(dispatch, input.Query is null ? DispatchState.Draft : DispatchState.Preparing, null, clock);
        await context.SaveChangesAsync(cancellationToken);
        if (input.Recipients is { } recipients)
        {
            await intake.TakeAsync(
                dispatch, new JsonSource(recipients, version.Fields), transaction => DraftLock.TakeAsync(transaction, dispatch.Id, cancellationToken), _ => Task.CompletedTask, cancellationToken);
        }

        signal.Wake();
        return TypedResults.Created($"/api/campaigns/dispatches/{dispatch.Id}", await ViewAsync(context, dispatch, cancellationToken));
    }

    private static async Task<List<FieldProblem>> CheckAsync(
        DispatchInput input, RecipientList? list, RecipientListVersion? version, DomainTables domainTables, CancellationToken cancellationToken)
    {
        var problems = new List<FieldProblem>();
        if (list is null)
        {
            problems.Add(new("$.listId", $"There is no recipient list '{input.ListId}'; GET /api/campaigns/recipient-lists lists them."));
        }
        else if (version is null)
        {
            problems.Add(new("$.listId", $"No version of the recipient list '{list.Name}' is confirmed by both sides yet; see POST /api/campaigns/recipient-lists/{list.Id}/versions/1/confirm."));
        }

        if (input.SourceMailingId <= 0)
        {
            problems.Add(new("$.sourceMailingId", "Expected the id of the source mailing in Optimizely Campaign, a positive number."));
        }

        if (input.WaveId is <= 0)
        {
            problems.Add(new("$.waveId", "Expected a positive number."));
        }
        else if (input.WaveId is not null && version?.Fields.All(field => field.EffectiveRole != RecipientFieldRole.Wave) == true)
        {
            problems.Add(new("$.waveId", "The recipient list has no field for a wave (WAVE_ID)."));
        }

        if (input.Recipients is not null && input.Query is not null)
        {
            problems.Add(new("$.query", "Expected recipients or a query, not both."));
        }

        if (input.Query is not null && version is not null)
        {
            try
            {
                ColumnMap.Of(await DomainQuery.DescribeAsync(domainTables.Database, input.Query, cancellationToken), version.Fields, "The query");
            }
            catch (Exception e) when (e is RecipientSourceException or DispatchFailureException)
            {
                problems.Add(new("$.query", e.Message));
            }
        }

        return problems;
    }

    private static async Task<Results<Ok<Page<DispatchView>>, ProblemHttpResult>> List(
        CampaignsDbContext context, CancellationToken cancellationToken, int limit = Paging.DefaultLimit, string? after = null, string? connectionId = null, QueryWord<DispatchState>? state = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var wanted = state?.Value;
        var rows = await context.Dispatches.AsNoTracking()
            .Where(row => (after == null || string.Compare(row.Id, after) < 0) && (connectionId == null || row.ConnectionId == connectionId) && (wanted == null || row.State == wanted))
            .OrderByDescending(row => row.Id).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<DispatchView>.From([.. rows.Select(row => DispatchView.Of(row, [], []))], limit, row => row.Id));
    }

    private static async Task<Results<Ok<DispatchView>, ProblemHttpResult>> Get(string id, CampaignsDbContext context, CancellationToken cancellationToken) =>
        await context.Dispatches.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is { } row
            ? TypedResults.Ok(await ViewAsync(context, row, cancellationToken))
            : Unknown(id).ToResult();

    private static async Task<Results<Ok<IReadOnlyList<RowProblem>>, ProblemHttpResult>> Problems(string id, CampaignsDbContext context, CancellationToken cancellationToken) =>
        await context.Dispatches.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is { } row ? TypedResults.Ok(row.Problems) : Unknown(id).ToResult();

    private static async Task<Results<Ok<DispatchView>, ProblemHttpResult>> Send(
        string id, SendInput? input, CampaignsDbContext context, DispatchSignal signal, TimeProvider clock, CancellationToken cancellationToken)
    {
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (await LockedAsync(context, id, cancellationToken) is not { } dispatch)
        {
            return Unknown(id).ToResult();
        }

        if (dispatch.State is not (DispatchState.Draft or DispatchState.Preparing or DispatchState.Ready or DispatchState.Queued or DispatchState.Failed))
        {
            return Refusal.Conflict("dispatch-not-sendable", "The dispatch cannot be sent", dispatch.State == DispatchState.Invalid
                ? $"The dispatch has problems: {dispatch.Message} Make a new one with mended recipients."
                : $"The dispatch is {StateWord(dispatch.State)} already. A dispatch is sent once; make a new one to send again.").ToResult();
        }

        dispatch.SendRequested = true;
        dispatch.ScheduledAt = input?.ScheduledAt;
        dispatch.NotBefore = null;
        dispatch.Faults = 0;
        if (dispatch.State is DispatchState.Ready or DispatchState.Failed)
        {
            context.Change(dispatch, DispatchState.Queued, null, clock);
        }

        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        signal.Wake();
        return TypedResults.Ok(await ViewAsync(context, dispatch, cancellationToken));
    }

    private static async Task<Results<Ok<DispatchView>, ProblemHttpResult>> Cancel(string id, CampaignsDbContext context, TimeProvider clock, CancellationToken cancellationToken)
    {
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (await LockedAsync(context, id, cancellationToken) is not { } dispatch)
        {
            return Unknown(id).ToResult();
        }

        if (dispatch.State is DispatchState.Cancelled)
        {
            return TypedResults.Ok(await ViewAsync(context, dispatch, cancellationToken));
        }

        var onItsWay = await context.DispatchFiles.AnyAsync(file => file.DispatchId == id && (file.State == DispatchFileState.Renaming || file.State == DispatchFileState.Uploaded) && file.Kind == DispatchFileKind.Subscribers, cancellationToken);
        if (onItsWay || dispatch.State is not (DispatchState.Draft or DispatchState.Preparing or DispatchState.Ready or DispatchState.Queued or DispatchState.Uploading or DispatchState.Failed))
        {
            return Refusal.Conflict("dispatch-sent", "It is too late", $"The dispatch is {StateWord(dispatch.State)}{(onItsWay ? ", and its recipient file has been handed over" : "")}; it cannot be taken back here.").ToResult();
        }

        // Another attempt number takes the dispatch away from whoever works on it: the fence lets nothing of that attempt through any more. What that attempt left on the server is
        // removed when it has surely ended.
        dispatch.Attempt++;
        dispatch.Faults = 0;
        dispatch.NotBefore = dispatch.LeaseUntil is null ? null : dispatch.LeaseUntil + DispatchLeases.Grace;
        (dispatch.LeaseOwner, dispatch.LeaseUntil) = (null, null);
        context.Change(dispatch, DispatchState.Cancelled, null, clock);
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(await ViewAsync(context, dispatch, cancellationToken));
    }

    private static async Task<Dispatch?> LockedAsync(CampaignsDbContext context, string id, CancellationToken cancellationToken) =>
        await context.Dispatches.FromSql($"select * from dispatches where id = {id} for update").SingleOrDefaultAsync(cancellationToken);

    private static string StateWord(DispatchState state) => System.Text.Json.JsonSerializer.SerializeToElement(state, PlatformJson.Options).GetString()!;
}
