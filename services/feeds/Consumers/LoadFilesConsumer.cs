using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;
using Platform.Feeds.Loading;
using Platform.Feeds.Persistence;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Feeds.Consumers;

/// <summary>Writes the load as a row and wakes the worker. A load id that is known already changes nothing; when that load has ended, its end is announced again.</summary>
internal sealed class LoadFilesConsumer(FeedsDbContext database, LoadSignal signal, TimeProvider clock) : InboxConsumer<LoadFiles, FeedsDbContext>(database, clock)
{
    protected override async Task HandleAsync(LoadFiles message, CancellationToken cancellationToken)
    {
        var feed = await Database.LockFeedAsync(message.FeedId, cancellationToken);
        var known = await Database.Loads.AsNoTracking().FirstOrDefaultAsync(load => load.Id == message.LoadId, cancellationToken);
        if (known is not null)
        {
            if (LoadAnnouncements.Of(known, feed?.DomainTable ?? "") is { } announcement)
            {
                Database.Publish(announcement, Clock);
            }

            return;
        }

        if (await Database.LoadCancellations.AnyAsync(cancellation => cancellation.LoadId == message.LoadId, cancellationToken))
        {
            Refuse(message, FailureCategory.Cancelled, LoadAnnouncements.CancelledReason);
        }
        else if (feed is null)
        {
            Refuse(message, FailureCategory.Configuration, $"Cannot find required feeds: \"{message.FeedId}\". Create the feed, or correct the courier's load operations.");
        }
        else if (feed.Active is null)
        {
            Refuse(message, FailureCategory.Configuration, $"The feed {feed.Id} ({feed.DomainTable}) is a draft and has no domain table yet. Activate it, then restart the run.");
        }
        else if (feed.DeactivatedAt is not null)
        {
            Refuse(message, FailureCategory.Configuration, $"The feed {feed.Id} ({feed.DomainTable}) was deactivated and takes no loads. Activate it, then restart the run; or take it out of the courier's load operations.");
        }
        else
        {
            Database.Loads.Add(new()
            {
                Id = message.LoadId,
                FeedId = message.FeedId,
                RunId = message.RunId,
                CourierId = message.CourierId,
                Truncate = message.Truncate,
                ErrorThresholdPercent = message.ErrorThresholdPercent,
                Tags = [.. message.Tags],
                TraceParent = Activity.Current?.Id,
                CreatedAt = Clock.GetUtcNow(),
            });
        }
    }

    protected override void OnCommitted() => signal.Wake();

    private void Refuse(LoadFiles message, FailureCategory failure, string reason) => Database.Publish(new FeedLoadFailed
    {
        LoadId = message.LoadId,
        RunId = message.RunId,
        FeedId = message.FeedId,
        Failure = failure,
        Reason = reason,
        Rows = new(),
    }, Clock);
}
