using Platform.Contracts.Scheduler;
using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Persistence;
using Platform.OptimizelyBrevo.Sync;
using Platform.ServiceDefaults.Messaging;

namespace Platform.OptimizelyBrevo.Consumers;

/// <summary>A connection's schedule is due (S9).</summary>
internal sealed class ScheduleDueConsumer(OptimizelyBrevoDbContext db, SyncLeases leases, TimeProvider clock) : InboxConsumer<ScheduleDue, OptimizelyBrevoDbContext>(db, clock)
{
    protected override Task HandleAsync(ScheduleDue message, CancellationToken cancellationToken) => message.Owner == ConnectionSchedule.Owner
        ? SyncQueue.AddUnlessWaitingAsync(Database, message.ScheduleId, SyncScope.All, new(), "schedule", Clock, cancellationToken)
        : Task.CompletedTask;

    protected override void OnCommitted() => leases.Ring();
}
