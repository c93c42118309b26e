using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Couriers;
using Platform.Scheduler.Persistence;
using Platform.Scheduler.Runs;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Scheduler.Consumers;

/// <summary>A courier's run ended: its group's run goes on, or is over.</summary>
internal sealed class CourierRunEndedConsumer(SchedulerDbContext context, TimeProvider clock, GroupSteps steps, RunTransitions transitions, WorkSignal signal)
    : InboxConsumer<CourierRunEnded, SchedulerDbContext>(context, clock)
{
    protected override async Task HandleAsync(CourierRunEnded message, CancellationToken cancellationToken)
    {
        var found = await (from courier in Database.GroupRunCouriers
                           join run in Database.GroupRuns on courier.GroupRunId equals run.Id
                           where courier.CourierRunId == message.RunId
                           select new { run.GroupId, run.Id }).SingleOrDefaultAsync(cancellationToken);
        if (found is null || await steps.HoldAsync(found.GroupId, cancellationToken) is not { } group)
        {
            // Started by someone else.
            return;
        }

        var active = await steps.ActiveRunsAsync([group], cancellationToken);
        var ended = active[group.Id].SingleOrDefault(run => run.Id == found.Id)
            ?? await Database.GroupRuns.Include(run => run.Couriers).SingleAsync(run => run.Id == found.Id, cancellationToken);
        if (ended.Couriers.Find(courier => courier.CourierRunId == message.RunId) is { } row)
        {
            transitions.CourierEnded(group, ended, row, message);
            await steps.AdvanceAsync([group], active, cancellationToken);
        }
    }

    protected override void OnCommitted() => signal.Succeeded(transitions.SucceededGroups);
}
