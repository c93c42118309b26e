using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Campaigns.Lists;
using Platform.Campaigns.Persistence;
using Platform.Campaigns.Recipients;
using Platform.Contracts.Campaigns;
using Platform.Contracts.Failures;
using Platform.ServiceDefaults;

namespace Platform.Campaigns.Dispatches;

/// <summary>A mailing sent once more, to those whose mail bounced softly: a dispatch of its own that names its origin (L6, docs/adr/0044).</summary>
internal sealed class Resending(CampaignsDbContext context, NpgsqlDataSource database, SoftBounces bounces)
{
    /// <summary>Why a dispatch cannot be sent again to anybody; null when it can.</summary>
    public async Task<Refusal?> RefuseAsync(Dispatch origin, IReadOnlyList<RecipientField> fields, CancellationToken cancellationToken)
    {
        if (origin.State != DispatchState.Sent || origin.MailingId is null)
        {
            return Refusal.Conflict("dispatch-not-sent", "The mailing was not sent yet", origin.State == DispatchState.Sent
                ? $"The partner's log file named no mailing for the dispatch '{origin.Id}': its bounces cannot be told."
                : $"Only a mailing that was sent has soft bounces; the dispatch '{origin.Id}' has not been told sent by the partner's log file.");
        }

        if (!await DispatchContent.ExistsAsync(database, origin.Id, DispatchFileKind.Subscribers, cancellationToken))
        {
            return new(StatusCodes.Status410Gone, "file-removed", "The recipient file is no longer kept", ContentRetention.Removed(origin.Id));
        }

        try
        {
            ColumnMap.Of([.. (await FieldsAsync(origin, cancellationToken)).Select(field => field.Name)], fields, "The origin's file");
        }
        catch (RecipientSourceException e)
        {
            return Refusal.Conflict("list-changed", "The recipient list has changed", $"{e.Message} Make a dispatch from a query or a file instead.");
        }

        return await FindAsync(origin, cancellationToken) switch
        {
            null => Refusal.Conflict("responses-missing", "The responses are not there yet",
                $"The sending log of mailing {origin.MailingId} (mailingrecipients) has not been imported. Import the responses of its day first."),
            { Count: 0 } => Refusal.Conflict("no-soft-bounces", "There are no soft bounces", $"Nobody bounced softly in mailing {origin.MailingId}, as far as its responses have been imported."),
            _ => null,
        };
    }

    /// <summary>The recipients of a dispatch that is made for soft bounces.</summary>
    public async Task<OriginSource> OpenAsync(Dispatch dispatch, IReadOnlyList<RecipientField> fields, CancellationToken cancellationToken)
    {
        var origin = await context.Dispatches.AsNoTracking().SingleAsync(row => row.Id == dispatch.OriginId, cancellationToken);
        var file = await context.DispatchFiles.AsNoTracking().SingleAsync(row => row.DispatchId == origin.Id && row.Kind == DispatchFileKind.Subscribers, cancellationToken);
        if (!await DispatchContent.ExistsAsync(database, origin.Id, DispatchFileKind.Subscribers, cancellationToken))
        {
            throw new DispatchFailureException(FailureCategory.BadFile, ContentRetention.Removed(origin.Id));
        }

        return new(
            DispatchContent.OpenRead(database, origin.Id, DispatchContent.KindOf(DispatchFileKind.Subscribers), file.Size), await FieldsAsync(origin, cancellationToken), fields,
            await FindAsync(origin, cancellationToken) ?? new HashSet<UInt128>());
    }

    /// <summary>A dispatch and those it was made from: all of them wrote to the same people, and are meant to.</summary>
    public static async Task<List<string>> LineAsync(CampaignsDbContext context, Dispatch dispatch, CancellationToken cancellationToken)
    {
        List<string> line = [dispatch.Id];
        for (var origin = dispatch.OriginId; origin is not null;)
        {
            var id = origin;
            line.Add(id);
            origin = await context.Dispatches.Where(row => row.Id == id).Select(row => row.OriginId).SingleAsync(cancellationToken);
        }

        return line;
    }

    private async Task<IReadOnlyList<RecipientField>> FieldsAsync(Dispatch dispatch, CancellationToken cancellationToken) =>
        (await context.ListVersions.AsNoTracking().SingleAsync(row => row.ListId == dispatch.ListId && row.Version == dispatch.ListVersion, cancellationToken)).Fields;

    private async Task<IReadOnlySet<UInt128>?> FindAsync(Dispatch origin, CancellationToken cancellationToken)
    {
        var settings = (await context.Connections.AsNoTracking().SingleAsync(row => row.Id == origin.ConnectionId, cancellationToken)).Settings;
        return await bounces.FindAsync(settings.ResponseSource, origin.MailingId!.Value, cancellationToken);
    }
}
