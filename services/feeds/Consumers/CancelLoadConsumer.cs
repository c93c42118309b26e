using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;
using Platform.Feeds.Loading;
using Platform.Feeds.Persistence;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Feeds.Consumers;

/// <summary>
/// Remembers that a load is to be given up. One that waits ends here; one that runs is ended by its worker, which looks for the note; one whose command has not arrived yet
/// will be refused when it does.
/// </summary>
internal sealed class CancelLoadConsumer(FeedsDbContext database, LoadSignal signal, TimeProvider clock) : InboxConsumer<CancelLoad, FeedsDbContext>(database, clock)
{
    protected override async Task HandleAsync(CancelLoad message, CancellationToken cancellationToken)
    {
        await Database.Database.ExecuteSqlAsync(
            $"insert into load_cancellations (load_id, requested_at) values ({message.LoadId}, {Clock.GetUtcNow()}) on conflict do nothing", cancellationToken);
        var waiting = await Database.Loads.FromSql($"select * from loads where id = {message.LoadId} and state in ('queued', 'held') for update").SingleOrDefaultAsync(cancellationToken);
        if (waiting is null)
        {
            return;
        }

        waiting.State = LoadState.Cancelled;
        waiting.Phase = "done";
        waiting.Failure = FailureCategory.Cancelled;
        waiting.Reason = LoadAnnouncements.CancelledReason;
        waiting.EndedAt = Clock.GetUtcNow();
        Database.Publish(LoadAnnouncements.Of(waiting, "")!, Clock);
    }

    protected override void OnCommitted() => signal.Wake();
}
