using Platform.Contracts.Feeds;
using Platform.Couriers.Persistence;
using Platform.Couriers.Runs;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Couriers.Consumers;

/// <summary>A truncate waits for a person's decision; the run says so, and how to decide.</summary>
internal sealed class FeedLoadHeldConsumer(CouriersDbContext context, LoadOutcomes outcomes, TimeProvider clock) : InboxConsumer<FeedLoadHeld, CouriersDbContext>(context, clock)
{
    protected override Task HandleAsync(FeedLoadHeld message, CancellationToken cancellationToken) => outcomes.HoldAsync(message, cancellationToken);
}
