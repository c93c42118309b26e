using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Feeds;
using Platform.Scheduler.Persistence;
using Platform.Scheduler.Runs;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Scheduler.Consumers;

/// <summary>A load is held for a person's decision (F8): the group's run it belongs to waits, or goes on by the group's policy.</summary>
internal sealed class FeedLoadHeldConsumer(SchedulerDbContext context, TimeProvider clock, GroupSteps steps, RunTransitions transitions, WorkSignal signal)
    : InboxConsumer<FeedLoadHeld, SchedulerDbContext>(context, clock)
{
    protected override async Task HandleAsync(FeedLoadHeld message, CancellationToken cancellationToken)
    {
        var groupId = await (from courier in Database.GroupRunCouriers
                             join run in Database.GroupRuns on courier.GroupRunId equals run.Id
                             where message.RunId != null && courier.CourierRunId == message.RunId
                             select run.GroupId).SingleOrDefaultAsync(cancellationToken);
        if (groupId is null || await steps.HoldAsync(groupId, cancellationToken) is not { } group)
        {
            // A run of its own, or a load of a sample.
            return;
        }

        var active = await steps.ActiveRunsAsync([group], cancellationToken);
        if (active[groupId].SelectMany(run => run.Couriers.Select(courier => (Run: run, Courier: courier))).FirstOrDefault(pair => pair.Courier.CourierRunId == message.RunId) is { Run: { } held } found)
        {
            transitions.CourierHeld(group, held, found.Courier, message);
            await steps.AdvanceAsync([group], active, cancellationToken);
        }
    }

    protected override void OnCommitted() => signal.Succeeded(transitions.SucceededGroups);
}
