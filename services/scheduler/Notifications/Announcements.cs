using Microsoft.EntityFrameworkCore;
using Platform.Scheduler.Alerts;
using Platform.Scheduler.Groups;
using Platform.Scheduler.Persistence;
using Platform.Scheduler.Runs;
using Platform.ServiceDefaults;

namespace Platform.Scheduler.Notifications;

/// <summary>Records what happened for people, and puts an alert on its way to each channel that wants to hear of it. Both commit with the change they tell of.</summary>
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
            Event = Enum.Parse<NotificationEvent>(about.ToString()),
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
            Deliver(notification, channel);
        }
    }

    /// <summary>News of the closed loop have no group: channels say themselves what they hear of.</summary>
    public async Task RaiseAsync(CampaignNews news, CancellationToken cancellationToken)
    {
        var notification = new Notification
        {
            Id = PublicId.Sequential("nt"),
            At = clock.GetUtcNow(),
            Severity = news.Severity,
            Event = Enum.Parse<NotificationEvent>(news.About.ToString()),
            ConnectionId = news.ConnectionId,
            DispatchId = news.DispatchId,
            Title = news.Title,
            What = news.What,
            Why = news.Why,
            WhatToDo = news.WhatToDo,
        };
        database.Notifications.Add(notification);
        var channels = await database.AlertChannels.AsNoTracking().Where(channel => channel.Campaigns != null).ToListAsync(cancellationToken);
        foreach (var channel in channels.Where(channel => channel.Campaigns!.Wants(news.About, news.ConnectionId)))
        {
            Deliver(notification, channel.Id);
        }
    }

    private void Deliver(Notification notification, string channelId) => database.AlertDeliveries.Add(new()
    {
        Id = PublicId.Sequential("ad"),
        ChannelId = channelId,
        NotificationId = notification.Id,
        State = DeliveryState.Pending,
        CreatedAt = notification.At,
    });

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
