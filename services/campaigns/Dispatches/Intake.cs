using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Platform.Campaigns.Persistence;
using Platform.Campaigns.Recipients;
using Platform.Contracts.Campaigns;

namespace Platform.Campaigns.Dispatches;

/// <summary>Takes the recipients of a dispatch in, in one transaction: file, counts, problems and the state that follows from them.</summary>
internal sealed class Intake(CampaignsDbContext context, NpgsqlDataSource database, ContentLinks links, TimeProvider clock)
{
    // A wave whose mailing never left wrote to nobody.
    private static readonly DispatchState[] Unsent = [DispatchState.Draft, DispatchState.Invalid, DispatchState.Cancelled, DispatchState.ImportFailed];

    /// <summary><paramref name="begin"/> and <paramref name="fence"/> run inside the transaction, first and before the commit: they make sure that the dispatch is the caller's.</summary>
    public async Task TakeAsync(Dispatch dispatch, IRecipientSource source, Func<NpgsqlTransaction, Task> begin, Func<NpgsqlTransaction, Task> fence, CancellationToken cancellationToken)
    {
        var list = await context.RecipientLists.AsNoTracking().SingleAsync(row => row.Id == dispatch.ListId, cancellationToken);
        var version = await context.ListVersions.AsNoTracking().SingleAsync(row => row.ListId == dispatch.ListId && row.Version == dispatch.ListVersion, cancellationToken);
        var settings = (await context.Connections.AsNoTracking().SingleAsync(row => row.Id == dispatch.ConnectionId, cancellationToken)).Settings;

        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var npgsql = (NpgsqlTransaction)transaction.GetDbTransaction();
        await begin(npgsql);
        var preparation = new Preparation(dispatch, list, version.Fields)
        {
            ByteOrderMark = settings.ByteOrderMark,
            Wave = await WaveAsync(dispatch, npgsql, cancellationToken),
            Products = await ProductsAsync(dispatch, cancellationToken),
        };
        var prepared = await preparation.RunAsync(npgsql, source, cancellationToken);
        var warnings = await links.TryAsync(prepared.ContentUrls, cancellationToken);
        await fence(npgsql);

        await context.DispatchFiles.Where(row => row.DispatchId == dispatch.Id && row.Kind == DispatchFileKind.Subscribers).ExecuteDeleteAsync(cancellationToken);
        context.DispatchFiles.Add(new() { DispatchId = dispatch.Id, Kind = DispatchFileKind.Subscribers, Size = prepared.Size, Sha256 = prepared.Sha256 });
        (dispatch.RowsRead, dispatch.RowsWritten, dispatch.RowsInvalid, dispatch.Problems) = (prepared.RowsRead, prepared.RowsWritten, prepared.RowsInvalid, prepared.Problems);
        dispatch.Warnings = [.. dispatch.Warnings, .. warnings];
        var (state, message) = Outcome(dispatch);
        context.Change(dispatch, state, message, clock);
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static (DispatchState State, string Message) Outcome(Dispatch dispatch)
    {
        if (dispatch.RowsRead == 0)
        {
            return (DispatchState.Invalid, "There are no recipients.");
        }

        if (dispatch.RowsWritten == 0)
        {
            return (DispatchState.Invalid, $"None of the {dispatch.RowsRead:N0} rows can be sent; 'problems' says why.");
        }

        if (dispatch.RowsInvalid > 0 && dispatch.InvalidRows == InvalidRows.Refuse)
        {
            return (DispatchState.Invalid, $"{dispatch.RowsInvalid:N0} of {dispatch.RowsRead:N0} rows have problems. Nothing was sent: mend them, or make a dispatch that skips them.");
        }

        var skipped = dispatch.RowsInvalid > 0 ? $", {dispatch.RowsInvalid:N0} left out" : "";
        return (dispatch.SendRequested ? DispatchState.Queued : DispatchState.Ready, $"{dispatch.RowsWritten:N0} recipients{skipped}.");
    }

    private async Task<RecipientIndex> WaveAsync(Dispatch dispatch, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        var wave = new RecipientIndex();
        if (dispatch.WaveId is null || dispatch.Test)
        {
            return wave;
        }

        // Two dispatches of one wave that are taken in at the same time would not see each other.
        await using (var queue = new NpgsqlCommand("select pg_advisory_xact_lock(hashtextextended($1, 0))", transaction.Connection, transaction))
        {
            queue.Parameters.Add(new() { Value = $"wave {dispatch.ConnectionId} {dispatch.SourceMailingId} {dispatch.WaveId}" });
            await queue.ExecuteNonQueryAsync(cancellationToken);
        }

        var line = await Resending.LineAsync(context, dispatch, cancellationToken);
        var others = await context.Dispatches
            .Where(row => row.ConnectionId == dispatch.ConnectionId && row.SourceMailingId == dispatch.SourceMailingId && row.WaveId == dispatch.WaveId
                && !line.Contains(row.Id) && !row.Test && !Unsent.Contains(row.State))
            .Select(row => row.Id).ToListAsync(cancellationToken);
        await wave.LoadAsync(transaction.Connection!, transaction, others, cancellationToken);
        return wave;
    }

    /// <summary>The ids in the first column of the products file, below its header row.</summary>
    private async Task<IReadOnlySet<string>?> ProductsAsync(Dispatch dispatch, CancellationToken cancellationToken)
    {
        var file = await context.DispatchFiles.AsNoTracking().SingleOrDefaultAsync(row => row.DispatchId == dispatch.Id && row.Kind == DispatchFileKind.Products, cancellationToken);
        if (file is null)
        {
            return null;
        }

        var ids = new HashSet<string>(StringComparer.Ordinal);
        await using var content = DispatchContent.OpenRead(database, dispatch.Id, DispatchContent.KindOf(DispatchFileKind.Products), file.Size);
        var rows = new CsvRows(content, ';');
        var row = new RecipientRow();
        for (var header = true; await rows.ReadAsync(row, cancellationToken); header = false)
        {
            if (!header && !row.IsNull(0))
            {
                ids.Add(Encoding.UTF8.GetString(row[0]));
            }
        }

        return ids;
    }
}
