using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Platform.Scheduler.Persistence;
using Platform.Scheduler.Schedules;
using Platform.ServiceDefaults;

namespace Platform.Scheduler.Runs;

/// <summary>
/// Looks for due groups and schedules and takes them a step further, as many instances as there are at a time: a claim is a row lock that others pass over and that a crash gives back. What
/// a step does, it does in the transaction that moves the due time, so it happens once.
/// </summary>
internal sealed partial class GroupWorker(
    IServiceScopeFactory scopes, NpgsqlDataSource database, WorkSignal signal, TimeProvider clock, IOptions<SchedulerOptions> options, ILogger<GroupWorker> logger) : BackgroundService
{
    private const int BatchSize = 200;
    private static readonly TimeSpan MostRest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromHours(1);
    private DateTimeOffset _nextSweep;

    // More groups were due than one batch holds: two batches are then taken at a time, for while one waits for the database the other can work.
    private bool _crowded;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failures = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            var rest = TimeSpan.Zero;
            try
            {
                rest = await WorkAsync(stoppingToken);
                failures = 0;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or DbUpdateException or InvalidOperationException { InnerException: NpgsqlException } or TimeoutException)
            {
                // The database's fault, or another instance was faster: the transaction is rolled back and everything is still due.
                failures++;
                StepFailed(logger, e, failures);
                rest = TimeSpan.FromSeconds(Math.Min(failures, MostRest.TotalSeconds));
            }

            if (rest > TimeSpan.Zero)
            {
                await signal.WaitAsync(rest, clock, stoppingToken);
            }
        }
    }

    private async Task<TimeSpan> WorkAsync(CancellationToken cancellationToken)
    {
        await WakeDependentsAsync(cancellationToken);
        var (groupsDue, schedulesDue) = await NextDueAsync(cancellationToken);
        var now = clock.GetUtcNow();
        var more = false;
        if (groupsDue <= now)
        {
            var batches = _crowded ? await Task.WhenAll(StepAsync(cancellationToken), StepAsync(cancellationToken)) : [await StepAsync(cancellationToken)];
            _crowded = batches.Contains(BatchSize);
            more |= _crowded;
        }

        if (schedulesDue <= now)
        {
            more |= await ScheduleStepAsync(cancellationToken) == BatchSize;
        }

        if (more)
        {
            return TimeSpan.Zero;
        }

        await SweepAsync(cancellationToken);
        var next = groupsDue < schedulesDue || schedulesDue is null ? groupsDue : schedulesDue;
        var rest = next > now ? next.Value - now : options.Value.Poll;
        return rest < options.Value.Poll ? rest : options.Value.Poll;
    }

    /// <summary>Claims a batch of due groups and advances them; returns how many there were.</summary>
    internal async Task<int> StepAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var context = scope.ServiceProvider.GetRequiredService<SchedulerDbContext>();
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var now = clock.GetUtcNow();
        var groups = await context.CourierGroups.FromSql($"select * from courier_groups where due_at <= {now} order by due_at limit {BatchSize} for update skip locked").ToListAsync(cancellationToken);
        if (groups.Count == 0)
        {
            return 0;
        }

        var steps = scope.ServiceProvider.GetRequiredService<GroupSteps>();
        await steps.AdvanceAsync(groups, await steps.ActiveRunsAsync(groups, cancellationToken), cancellationToken);
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        signal.Succeeded(scope.ServiceProvider.GetRequiredService<RunTransitions>().SucceededGroups);
        return groups.Count;
    }

    // Outside the transaction of the success, so that no two groups' rows are ever locked in an order that another transaction could reverse. If the process dies before it,
    // the waiting groups' own poll finds the run.
    private async Task WakeDependentsAsync(CancellationToken cancellationToken)
    {
        var succeeded = signal.TakeSucceeded();
        if (succeeded.Count == 0)
        {
            return;
        }

        await using var wake = database.CreateCommand("""
            update courier_groups set due_at = least(due_at, $1)
            where id in (select r.group_id from group_runs r, jsonb_array_elements(r.constraints) c where r.state = 'Waiting' and c ->> 'groupId' = any($2))
            """);
        wake.Parameters.Add(new() { Value = clock.GetUtcNow() });
        wake.Parameters.Add(new() { Value = succeeded.ToArray() });
        await wake.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<int> ScheduleStepAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<ScheduleSteps>().StepAsync(BatchSize, cancellationToken);
    }

    // One look per poll is all that an idle scheduler does.
    private async Task<(DateTimeOffset? Groups, DateTimeOffset? Schedules)> NextDueAsync(CancellationToken cancellationToken)
    {
        using var quietly = Telemetry.Quietly();
        await using var command = database.CreateCommand("select (select min(due_at) from courier_groups), (select min(due_at) from registered_schedules)");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (Instant(0), Instant(1));

        DateTimeOffset? Instant(int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (now < _nextSweep)
        {
            return;
        }

        await using var sweep = database.CreateCommand("""
            with old_runs as (delete from group_runs where ended_at < $1)
            , old_notifications as (delete from notifications where at < $1)
            delete from alert_deliveries where ended_at < $1
            """);
        sweep.Parameters.Add(new() { Value = now - options.Value.HistoryKept });
        await sweep.ExecuteNonQueryAsync(cancellationToken);
        _nextSweep = now + SweepEvery;
    }

    [LoggerMessage(EventId = 501, Level = LogLevel.Warning, Message = "A step of due groups or schedules failed (failure {Failures} in a row) and is tried again")]
    private static partial void StepFailed(ILogger logger, Exception exception, int failures);
}
