using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using Platform.Contracts.OptimizelyBrevo;
using Platform.OptimizelyBrevo.Partners;
using Platform.OptimizelyBrevo.Persistence;
using Platform.Postgres;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Security;

namespace Platform.OptimizelyBrevo.Sync;

/// <summary>Runs syncs: rows of work, one per connection at a time, resumed where a killed worker left them.</summary>
internal sealed partial class SyncWorker(IServiceScopeFactory scopes, SyncLeases leases, OutboxSignal outbox, TimeProvider clock, ILogger<SyncWorker> logger) : BackgroundService
{
    private const int AtOnce = 2;
    private const int MostFailures = 6;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => LoopAsync(stoppingToken)));

    private async Task LoopAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var worked = false;
            try
            {
                using var lease = await leases.Rows.ClaimAsync(stoppingToken);
                if (lease is not null)
                {
                    worked = true;
                    using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lease.Lost);
                    try
                    {
                        await RunAsync(lease, either.Token);
                    }
                    catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
                    {
                        // An orderly end: another instance need not wait for the lease to lapse.
                        await lease.ReleaseAsync(CancellationToken.None);
                        return;
                    }
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                // Another worker claimed a sync of the same connection in the same instant: this one waits its turn.
            }
            catch (Exception e) when (e is NpgsqlException or DbUpdateException or LeaseLostException or OperationCanceledException or TimeoutException)
            {
                Disturbed(logger, e, "-", e.Message);
            }

            if (!worked)
            {
                await leases.WaitAsync(Idle, stoppingToken);
            }
        }
    }

    private async Task RunAsync(RowLease lease, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<OptimizelyBrevoDbContext>();
        var sync = await db.Syncs.AsNoTracking().SingleAsync(row => row.Id == lease.Id, cancellationToken);
        var connection = await db.Connections.AsNoTracking().SingleAsync(row => row.Id == sync.ConnectionId, cancellationToken);
        using var span = Telemetry.StartFrom("sync run", sync.TraceParent);
        using var log = logger.BeginScope(new Dictionary<string, object> { ["SyncId"] = sync.Id });
        try
        {
            if (sync.CancelRequested)
            {
                await FinishAsync(lease, sync, SyncState.Cancelled, "Cancelled before it began.", cancellationToken);
                return;
            }

            IReadOnlyList<TargetAttribute> created = [];
            if (sync.Phase == SyncPhase.Collecting)
            {
                created = (await scope.ServiceProvider.GetRequiredService<SyncCollection>().RunAsync(lease, sync, connection, cancellationToken)).Plan.Created;
            }

            if (!sync.DryRun)
            {
                await scope.ServiceProvider.GetRequiredService<SyncSender>().RunAsync(lease, sync, connection.Settings, cancellationToken);
            }

            var ended = await db.Syncs.AsNoTracking().SingleAsync(row => row.Id == sync.Id, cancellationToken);
            var (state, message) = Outcome(ended, created, clock.GetUtcNow());
            await FinishAsync(lease, ended, state, message, cancellationToken);
        }
        catch (Exception e) when (e is SourceException or PartnerException { IsAuthentication: true } or PartnerException { IsRefusal: true })
        {
            Disturbed(logger, e, sync.Id, e.Message);
            await FinishAsync(lease, sync, SyncState.Failed, e.Message, cancellationToken);
        }
        catch (Exception e) when (e is PartnerException or InternalCallException or HttpRequestException || PostgresFailures.IsTransient(e))
        {
            Disturbed(logger, e, sync.Id, e.Message);
            await DisturbedAsync(lease, sync, e.Message, cancellationToken);
        }
        catch (Exception e) when (e is not (OperationCanceledException or LeaseLostException))
        {
            // A fault of ours: loud, and not repeated.
            Broken(logger, e, sync.Id);
            await FinishAsync(lease, sync, SyncState.Failed, "The platform failed at this sync; nothing about the request is known to be wrong. The log has the cause under the sync's id.", cancellationToken);
        }
    }

    /// <summary>A disturbed environment: tried again later from where it stands, and given up after several times in a row.</summary>
    private async Task DisturbedAsync(RowLease lease, SyncRun sync, string message, CancellationToken cancellationToken)
    {
        if (sync.Failures + 1 >= MostFailures)
        {
            await FinishAsync(lease, sync, SyncState.Failed, message, cancellationToken);
            return;
        }

        await lease.UpdateAsync(
            "state = 'Queued', failures = failures + 1, message = @message, not_before = clock_timestamp() + @wait * power(2, failures), lease_owner = null, lease_until = null",
            [new("message", message), new("wait", TimeSpan.FromSeconds(5))], cancellationToken);
    }

    private async Task FinishAsync(RowLease lease, SyncRun sync, SyncState state, string message, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var connection = await leases.Database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (state is SyncState.Failed or SyncState.Cancelled && !sync.DryRun)
        {
            // Nothing told to us is lost: decisions that were not turned into changes wait for the next sync, changes that were not sent are due again.
            await using var release = new NpgsqlCommand("""
                update decisions set sync_id = null where sync_id = $1 and not exists (select 1 from sync_batches b where b.sync_id = $1);
                """, connection, transaction) { Parameters = { new() { Value = sync.Id } } };
            await release.ExecuteNonQueryAsync(cancellationToken);
            await using var retry = new NpgsqlCommand("""
                update contacts c set retry_at = coalesce(c.retry_at, clock_timestamp()) from sync_changes ch
                where ch.sync_id = $1 and ch.outcome = 'Pending' and c.connection_id = $2 and c.email = ch.subject
                """, connection, transaction) { Parameters = { new() { Value = sync.Id }, new() { Value = sync.ConnectionId } } };
            await retry.ExecuteNonQueryAsync(cancellationToken);
        }

        await lease.UpdateAsync(
            transaction, "state = @state, phase = 'Finished', message = @message, ended_at = @now, lease_owner = null, lease_until = null",
            [new("state", state.ToString()), new("message", message), new("now", NpgsqlDbType.TimestampTz) { Value = now }], cancellationToken);
        await Outbox.PublishAsync(transaction, new SyncEnded
        {
            SyncId = sync.Id,
            ConnectionId = sync.ConnectionId,
            State = System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(state.ToString()),
            Message = message,
            Read = sync.Counts.Read,
            Sent = sync.Counts.Sent,
            Rejected = sync.Counts.Rejected,
            DryRun = sync.DryRun,
            EndedAt = now,
        }, clock, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        outbox.Wake();
        Ended(logger, sync.Id, state, message);
    }

    private static (SyncState State, string Message) Outcome(SyncRun sync, IReadOnlyList<TargetAttribute> created, DateTimeOffset now)
    {
        var counts = sync.Counts;
        var attributes = created.Count == 0 ? "" : $" {(sync.DryRun ? "Attributes that would be created" : "Attributes created")}: {string.Join(", ", created.Select(attribute => $"{attribute.Name} ({attribute.Type})"))}.";
        if (sync.DryRun)
        {
            return (SyncState.Succeeded, $"Dry run: {counts.Changed} of {counts.Read} would be sent, {counts.Unchanged} are up to date, {counts.Skipped} skipped.{attributes}");
        }

        if (sync.CancelRequested && counts.Pending > 0)
        {
            return (SyncState.Cancelled, $"Cancelled: {counts.Sent} contacts were sent, {counts.Pending} were not and are due with the next sync.");
        }

        if (counts.Read != counts.Changed + counts.Unchanged + counts.Superseded + counts.Skipped || counts.Changed != counts.Sent + counts.Rejected)
        {
            return (SyncState.Failed, $"The counts do not balance: {counts.Read} read, {counts.Changed} changed, {counts.Unchanged} unchanged, {counts.Superseded} superseded, {counts.Skipped} skipped; {counts.Sent} sent, {counts.Rejected} rejected. This is a fault of the platform.");
        }

        var seconds = Math.Max(0, (now - (sync.StartedAt ?? sync.CreatedAt)).TotalSeconds);
        var text = $"Completed in {seconds:0.#} seconds: {counts.Sent} contacts sent, {counts.Unchanged} up to date{(counts.Rejected > 0 ? $", {counts.Rejected} refused by Brevo" : "")}{(counts.Skipped > 0 ? $", {counts.Skipped} skipped" : "")}.{attributes}";
        return (counts.Rejected + counts.Skipped > 0 ? SyncState.SucceededWithProblems : SyncState.Succeeded, text);
    }

    [LoggerMessage(EventId = 725, Level = LogLevel.Warning, Message = "Sync {Sync} was disturbed: {Reason}")]
    private static partial void Disturbed(ILogger logger, Exception exception, string sync, string reason);

    [LoggerMessage(EventId = 727, Level = LogLevel.Error, Message = "Sync {Sync} failed by a fault of the platform")]
    private static partial void Broken(ILogger logger, Exception exception, string sync);

    [LoggerMessage(EventId = 726, Level = LogLevel.Information, Message = "Sync {Sync} ended {State}: {Text}")]
    private static partial void Ended(ILogger logger, string sync, SyncState state, string text);
}

/// <summary>Syncs as rows of work, and the bell that wakes this process's workers.</summary>
internal sealed class SyncLeases(NpgsqlDataSource database, TimeProvider clock) : IDisposable
{
    private readonly SemaphoreSlim _bell = new(0, 1);

    public NpgsqlDataSource Database { get; } = database;

    public RowLeases Rows { get; } = new(database, new LeasedTable("syncs")
    {
        Ready = """
            (r.state = 'Running' or (r.state = 'Queued' and (r.not_before is null or r.not_before <= clock_timestamp())))
            and not exists (select 1 from syncs o where o.connection_id = r.connection_id and o.id <> r.id and o.state = 'Running')
            """,
        OrderBy = "r.state desc, r.id",
        OnClaim = "state = 'Running', not_before = null, started_at = coalesce(claimed.started_at, clock_timestamp())",
    }, clock);

    public void Ring()
    {
        if (_bell.CurrentCount == 0)
        {
            try
            {
                _bell.Release();
            }
            catch (SemaphoreFullException)
            {
                // Rung by another thread in between, which is all that was wanted.
            }
        }
    }

    public Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken) =>
        _bell.WaitAsync(atMost, cancellationToken).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    public void Dispose()
    {
        Rows.Dispose();
        _bell.Dispose();
    }
}
