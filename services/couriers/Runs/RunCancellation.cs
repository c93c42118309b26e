using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Couriers;
using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;
using Platform.Couriers.Persistence;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Couriers.Runs;

/// <summary>Ends a run on request, whether a person asked through the API or a service over the bus.</summary>
internal static class RunCancellation
{
    /// <summary>The run's row, locked until the transaction ends; null when there is none.</summary>
    public static Task<CourierRun?> LockRunAsync(this CouriersDbContext context, string id, CancellationToken cancellationToken) =>
        context.Runs.FromSql($"select * from courier_runs where id = {id} for update").SingleOrDefaultAsync(cancellationToken);

    /// <summary>Call with the run locked and not final; saving, committing and <see cref="RunSignal.Stop"/> are the caller's.</summary>
    public static async Task CancelAsync(this CouriersDbContext context, CourierRun run, TimeProvider clock, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        run.CancelRequestedAt ??= now;
        if (run.Waiting)
        {
            // The feeds answer with the end of each load; the worker closes the run if they do not in time.
            foreach (var load in await context.RunLoads.Where(load => load.RunId == run.Id && (load.State == RunLoadState.Pending || load.State == RunLoadState.Held)).Select(load => load.Id).ToListAsync(cancellationToken))
            {
                context.Publish(new CancelLoad { LoadId = load }, clock);
            }
        }
        else
        {
            // The new attempt fences out a worker that has the run: nothing it does from here on is committed.
            run.Attempt++;
            context.Publish(run.End(RunState.Cancelled, FailureCategory.Cancelled, "Cancelled on request.", [], now), clock);
        }

    }
}
