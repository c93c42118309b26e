using Microsoft.EntityFrameworkCore;
using Platform.Campaigns.Persistence;
using Platform.Campaigns.Responses;
using Platform.Contracts.Couriers;
using Platform.Contracts.Feeds;
using Platform.Contracts.Scheduler;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Campaigns.Consumers;

/// <summary>The time of a daily import has come (S9).</summary>
internal sealed class ScheduleDueConsumer(CampaignsDbContext context, ResponseSignal signal, TimeProvider clock) : InboxConsumer<ScheduleDue, CampaignsDbContext>(context, clock)
{
    protected override async Task HandleAsync(ScheduleDue message, CancellationToken cancellationToken)
    {
        if (message.Owner != ResponseSchedule.Owner
            || await Database.ResponseImports.AsNoTracking().SingleOrDefaultAsync(row => row.Id == message.ScheduleId, cancellationToken) is not { Settings.Enabled: true } import)
        {
            return;
        }

        // One that still waits to be started looks back as far and finds the same files.
        if (!await Database.ResponseRuns.AnyAsync(run => run.ConnectionId == import.Id && run.State == ResponseRunState.Requested, cancellationToken))
        {
            ResponseRuns.Request(Database, import, false, ResponseRuns.Schedule, Clock);
        }

        await ResponseRuns.MoreWorkAsync(Database, import.Id, cancellationToken);
    }

    protected override void OnCommitted() => signal.Wake();
}

/// <summary>Rows of a response file are in: there may be facts to tell of.</summary>
internal sealed class FeedLoadedConsumer(CampaignsDbContext context, ResponseSignal signal, TimeProvider clock) : InboxConsumer<FeedLoaded, CampaignsDbContext>(context, clock)
{
    protected override Task HandleAsync(FeedLoaded message, CancellationToken cancellationToken) => Database.Database.ExecuteSqlAsync(
        $"update response_imports set work = work + 1, not_before = clock_timestamp() where exists (select from jsonb_each_text(feeds) as f where f.value = {message.FeedId})", cancellationToken);

    protected override void OnCommitted() => signal.Wake();
}

/// <summary>An import has ended.</summary>
internal sealed class CourierRunEndedConsumer(CampaignsDbContext context, ResponseSignal signal, TimeProvider clock) : InboxConsumer<CourierRunEnded, CampaignsDbContext>(context, clock)
{
    protected override async Task HandleAsync(CourierRunEnded message, CancellationToken cancellationToken)
    {
        if (await Database.ResponseRuns.SingleOrDefaultAsync(row => row.Id == message.RunId, cancellationToken) is { } run)
        {
            run.State = message.State switch
            {
                RunState.Succeeded => ResponseRunState.Succeeded,
                RunState.Cancelled => ResponseRunState.Cancelled,
                _ => ResponseRunState.Failed,
            };
            (run.Message, run.Files, run.EndedAt) = (message.Message, message.Files, message.EndedAt);
            await ResponseRuns.MoreWorkAsync(Database, run.ConnectionId, cancellationToken);
        }
    }

    protected override void OnCommitted() => signal.Wake();
}
