using Microsoft.EntityFrameworkCore;
using Platform.Contracts.OptimizelyBrevo;
using Platform.OptimizelyBrevo.Persistence;
using Platform.OptimizelyBrevo.Sync;
using Platform.ServiceDefaults.Messaging;

namespace Platform.OptimizelyBrevo.Consumers;

/// <summary>Somebody on the bus wants a sync.</summary>
internal sealed class StartSyncConsumer(OptimizelyBrevoDbContext db, SyncLeases leases, TimeProvider clock) : InboxConsumer<StartSync, OptimizelyBrevoDbContext>(db, clock)
{
    protected override async Task HandleAsync(StartSync message, CancellationToken cancellationToken)
    {
        var scope = message.DomainTable is null ? SyncScope.All : SyncScope.Table;
        var request = new SyncRequest { Table = message.DomainTable };
        if (!message.DryRun)
        {
            await SyncQueue.AddUnlessWaitingAsync(Database, message.ConnectionId, scope, request, "bus", Clock, cancellationToken);
        }
        else if (await Database.Connections.AnyAsync(row => row.Id == message.ConnectionId, cancellationToken))
        {
            Database.Syncs.Add(SyncQueue.New(message.ConnectionId, scope, request, "bus", dryRun: true, Clock));
        }
    }

    protected override void OnCommitted() => leases.Ring();
}
