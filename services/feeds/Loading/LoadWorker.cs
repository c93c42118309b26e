using System.Diagnostics;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using Platform.Contracts.Failures;
using Platform.Feeds.Persistence;
using Platform.Postgres;
using Platform.ServiceDefaults;

namespace Platform.Feeds.Loading;

/// <summary>
/// Claims loads and runs them, several at a time but those of one feed strictly in order. What an attempt's end means is decided here: committed, failed, cancelled, tried again
/// later, handed back at shutdown, or lost to another worker.
/// </summary>
internal sealed partial class LoadWorker(
    NpgsqlDataSource database, IServiceScopeFactory scopes, RowLeases leases, FeedLoader loader, LoadCommit commit, PartSweep sweep, LoadSignal signal, IBus bus,
    FeedsOptions options, TimeProvider clock, ILogger<LoadWorker> logger) : BackgroundService
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromMinutes(1);

    /// <summary>The lease over the table <c>loads</c>: a feed's loads wait for all earlier ones.</summary>
    public static LeasedTable Leased(FeedsOptions options) => new("loads")
    {
        Ready = """
            r.state in ('queued', 'running') and (r.next_attempt_at is null or r.next_attempt_at <= clock_timestamp())
            and not exists (select from loads e where e.feed_id = r.feed_id and e.load_seq < r.load_seq and e.state in ('queued', 'running', 'held'))
            """,
        OrderBy = "r.load_seq",
        OnClaim = "state = 'running', phase = 'reading', next_attempt_at = null, started_at = coalesce(claimed.started_at, clock_timestamp())",
        Length = options.Lease,
        Heartbeat = options.Lease / 5,
    };

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, options.Parallel).Select(_ => Task.Run(() => WorkAsync(stoppingToken), stoppingToken)));

    private async Task WorkAsync(CancellationToken stoppingToken)
    {
        var failures = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            var woken = signal.Next;
            try
            {
                using var lease = await leases.ClaimAsync(stoppingToken);
                if (lease is not null)
                {
                    await RunAsync(lease, stoppingToken);
                }
                else
                {
                    await Task.WhenAny(woken, Task.Delay(Poll, clock, stoppingToken));
                }

                failures = 0;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or OperationCanceledException)
            {
                // No database, or one that is not migrated yet: nothing is lost, the rows wait.
                if (failures++ % 10 == 0)
                {
                    QueueUnreachable(logger, e, failures);
                }

                await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(Math.Min(failures, 10)), clock, stoppingToken));
            }
        }
    }

    private async Task RunAsync(RowLease lease, CancellationToken stoppingToken)
    {
        var load = await ReadAsync(lease.Id, stoppingToken);
        using var activity = Telemetry.StartFrom("feed load", load.TraceParent, ActivityKind.Consumer);
        using var scope = logger.BeginScope(new Dictionary<string, object?> { ["runId"] = load.RunId, ["loadId"] = load.Id, ["feedId"] = load.FeedId });
        await using var monitor = new LoadMonitor(load, lease, database, bus, signal, clock, logger);
        var attempt = new LoadAttempt(load, lease, monitor, clock.GetUtcNow());
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lease.Lost, monitor.Cancelled);
        Started(logger, load.Id, lease.Attempt);
        try
        {
            if (lease.Attempt > options.MaxAttempts)
            {
                throw new LoadFailedException(FailureCategory.Bug, $"The load was started {options.MaxAttempts} times, and each time its process ended in the middle.");
            }

            await loader.RunAsync(attempt, either.Token);
            LoadMetrics.Ended(load);
            Loaded(logger, load.Id, attempt.Strategy, load.Read, load.Inserted, load.Updated, load.Unchanged, load.Superseded, load.Rejected);
        }
        catch (LoadHeldException e) when (!either.IsCancellationRequested)
        {
            await HoldAsync(attempt, e, stoppingToken);
        }
        catch (Exception e) when (e is LeaseLostException || lease.Lost.IsCancellationRequested)
        {
            Lost(logger, e, load.Id, lease.Attempt);
        }
        catch (Exception e) when (monitor.Cancelled.IsCancellationRequested || !stoppingToken.IsCancellationRequested)
        {
            await EndAsync(attempt, e, stoppingToken);
        }
        catch (Exception)
        {
            // The process is asked to stop: another one may have the load at once.
            await lease.ReleaseAsync(CancellationToken.None);
            HandedBack(logger, load.Id, lease.Attempt);
        }

        await sweep.DropStagingAsync(attempt, stoppingToken);
    }

    /// <summary>Says what became of an attempt that threw; a fault in saying so leaves the row to the next claim.</summary>
    private async Task EndAsync(LoadAttempt attempt, Exception exception, CancellationToken stoppingToken)
    {
        var load = attempt.Load;
        var (failure, reason) = attempt.Monitor.Cancelled.IsCancellationRequested
            ? (FailureCategory.Cancelled, LoadAnnouncements.CancelledReason)
            : FailureClassifier.Classify(exception);
        try
        {
            if (failure == FailureCategory.Environment && load.Failures + 1 < options.MaxFailures)
            {
                await TryLaterAsync(attempt, reason, stoppingToken);
                TriedLater(logger, exception, load.Id, load.Failures + 1, reason);
                return;
            }

            await using var connection = await database.OpenConnectionAsync(stoppingToken);
            await commit.FailAsync(attempt, connection, failure, reason, stoppingToken);
            LoadMetrics.Ended(load);
            if (failure == FailureCategory.Bug)
            {
                FailedByBug(logger, exception, load.Id, reason);
            }
            else
            {
                Failed(logger, load.Id, failure, reason);
            }
        }
        catch (LeaseLostException e)
        {
            Lost(logger, e, load.Id, attempt.Lease.Attempt);
        }
    }

    private async Task HoldAsync(LoadAttempt attempt, LoadHeldException held, CancellationToken stoppingToken)
    {
        try
        {
            await using var connection = await database.OpenConnectionAsync(stoppingToken);
            await commit.HoldAsync(attempt, connection, held, stoppingToken);
            Held(logger, attempt.Load.Id, held.Message);
        }
        catch (LeaseLostException e)
        {
            Lost(logger, e, attempt.Load.Id, attempt.Lease.Attempt);
        }
    }

    private Task TryLaterAsync(LoadAttempt attempt, string reason, CancellationToken cancellationToken)
    {
        var backOff = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, attempt.Load.Failures), LongestBackOff.TotalSeconds));
        return attempt.Lease.UpdateAsync(
            "state = 'queued', phase = 'waiting', failures = failures + 1, reason = @reason, lease_owner = null, lease_until = null, next_attempt_at = clock_timestamp() + @back_off",
            [new("reason", reason), new("back_off", NpgsqlDbType.Interval) { Value = backOff }], cancellationToken);
    }

    private async Task<Load> ReadAsync(string id, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<FeedsDbContext>().Loads.AsNoTracking().FirstAsync(load => load.Id == id, cancellationToken);
    }

    [LoggerMessage(EventId = 300, Level = LogLevel.Information, Message = "Load {LoadId} started, attempt {Attempt}")]
    private static partial void Started(ILogger logger, string loadId, int attempt);

    [LoggerMessage(EventId = 301, Level = LogLevel.Information, Message = "Load {LoadId} committed by {Strategy}: {Read} rows read = {Inserted} inserted + {Updated} updated + {Unchanged} unchanged + {Superseded} superseded + {Rejected} rejected")]
    private static partial void Loaded(ILogger logger, string loadId, string strategy, long read, long inserted, long updated, long unchanged, long superseded, long rejected);

    [LoggerMessage(EventId = 302, Level = LogLevel.Warning, Message = "Load {LoadId} failed ({Failure}): {Reason}")]
    private static partial void Failed(ILogger logger, string loadId, FailureCategory failure, string reason);

    [LoggerMessage(EventId = 303, Level = LogLevel.Error, Message = "Load {LoadId} failed by a fault of the platform: {Reason}")]
    private static partial void FailedByBug(ILogger logger, Exception exception, string loadId, string reason);

    [LoggerMessage(EventId = 304, Level = LogLevel.Warning, Message = "Load {LoadId} will be tried again (failure {Failures}): {Reason}")]
    private static partial void TriedLater(ILogger logger, Exception exception, string loadId, int failures, string reason);

    [LoggerMessage(EventId = 305, Level = LogLevel.Warning, Message = "Attempt {Attempt} at load {LoadId} lost its lease; nothing of it was committed")]
    private static partial void Lost(ILogger logger, Exception exception, string loadId, int attempt);

    [LoggerMessage(EventId = 306, Level = LogLevel.Information, Message = "Attempt {Attempt} at load {LoadId} was handed back at shutdown")]
    private static partial void HandedBack(ILogger logger, string loadId, int attempt);

    [LoggerMessage(EventId = 308, Level = LogLevel.Warning, Message = "Load {LoadId} is held until a person decides: {Reason}")]
    private static partial void Held(ILogger logger, string loadId, string reason);

    [LoggerMessage(EventId = 307, Level = LogLevel.Warning, Message = "The queue of loads cannot be read at present (failure {Failures} in a row)")]
    private static partial void QueueUnreachable(ILogger logger, Exception exception, int failures);
}
