using MassTransit;
using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Feeds;
using Platform.Couriers.Persistence;
using Platform.Couriers.Runs;

namespace Platform.Couriers.Consumers;

/// <summary>Notes how far a load is. No inbox: the message may be lost or come twice, and decides nothing.</summary>
internal sealed class LoadProgressedConsumer(CouriersDbContext context, TimeProvider clock) : IConsumer<LoadProgressed>
{
    /// <summary>What was sent just before a load was held may arrive after it; what comes later tells that the load was approved and runs.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromSeconds(5);

    public Task Consume(ConsumeContext<LoadProgressed> consumed)
    {
        var message = consumed.Message;
        if (message.Phase == "held")
        {
            // FeedLoadHeld says more, and is not lost.
            return Task.CompletedTask;
        }

        var heldBefore = clock.GetUtcNow() - Late;
        return context.RunLoads
            .Where(load => load.Id == message.LoadId && (load.State == RunLoadState.Pending || (load.State == RunLoadState.Held && load.HeldAt < heldBefore)))
            .ExecuteUpdateAsync(load => load
                .SetProperty(row => row.State, RunLoadState.Pending)
                .SetProperty(row => row.Reason, (string?)null)
                .SetProperty(row => row.Step, message.Phase)
                .SetProperty(row => row.RowsRead, row => Math.Max(row.RowsRead, message.RowsRead)), consumed.CancellationToken);
    }
}
