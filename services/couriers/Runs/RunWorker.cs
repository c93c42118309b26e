using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Platform.Contracts.Couriers;
using Platform.Contracts.Failures;
using Platform.Couriers.Persistence;
using Platform.Postgres;
using Platform.ServiceDefaults;

namespace Platform.Couriers.Runs;

/// <summary>
/// Takes runs that want a worker, several at a time, and works on each until it ends or waits for its feeds. A fault of the environment puts the run back for a
/// later attempt; everything else that goes wrong ends it with a reason.
/// </summary>
internal sealed partial class RunWorker(
    RowLeases leases, RunSignal signal, IServiceScopeFactory scopes, IOptions<RunOptions> options, ILogger<RunWorker> logger) : BackgroundService
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(60);

    /// <summary>How the worker's table says which rows want a worker. One run of a courier at a time: a unique index enforces what the condition asks for.</summary>
    public static LeasedTable Table { get; } = new("courier_runs")
    {
        Ready = """
            (r.state = 'queued' and (r.not_before is null or r.not_before <= clock_timestamp())
                and not exists (select from courier_runs as other where other.courier_id = r.courier_id and other.state = 'running'))
            or (r.state = 'running' and not r.waiting and (r.not_before is null or r.not_before <= clock_timestamp()))
            or (r.state = 'running' and r.waiting and r.cancel_requested_at < clock_timestamp() - interval '4 seconds')
            """,
        OrderBy = "r.requested_at, r.id",
        OnClaim = "state = 'running', not_before = null, message = null, started_at = coalesce(claimed.started_at, clock_timestamp())",
    };

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var running = new List<Task>();
        var unreachable = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (running.Count < options.Value.Parallel && await ClaimAsync(stoppingToken) is { } lease)
                {
                    running.Add(Task.Run(() => RunAsync(lease, stoppingToken), CancellationToken.None));
                }

                unreachable = 0;
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
            }

            await WaitAsync(running, stoppingToken);
            running.RemoveAll(task => task.IsCompleted);
        }

        await Task.WhenAll(running);
    }

    private async Task<RowLease?> ClaimAsync(CancellationToken cancellationToken)
    {
        using var quiet = Telemetry.Quietly();
        try
        {
            return await leases.ClaimAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Another worker took another run of the same courier in this moment.
            return null;
        }
    }

    private async Task WaitAsync(List<Task> running, CancellationToken stoppingToken)
    {
        try
        {
            var signalled = signal.WaitAsync(Poll, stoppingToken);
            if (running.Count >= options.Value.Parallel)
            {
                await Task.WhenAny([.. running]);
            }

            await signalled;
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The loop ends.
        }
    }

    private async Task RunAsync(RowLease lease, CancellationToken stoppingToken)
    {
        using var held = lease;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lease.Lost);
        using var logScope = logger.BeginScope("run {RunId} attempt {Attempt}", lease.Id, lease.Attempt);
        signal.Started(lease.Id, stop);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var context = scope.ServiceProvider.GetRequiredService<CouriersDbContext>();
            var traceParent = await context.Runs.Where(run => run.Id == lease.Id).Select(run => run.TraceParent).SingleAsync(stop.Token);
            using var activity = Telemetry.StartFrom("courier run", traceParent);
            activity?.SetTag("courier.run", lease.Id);
            await AttemptAsync(lease, scope.ServiceProvider.GetRequiredService<RunSteps>(), stop.Token, stoppingToken);
        }
        catch (Exception e) when (e is LeaseLostException || stop.IsCancellationRequested)
        {
            await GiveUpAsync(lease, stoppingToken);
        }
        catch (Exception e) when (FailureClassifier.Classify(e).Category == FailureCategory.Environment)
        {
            // Not even the outcome could be stored. The lease lapses, and the run is taken again.
            OutcomeNotStored(logger, e);
        }
        catch (Exception e)
        {
            // Nothing awaits this task: an unexpected fault is told here or nowhere. The lease lapses, and the run is taken again.
            Faulted(logger, e);
        }
        finally
        {
            signal.Ended(lease.Id);
            signal.Wake();
        }
    }

    private async Task AttemptAsync(RowLease lease, RunSteps steps, CancellationToken cancellationToken, CancellationToken stoppingToken)
    {
        Claimed(logger);
        try
        {
            await steps.RunAsync(lease, cancellationToken);
        }
        catch (Exception e) when (e is not LeaseLostException && !cancellationToken.IsCancellationRequested)
        {
            var (category, reason) = FailureClassifier.Classify(e);
            if (category == FailureCategory.Environment && await TryAgainLaterAsync(lease, reason, stoppingToken) is { } delay)
            {
                TriesAgain(logger, reason, delay.TotalSeconds);
                return;
            }

            if (category == FailureCategory.Bug)
            {
                Faulted(logger, e);
            }
            else
            {
                Failed(logger, category, reason);
            }

            await steps.EndAsync(lease, RunState.Failed, category, reason, stoppingToken, (e as RunFailureException)?.MissingFiles);
        }
    }

    /// <summary>Puts the run back for a later attempt and says when; null when its attempts are used up. A step of landing begins with a new plan, for the source may have changed.</summary>
    private async Task<TimeSpan?> TryAgainLaterAsync(RowLease lease, string reason, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var context = scope.ServiceProvider.GetRequiredService<CouriersDbContext>();
        var faults = await context.Runs.Where(run => run.Id == lease.Id).Select(run => run.Faults).SingleAsync(cancellationToken) + 1;
        if (faults >= options.Value.Attempts)
        {
            return null;
        }

        var delay = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, faults - 1), LongestBackOff.TotalSeconds));
        await lease.UpdateAsync(
            """
            faults = @faults, not_before = clock_timestamp() + @delay, lease_owner = null, lease_until = null,
            phase = case when phase in ('plan', 'land') then 'plan' else phase end, message = @message
            """,
            [new("faults", faults), new("delay", delay), new("message", $"Attempt {faults} of {options.Value.Attempts} failed, tries again in {delay.TotalSeconds:0} s: {reason}")], cancellationToken);
        return delay;
    }

    // The service stops: the next process may take the run at once. Lost or cancelled: the row is no longer ours to touch, and releasing it changes nothing.
    private async Task GiveUpAsync(RowLease lease, CancellationToken stoppingToken)
    {
        GivenUp(logger, stoppingToken.IsCancellationRequested ? "the service stops" : "it was cancelled or taken over");
        try
        {
            await lease.ReleaseAsync(CancellationToken.None);
        }
        catch (NpgsqlException e)
        {
            OutcomeNotStored(logger, e);
        }
    }

    [LoggerMessage(EventId = 200, Level = LogLevel.Warning, Message = "Runs cannot be claimed at present")]
    private static partial void ClaimFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 201, Level = LogLevel.Information, Message = "Run claimed")]
    private static partial void Claimed(ILogger logger);

    [LoggerMessage(EventId = 202, Level = LogLevel.Warning, Message = "Run failed ({Category}): {Reason}")]
    private static partial void Failed(ILogger logger, FailureCategory category, string reason);

    [LoggerMessage(EventId = 203, Level = LogLevel.Error, Message = "Run met a fault of the platform itself")]
    private static partial void Faulted(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 204, Level = LogLevel.Warning, Message = "Run tries again in {Seconds} s: {Reason}")]
    private static partial void TriesAgain(ILogger logger, string reason, double seconds);

    [LoggerMessage(EventId = 205, Level = LogLevel.Information, Message = "Run given up by this worker: {Why}")]
    private static partial void GivenUp(ILogger logger, string why);

    [LoggerMessage(EventId = 206, Level = LogLevel.Warning, Message = "The outcome of an attempt could not be stored; the run is taken again when its lease lapses")]
    private static partial void OutcomeNotStored(ILogger logger, Exception exception);
}
