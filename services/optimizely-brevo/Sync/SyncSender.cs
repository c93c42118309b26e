using System.Collections.Concurrent;
using Npgsql;
using NpgsqlTypes;
using Microsoft.Extensions.Options;
using Platform.OptimizelyBrevo.Brevo;
using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Partners;
using Platform.Postgres;

namespace Platform.OptimizelyBrevo.Sync;

/// <summary>
/// The second half of a sync: its batches go to Brevo, several at once within the budget. "Sending" is committed before a call leaves; a batch found in that state after a
/// crash is settled by looking at its first and last contact in Brevo, and goes out again only if it did not arrive (O9).
/// </summary>
internal sealed partial class SyncSender(
    NpgsqlDataSource database, BrevoClient brevo, SyncBatches batches, ImportCheck check, IOptions<PartnerOptions> options, TimeProvider clock, ILogger<SyncSender> logger)
{
    private const int Parallel = 8;

    /// <summary>Imports this process reads, writes and sends at a time, of all syncs: each holds up to 7.5 MB of contacts several times over, and the budget, not the sending, sets the pace.</summary>
    private const int ParallelImports = 1;

    private static readonly SemaphoreSlim Imports = new(ParallelImports);

    /// <summary>How often an import whose fate is unknown is asked for before it is taken not to have arrived.</summary>
    private const int ImportLooks = 10;

    /// <summary>Brevo takes 10 MB and advises to stay below 8.</summary>
    private const int MostImportBytes = 7_500_000;

    public async Task RunAsync(RowLease lease, SyncRun sync, ConnectionSettings settings, CancellationToken cancellationToken)
    {
        foreach (var cut in await batches.ListAsync(sync.Id, BatchState.Sending, cancellationToken))
        {
            await SettleAsync(lease, cut, settings.Brevo, cancellationToken);
        }

        while (true)
        {
            var ready = await batches.ListAsync(sync.Id, BatchState.Ready, cancellationToken);
            if (ready.Count == 0)
            {
                var importing = await batches.ListAsync(sync.Id, BatchState.Importing, cancellationToken);
                if (importing.Count == 0)
                {
                    return;
                }

                await AwaitImportsAsync(lease, importing, settings.Brevo, cancellationToken);
                continue;
            }

            var disturbances = new ConcurrentQueue<PartnerException>();
            await System.Threading.Tasks.Parallel.ForEachAsync(
                ready, new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken },
                async (batch, token) =>
                {
                    var place = batch.Kind == BatchKind.Import ? Imports : null;
                    await (place?.WaitAsync(token) ?? Task.CompletedTask);
                    try
                    {
                        await SendAsync(lease, batch, settings.Brevo, token);
                    }
                    catch (PartnerException e) when (e.MayHaveArrived)
                    {
                        // The other batches go on; this one is tried again after a pause.
                        disturbances.Enqueue(e);
                    }
                    finally
                    {
                        place?.Release();
                    }
                });
            if (disturbances.TryDequeue(out var disturbance))
            {
                throw disturbance;
            }

            if (await IsCancelledAsync(sync.Id, cancellationToken))
            {
                return;
            }
        }
    }

    private async Task SendAsync(RowLease lease, SyncBatch batch, BrevoSettings account, CancellationToken cancellationToken)
    {
        if (await IsCancelledAsync(batch.SyncId, cancellationToken))
        {
            return;
        }

        var contacts = await batches.ReadAsync(batch, cancellationToken);
        if (batch.Kind == BatchKind.Import && contacts.Count > 1 && contacts.Sum(contact => contact.Size) > MostImportBytes)
        {
            await batches.SplitAsync(lease, batch, contacts, BatchKind.Import, cancellationToken);
            return;
        }

        await batches.MoveAsync(lease, batch, BatchState.Sending, null, cancellationToken);
        try
        {
            switch (batch.Kind)
            {
                case BatchKind.Import:
                    var process = await brevo.ImportAsync(account, Import(contacts, account), cancellationToken);
                    await batches.MoveAsync(lease, batch, BatchState.Importing, process, cancellationToken);
                    return;
                case BatchKind.Update:
                    await brevo.UpdateAsync(account, [.. contacts.Select(contact => new BatchContact(contact.Subject, contact.HasAttributes ? contact.Attributes : null, Some(contact.AddLists), Some(contact.DropLists)))], cancellationToken);
                    break;
                default:
                    await brevo.UpsertAsync(account, Single(contacts[0], account), cancellationToken);
                    break;
            }
        }
        catch (PartnerException e) when (e.IsRefusal)
        {
            await RefusedAsync(lease, batch, contacts, e, account, cancellationToken);
            return;
        }
        catch (PartnerException e) when (!e.MayHaveArrived)
        {
            await batches.MoveAsync(lease, batch, BatchState.Ready, null, cancellationToken);
            throw;
        }
        catch (PartnerException e)
        {
            // No clear answer, such as Cloudflare's 524: it may have arrived, and an import may be running.
            Unclear(logger, batch.SyncId, batch.No, e.Message);
            if (await SettleAsync(lease, batch, account, cancellationToken))
            {
                return;
            }

            throw;
        }

        await batches.CompleteAsync(lease, batch, cancellationToken);
    }

    private async Task RefusedAsync(RowLease lease, SyncBatch batch, IReadOnlyList<ChangedContact> contacts, PartnerException refusal, BrevoSettings account, CancellationToken cancellationToken)
    {
        if (contacts.Count > 1)
        {
            // One contact spoils a batch: halves find it, and the others are not held up.
            await batches.SplitAsync(lease, batch, contacts, batch.Kind == BatchKind.Import && contacts.Count <= account.BatchSize ? BatchKind.Single : batch.Kind, cancellationToken);
        }
        else if (batch.Kind != BatchKind.Single && account.CreateContacts && refusal.Status == System.Net.HttpStatusCode.NotFound && contacts[0].DropLists.Length == 0)
        {
            // Deleted in Brevo since we sent it: made anew.
            await batches.SplitAsync(lease, batch, contacts, BatchKind.Single, cancellationToken);
        }
        else
        {
            await batches.RejectAsync(lease, batch, $"{refusal.Code ?? "refused"}: {refusal.Detail}", cancellationToken);
        }
    }

    private async Task AwaitImportsAsync(RowLease lease, IReadOnlyList<SyncBatch> importing, BrevoSettings account, CancellationToken cancellationToken)
    {
        // One that is no longer among the newest has long ended.
        var running = (await brevo.ListProcessesAsync(account, cancellationToken)).Where(process => process.Status is "queued" or "in_process").Select(process => process.Id).ToHashSet();
        if (importing.Any(batch => running.Contains(batch.ProcessId!.Value)))
        {
            await Task.Delay(options.Value.ProcessPoll, clock, cancellationToken);
            return;
        }

        await check.RunAsync(lease, importing, account, cancellationToken);
    }

    /// <summary>Whether the batch arrived. One that did not is ready to go out again.</summary>
    private async Task<bool> SettleAsync(RowLease lease, SyncBatch batch, BrevoSettings account, CancellationToken cancellationToken)
    {
        var contacts = await batches.ReadAsync(batch, cancellationToken);
        for (var look = 0; ; look++)
        {
            if (contacts.Count == 0 || (await check.HoldsAsync(contacts[0], account, cancellationToken) && await check.HoldsAsync(contacts[^1], account, cancellationToken)))
            {
                await batches.CompleteAsync(lease, batch, cancellationToken);
                return true;
            }

            var running = batch.Kind == BatchKind.Import && look < ImportLooks
                && (await brevo.ListProcessesAsync(account, cancellationToken)).Any(process => process.Status is "queued" or "in_process");
            if (!running)
            {
                await batches.MoveAsync(lease, batch, BatchState.Ready, null, cancellationToken);
                return false;
            }

            await Task.Delay(options.Value.ProcessPoll, clock, cancellationToken);
        }
    }

    private static ImportContacts Import(IReadOnlyList<ChangedContact> contacts, BrevoSettings account) =>
        new([.. contacts.Select(contact => new ImportedContact(contact.Subject, contact.Attributes))], [account.ListId!.Value], UpdateExistingContacts: true, EmptyContactsAttributes: account.EraseMissing);

    private static UpsertContact Single(ChangedContact contact, BrevoSettings account) =>
        new(contact.Subject, contact.Attributes, Some([.. contact.AddLists, .. account.ListId is { } list && !contact.AddLists.Contains(list) ? [list] : Array.Empty<long>()]));

    private static long[]? Some(long[] lists) => lists.Length == 0 ? null : lists;

    private async Task<bool> IsCancelledAsync(string syncId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("select cancel_requested from syncs where id = $1");
        command.Parameters.Add(new() { Value = syncId, NpgsqlDbType = NpgsqlDbType.Text });
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }

    [LoggerMessage(EventId = 730, Level = LogLevel.Warning, Message = "{Sync}: whether batch {Batch} arrived is unclear ({Reason}); Brevo is asked")]
    private static partial void Unclear(ILogger logger, string sync, int batch, string reason);
}
