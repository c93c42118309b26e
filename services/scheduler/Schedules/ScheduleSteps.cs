using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Platform.Contracts.Scheduler;
using Platform.Scheduler.Persistence;
using Platform.Scheduler.Slots;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Scheduler.Schedules;

/// <summary>Tells the owners of registered schedules when they are due (S9): the message and the next due time commit together.</summary>
internal sealed partial class ScheduleSteps(SchedulerDbContext database, TimeProvider clock, IOptions<SchedulerOptions> options, ILogger<ScheduleSteps> logger)
{
    private static readonly TimeSpan BrokenScheduleRest = TimeSpan.FromMinutes(1);

    /// <summary>Claims a batch of due schedules; returns how many there were.</summary>
    public async Task<int> StepAsync(int batchSize, CancellationToken cancellationToken)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        var now = clock.GetUtcNow();
        var schedules = await database.RegisteredSchedules
            .FromSql($"select * from registered_schedules where due_at <= {now} order by due_at limit {batchSize} for update skip locked").ToListAsync(cancellationToken);
        foreach (var schedule in schedules)
        {
            Step(schedule, now);
        }

        await database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return schedules.Count;
    }

    private void Step(RegisteredSchedule schedule, DateTimeOffset now)
    {
        DueSlots due;
        try
        {
            due = DueSlots.UpTo(now, schedule.DueAt!.Value, schedule.SlotAfter, schedule.CatchUp, options.Value.Grace);
        }
        catch (Exception e) when (e is TimeZoneNotFoundException or InvalidOperationException)
        {
            BrokenSchedule(logger, e, schedule.Owner, schedule.ScheduleId);
            schedule.DueAt = now + BrokenScheduleRest;
            return;
        }

        foreach (var slot in due.Used)
        {
            database.Publish(new ScheduleDue
            {
                ScheduleId = schedule.ScheduleId,
                Owner = schedule.Owner,
                Slot = slot.Slot.ToUniversalTime(),
                Trigger = slot.Trigger,
                Missed = slot.Missed,
                Reference = schedule.Reference,
            }, clock);
            schedule.LastSlot = slot.Slot.ToUniversalTime();
        }

        // What follows the end of the work cannot pile up: the latest time it can be counts from now.
        schedule.DueAt = (schedule.FollowsEnd && due.Used.Count > 0 ? schedule.SlotAfter(now) : due.Next)?.ToUniversalTime();
    }

    [LoggerMessage(EventId = 510, Level = LogLevel.Error, Message = "The schedule {ScheduleId} of {Owner} cannot be understood; it is looked at again in a minute")]
    private static partial void BrokenSchedule(ILogger logger, Exception exception, string owner, string scheduleId);
}
