using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Platform.Campaigns.Persistence;
using Platform.Campaigns.Recipients;
using Platform.Contracts.Campaigns;
using Platform.Contracts.Failures;
using Platform.Postgres;
using Platform.ServiceDefaults;

namespace Platform.Campaigns.Dispatches;

/// <summary>Takes dispatches that want work: recipients to be selected, files to be delivered. A fault of the environment puts one back for later; every other ends it with a reason.</summary>
internal sealed partial class DispatchWorker(
    DispatchLeases leases, DispatchSignal signal, IServiceScopeFactory scopes, TimeProvider clock, ILogger<DispatchWorker> logger) : BackgroundService
{
    private const int Parallel = 3;
    private const int MostFaults = 12;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan QueryLimit = TimeSpan.FromMinutes(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var running = new List<Task>();
        var unreachable = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (running.Count < Parallel && await ClaimAsync(stoppingToken) is { } lease)
                {
                    running.Add(Task.Run(() => RunAsync(lease, stoppingToken), CancellationToken.None));
                }

                unreachable = 0;
                await signal.WaitAsync(Poll, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException)
            {
                if (unreachable++ % 30 == 0)
                {
                    ClaimFailed(logger, e);
                }

                await Task.Delay(Poll, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            running.RemoveAll(task => task.IsCompleted);
        }

        await Task.WhenAll(running);
    }

    private async Task<RowLease?> ClaimAsync(CancellationToken cancellationToken)
    {
        using var quiet = Telemetry.Quietly();
        return await leases.Rows.ClaimAsync(cancellationToken);
    }

    private async Task RunAsync(RowLease lease, CancellationToken stoppingToken)
    {
        using var held = lease;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lease.Lost);
        using var logScope = logger.BeginScope("dispatch {DispatchId} attempt {Attempt}", lease.Id, lease.Attempt);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var context = scope.ServiceProvider.GetRequiredService<CampaignsDbContext>();
            var dispatch = await context.Dispatches.SingleAsync(row => row.Id == lease.Id, stop.Token);
            using var activity = Telemetry.StartFrom("dispatch", dispatch.TraceParent);
            activity?.SetTag("campaigns.dispatch", lease.Id);
            await AttemptAsync(lease, dispatch, scope.ServiceProvider, stop.Token);
            await lease.ReleaseAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is LeaseLostException || stop.IsCancellationRequested)
        {
            GivenUp(logger, stoppingToken.IsCancellationRequested ? "the service stops" : "it was cancelled or taken over");
            await ReleaseAsync(lease);
            await CleanUpNowAsync(lease);
        }
        catch (Exception e)
        {
            await EndAttemptAsync(lease, e, stoppingToken);
        }
        finally
        {
            signal.Wake();
        }
    }

    private static async Task AttemptAsync(RowLease lease, Dispatch dispatch, IServiceProvider services, CancellationToken cancellationToken)
    {
        if (dispatch.State == DispatchState.Cancelled)
        {
            await services.GetRequiredService<Delivery>().CleanUpAsync(lease, dispatch, cancellationToken);
            return;
        }

        if (dispatch.State != DispatchState.Preparing)
        {
            await services.GetRequiredService<Delivery>().RunAsync(lease, dispatch, cancellationToken);
            return;
        }

        var context = services.GetRequiredService<CampaignsDbContext>();
        var fields = (await context.ListVersions.SingleAsync(row => row.ListId == dispatch.ListId && row.Version == dispatch.ListVersion, cancellationToken)).Fields;
        if (dispatch.OriginId is not null)
        {
            await using var again = await services.GetRequiredService<Resending>().OpenAsync(dispatch, fields, cancellationToken);
            await TakeAsync(again);
            return;
        }

        await using var query = await DomainQuery.OpenAsync(services.GetRequiredService<DomainTables>().Queries, dispatch.Query!, fields, QueryLimit, cancellationToken);
        await TakeAsync(query);

        Task TakeAsync(IRecipientSource source) => services.GetRequiredService<Intake>().TakeAsync(
            dispatch, source, _ => Task.CompletedTask, transaction => lease.UpdateAsync(transaction, "lease_until = lease_until", [], cancellationToken), cancellationToken);
    }

    /// <summary>Stores what an attempt's failure means for the dispatch. When not even that is possible, the lease lapses and the dispatch is taken again.</summary>
    private async Task EndAttemptAsync(RowLease lease, Exception failure, CancellationToken stoppingToken)
    {
        var (category, reason) = FailureClassifier.Classify(failure);
        try
        {
            // A context of its own: the one of the attempt may hold changes that were not stored.
            await using var scope = scopes.CreateAsyncScope();
            var context = scope.ServiceProvider.GetRequiredService<CampaignsDbContext>();
            var dispatch = await context.Dispatches.SingleAsync(row => row.Id == lease.Id, stoppingToken);
            await using var transaction = await context.Database.BeginTransactionAsync(stoppingToken);
            await lease.UpdateAsync((NpgsqlTransaction)transaction.GetDbTransaction(), "lease_owner = null, lease_until = null", [], stoppingToken);
            dispatch.Faults++;
            if (category == FailureCategory.Environment && dispatch.Faults < MostFaults)
            {
                var delay = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, dispatch.Faults - 1), LongestBackOff.TotalSeconds));
                dispatch.NotBefore = clock.GetUtcNow() + delay;
                dispatch.Message = $"Attempt {dispatch.Faults} failed, tries again in {delay.TotalSeconds:0} s: {reason}";
                TriesAgain(logger, reason, delay.TotalSeconds);
            }
            else if (dispatch.State == DispatchState.Cancelled)
            {
                Failed(logger, category == FailureCategory.Bug ? failure : null, category, reason);
                var left = await context.DispatchFiles.Where(row => row.DispatchId == lease.Id && row.State != DispatchFileState.Prepared).ToListAsync(stoppingToken);
                dispatch.Message = $"Cancelled. What its upload left on the server could not be removed ({string.Join(", ", left.Select(file => file.TemporaryPath))}): {reason}";
                left.ForEach(file => file.State = DispatchFileState.Prepared);
            }
            else
            {
                Failed(logger, category == FailureCategory.Bug ? failure : null, category, reason);
                context.Change(dispatch, dispatch.State == DispatchState.Preparing ? DispatchState.Invalid : DispatchState.Failed, reason, clock);
            }

            await context.SaveChangesAsync(stoppingToken);
            await transaction.CommitAsync(stoppingToken);
        }
        catch (Exception e) when (e is NpgsqlException or DbUpdateException or LeaseLostException or TimeoutException or InvalidOperationException or OperationCanceledException)
        {
            OutcomeNotStored(logger, e);
        }
    }

    private async Task ReleaseAsync(RowLease lease)
    {
        try
        {
            await lease.ReleaseAsync(CancellationToken.None);
        }
        catch (NpgsqlException e)
        {
            OutcomeNotStored(logger, e);
        }
    }

    /// <summary>A cancelled dispatch is cleaned up as soon as nothing of its upload goes on any more; had this process died, it would be later.</summary>
    private async Task CleanUpNowAsync(RowLease lease)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<CampaignsDbContext>().Dispatches
                .Where(row => row.Id == lease.Id && row.Attempt == lease.Attempt + 1 && row.State == DispatchState.Cancelled)
                .ExecuteUpdateAsync(row => row.SetProperty(dispatch => dispatch.NotBefore, (DateTimeOffset?)null));
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or InvalidOperationException)
        {
            OutcomeNotStored(logger, e);
        }
    }

    [LoggerMessage(EventId = 600, Level = LogLevel.Warning, Message = "Dispatches cannot be claimed at present")]
    private static partial void ClaimFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 601, Level = LogLevel.Warning, Message = "Dispatch failed ({Category}): {Reason}")]
    private static partial void Failed(ILogger logger, Exception? exception, FailureCategory category, string reason);

    [LoggerMessage(EventId = 602, Level = LogLevel.Warning, Message = "Dispatch tries again in {Seconds} s: {Reason}")]
    private static partial void TriesAgain(ILogger logger, string reason, double seconds);

    [LoggerMessage(EventId = 603, Level = LogLevel.Information, Message = "Dispatch given up by this worker: {Why}")]
    private static partial void GivenUp(ILogger logger, string why);

    [LoggerMessage(EventId = 604, Level = LogLevel.Warning, Message = "The outcome of an attempt could not be stored; the dispatch is taken again when its lease lapses")]
    private static partial void OutcomeNotStored(ILogger logger, Exception exception);
}

/// <summary>Leases of the table <c>dispatches</c>.</summary>
internal sealed class DispatchLeases(NpgsqlDataSource database, TimeProvider clock) : IDisposable
{
    private static readonly LeasedTable Table = new("dispatches")
    {
        Ready = """
            (r.state in ('preparing', 'uploading') or (r.state = 'cancelled' and exists (select from dispatch_files as f where f.dispatch_id = r.id and f.state <> 'prepared')) or (r.state = 'queued' and (r.scheduled_at is null or r.scheduled_at <= clock_timestamp())
                and not exists (select from connections as c where c.id = r.connection_id and c.halted_at is not null)))
            and (r.not_before is null or r.not_before <= clock_timestamp())
            """,
        OrderBy = "r.created_at, r.id",
        OnClaim = "not_before = null",

        // A cancelled upload ends with the next one.
        Heartbeat = TimeSpan.FromSeconds(1),
    };

    /// <summary>Longer than anything of an attempt goes on after its lease has lapsed.</summary>
    public static TimeSpan Grace { get; } = TimeSpan.FromSeconds(5);

    public RowLeases Rows { get; } = new(database, Table, clock);

    public void Dispose() => Rows.Dispose();
}
