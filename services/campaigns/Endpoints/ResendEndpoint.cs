using System.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Campaigns.Dispatches;
using Platform.Campaigns.Persistence;
using Platform.Contracts.Campaigns;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Campaigns.Endpoints;

/// <summary>L6: resending to soft bounces.</summary>
internal static class ResendEndpoint
{
    public static async Task<Results<Created<DispatchView>, ProblemHttpResult>> Resend(
        string id, ResendInput? input, CampaignsDbContext context, Resending resending, DispatchSignal signal, HttpContext http, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (await context.Dispatches.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is not { } origin)
        {
            return DispatchEndpoints.Unknown(id).ToResult();
        }

        if (input?.SourceMailingId is <= 0)
        {
            return Refusal.Invalid("The dispatch", [new("$.sourceMailingId", "Expected the id of the source mailing in Optimizely Campaign, a positive number.")]).ToResult();
        }

        var version = (await DispatchEndpoints.UsedVersionAsync(context, origin.ListId, cancellationToken))!;
        if (await resending.RefuseAsync(origin, version.Fields, cancellationToken) is { } refusal)
        {
            return refusal.ToResult();
        }

        var now = clock.GetUtcNow();
        var sourceMailing = input?.SourceMailingId ?? origin.SourceMailingId;
        var dispatch = new Dispatch
        {
            Id = PublicId.Sequential("dp"),
            ConnectionId = origin.ConnectionId,
            ListId = origin.ListId,
            ListVersion = version.Version,
            SourceMailingId = sourceMailing,
            WaveId = origin.WaveId,
            Test = origin.Test,
            OriginId = origin.Id,
            InvalidRows = origin.InvalidRows,
            SendRequested = input?.Send ?? false,
            ScheduledAt = input?.ScheduledAt,
            Warnings = await DispatchEndpoints.WarningsAsync(context, origin.ConnectionId, sourceMailing, cancellationToken),
            TraceParent = Activity.Current?.Id,
            CreatedAt = now,
            CreatedBy = http.CallerName(),
            ChangedAt = now,
        };
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        context.Dispatches.Add(dispatch);
        context.Change(dispatch, DispatchState.Preparing, $"For the soft bounces of {origin.Id}.", clock);
        await context.SaveChangesAsync(cancellationToken);
        await CopyCompanionsAsync(context, origin.Id, dispatch.Id, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        signal.Wake();
        return TypedResults.Created($"/api/campaigns/dispatches/{dispatch.Id}", await DispatchEndpoints.ViewAsync(context, dispatch, cancellationToken));
    }

    /// <summary>Recipients refer to products by their ids: the products and recommendations files of the origin go along.</summary>
    private static Task<int> CopyCompanionsAsync(CampaignsDbContext context, string from, string to, CancellationToken cancellationToken) => context.Database.ExecuteSqlAsync(
        $"""
        with companions as (
            insert into dispatch_files (dispatch_id, kind, state, size, sha256)
            select {to}, kind, 'prepared', size, sha256 from dispatch_files where dispatch_id = {from} and kind <> 'subscribers' returning kind)
        insert into dispatch_chunks (dispatch_id, kind, first_byte, bytes)
        select {to}, c.kind, c.first_byte, c.bytes from dispatch_chunks as c join companions using (kind) where c.dispatch_id = {from}
        """, cancellationToken);
}
