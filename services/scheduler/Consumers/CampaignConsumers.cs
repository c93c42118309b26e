using Platform.Contracts.Campaigns;
using Platform.Scheduler.Notifications;
using Platform.Scheduler.Persistence;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Scheduler.Consumers;

/// <summary>A dispatch reached another state: people are told (L6).</summary>
internal sealed class DispatchStateChangedConsumer(SchedulerDbContext context, TimeProvider clock, Announcements announcements) : InboxConsumer<DispatchStateChanged, SchedulerDbContext>(context, clock)
{
    protected override Task HandleAsync(DispatchStateChanged message, CancellationToken cancellationToken) =>
        CampaignNews.Of(message) is { } news ? announcements.RaiseAsync(news, cancellationToken) : Task.CompletedTask;
}

/// <summary>A day without response files, or whose import failed: people are told (L7).</summary>
internal sealed class ResponsesMissingConsumer(SchedulerDbContext context, TimeProvider clock, Announcements announcements) : InboxConsumer<ResponsesMissing, SchedulerDbContext>(context, clock)
{
    protected override Task HandleAsync(ResponsesMissing message, CancellationToken cancellationToken) => announcements.RaiseAsync(CampaignNews.Of(message), cancellationToken);
}
