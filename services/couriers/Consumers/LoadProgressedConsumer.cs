using MassTransit;
using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Feeds;
using Platform.Couriers.Persistence;
using Platform.Couriers.Runs;

namespace Platform.Couriers.Consumers;

/// <summary>Notes how far a load is. No inbox: the message may be lost or come twice, and decides nothing.</summary>
internal sealed class LoadProgressedConsumer(CouriersDbContext context) : IConsumer<LoadProgressed>
{
    public Task Consume(ConsumeContext<LoadProgressed> consumed) => context.RunLoads
        .Where(load => load.Id == consumed.Message.LoadId && load.State == RunLoadState.Pending)
        .ExecuteUpdateAsync(load => load
            .SetProperty(row => row.Step, consumed.Message.Phase)
            .SetProperty(row => row.RowsRead, row => Math.Max(row.RowsRead, consumed.Message.RowsRead)), consumed.CancellationToken);
}
