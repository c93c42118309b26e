using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Feeds;
using Platform.OptimizelyBrevo.Persistence;
using Platform.OptimizelyBrevo.Sync;
using Platform.ServiceDefaults.Messaging;

namespace Platform.OptimizelyBrevo.Consumers;

/// <summary>A domain table has new rows: connections that read it are brought up to date (S3 to table to Brevo).</summary>
internal sealed class FeedLoadedConsumer(OptimizelyBrevoDbContext db, SyncLeases leases, TimeProvider clock) : InboxConsumer<FeedLoaded, OptimizelyBrevoDbContext>(db, clock)
{
    protected override async Task HandleAsync(FeedLoaded message, CancellationToken cancellationToken)
    {
        foreach (var connection in await Database.Connections.AsNoTracking().Where(row => row.Enabled).ToListAsync(cancellationToken))
        {
            if (connection.Settings.Sources.Any(source => source.OnLoad && source.Table == message.DomainTable))
            {
                await SyncQueue.AddUnlessWaitingAsync(Database, connection.Id, SyncScope.Table, new() { Table = message.DomainTable }, message.LoadId, Clock, cancellationToken);
            }
        }
    }

    protected override void OnCommitted() => leases.Ring();
}
