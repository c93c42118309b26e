using Platform.Scheduler.Alerts;
using Platform.Scheduler.Groups;
using Platform.Scheduler.Persistence;
using Platform.Scheduler.Runs;
using Platform.ServiceDefaults;

namespace Platform.Scheduler.Notifications;

/// <summary>Records what happened for people, and puts an alert on its way to each channel of the group that wants to hear of it. Both commit with the change they tell of.</summary>
internal sealed class Announcements(SchedulerDbContext database, TimeProvider clock)
{
    public void Raise(CourierGroup group, GroupRun run, AlertEvent about, string what, string why, string whatToDo)
    {
        var now = clock.GetUtcNow();
        var notification = new Notification
        {
            Id = PublicId.Sequential("nt"),
            At = now,
            Severity = about switch
            {
                AlertEvent.Failed => Severity.Error,
                AlertEvent.Succeeded => Severity.Completed,
                _ => Severity.Warning,
            },
            Event = about,
            GroupId = group.Id,
            GroupRunId = run.Id,
            Title = $"Courier group '{group.Name}': {Word(about)}",
            What = what,
            Why = why,
            WhatToDo = whatToDo,
        };
        database.Notifications.Add(notification);
        if (!group.Settings.Alerts.On.Contains(about))
        {
            return;
        }

        foreach (var channel in group.Settings.Alerts.Channels)
        {
            database.AlertDeliveries.Add(new()
            {
                Id = PublicId.Sequential("ad"),
                ChannelId = channel,
                NotificationId = notification.Id,
                State = DeliveryState.Pending,
                CreatedAt = now,
            });
        }
    }

    private static string Word(AlertEvent about) => about switch
    {
        AlertEvent.Failed => "run failed",
        AlertEvent.Missing => "files are missing",
        AlertEvent.Overdue => "run is overdue",
        AlertEvent.Held => "a load is held",
        AlertEvent.Skipped => "run skipped",
        AlertEvent.Cancelled => "run cancelled",
        _ => "run completed",
    };
}
