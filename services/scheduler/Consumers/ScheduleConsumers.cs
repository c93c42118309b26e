using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Scheduler;
using Platform.Scheduler.Persistence;
using Platform.Scheduler.Runs;
using Platform.Scheduler.Schedules;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Scheduler.Consumers;

/// <summary>Takes a schedule of another service in, or refuses it with every problem.</summary>
internal sealed class RegisterScheduleConsumer(SchedulerDbContext context, TimeProvider clock, WorkSignal signal) : InboxConsumer<RegisterSchedule, SchedulerDbContext>(context, clock)
{
    protected override async Task HandleAsync(RegisterSchedule message, CancellationToken cancellationToken)
    {
        var now = Clock.GetUtcNow();
        var problems = ScheduleRules.ProblemsOf(message, DateOnly.FromDateTime(now.UtcDateTime));
        if (problems.Count > 0)
        {
            Database.Publish(new ScheduleRefused { ScheduleId = message.ScheduleId, Owner = message.Owner, Problems = problems }, Clock);
            return;
        }

        var zone = message.TimeZone ?? "UTC";
        var known = await Database.RegisteredSchedules.FindAsync([message.Owner, message.ScheduleId], cancellationToken);
        if (known is null)
        {
            known = new()
            {
                Owner = message.Owner,
                ScheduleId = message.ScheduleId,
                Cron = message.Cron,
                Frequency = message.Frequency,
                TimeOfDay = message.TimeOfDay,
                TimeZone = zone,
                StartAtOnce = message.StartAtOnce,
                CatchUp = message.CatchUp,
                Reference = message.Reference,
                Anchor = now,
            };
            known.DueAt = known.First()?.ToUniversalTime();
            Database.RegisteredSchedules.Add(known);
            return;
        }

        var sameTimes = known.Cron == message.Cron && known.Frequency == message.Frequency && known.TimeOfDay == message.TimeOfDay && known.TimeZone == zone;
        (known.Cron, known.Frequency, known.TimeOfDay, known.TimeZone) = (message.Cron, message.Frequency, message.TimeOfDay, zone);
        (known.StartAtOnce, known.CatchUp, known.Reference) = (message.StartAtOnce, message.CatchUp, message.Reference);
        if (!sameTimes)
        {
            // The schedule ran at once when it was new; with other times it goes on with the next of them.
            known.DueAt = (known.FollowsEnd ? known.After(now) : known.SlotAfter(now))?.ToUniversalTime();
        }
    }

    protected override void OnCommitted() => signal.Wake();
}

/// <summary>Forgets a schedule.</summary>
internal sealed class RemoveScheduleConsumer(SchedulerDbContext context, TimeProvider clock) : InboxConsumer<RemoveSchedule, SchedulerDbContext>(context, clock)
{
    protected override async Task HandleAsync(RemoveSchedule message, CancellationToken cancellationToken) =>
        await Database.RegisteredSchedules.Where(schedule => schedule.Owner == message.Owner && schedule.ScheduleId == message.ScheduleId).ExecuteDeleteAsync(cancellationToken);
}

/// <summary>Lets the next run of a schedule without a time of day follow the end of the last one.</summary>
internal sealed class ScheduledWorkEndedConsumer(SchedulerDbContext context, TimeProvider clock, WorkSignal signal) : InboxConsumer<ScheduledWorkEnded, SchedulerDbContext>(context, clock)
{
    protected override async Task HandleAsync(ScheduledWorkEnded message, CancellationToken cancellationToken)
    {
        var schedule = (await Database.RegisteredSchedules
            .FromSql($"select * from registered_schedules where owner = {message.Owner} and schedule_id = {message.ScheduleId} for update")
            .ToListAsync(cancellationToken)).SingleOrDefault();
        if (schedule is { FollowsEnd: true } && schedule.LastSlot <= message.Slot)
        {
            schedule.DueAt = schedule.After(message.EndedAt).ToUniversalTime();
        }
    }

    protected override void OnCommitted() => signal.Wake();
}
