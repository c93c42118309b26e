using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Couriers;
using Platform.Contracts.Scheduler;
using Platform.Couriers.Imports;
using Platform.Couriers.Persistence;
using Platform.Couriers.Runs;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Couriers.Consumers;

/// <summary>The schedule of an import job is due (S9).</summary>
internal sealed class ImportJobDueConsumer(CouriersDbContext context, ImportRuns imports, RunSignal signal, TimeProvider clock) : InboxConsumer<ScheduleDue, CouriersDbContext>(context, clock)
{
    protected override async Task HandleAsync(ScheduleDue message, CancellationToken cancellationToken)
    {
        if (message.Owner == ImportJob.Owner && ImportJob.OfSchedule(message.ScheduleId) is { } of
            && await imports.LockAsync(of.JobId, cancellationToken) is { State: ImportJobState.Active } job && job.ScheduleId == message.ScheduleId)
        {
            await imports.DueAsync(job, message.Slot, cancellationToken);
        }
    }

    protected override void OnCommitted() => signal.Wake();
}

/// <summary>A run of an import job ended.</summary>
internal sealed class ImportRunEndedConsumer(CouriersDbContext context, ImportRuns imports, TimeProvider clock) : InboxConsumer<CourierRunEnded, CouriersDbContext>(context, clock)
{
    protected override async Task HandleAsync(CourierRunEnded message, CancellationToken cancellationToken)
    {
        var id = await Database.ImportJobs.Where(job => job.RunId == message.RunId).Select(job => job.Id).SingleOrDefaultAsync(cancellationToken);
        if (id is not null && await imports.LockAsync(id, cancellationToken) is { } job && job.RunId == message.RunId)
        {
            await imports.EndedAsync(job, message, cancellationToken);
        }
    }
}
