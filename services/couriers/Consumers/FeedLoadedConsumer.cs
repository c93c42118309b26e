using Platform.Contracts.Feeds;
using Platform.Couriers.Persistence;
using Platform.Couriers.Runs;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Couriers.Consumers;

/// <summary>A feed has loaded its part of a run.</summary>
internal sealed class FeedLoadedConsumer(CouriersDbContext context, LoadOutcomes outcomes, RunSignal signal, TimeProvider clock)
    : InboxConsumer<FeedLoaded, CouriersDbContext>(context, clock)
{
    protected override Task HandleAsync(FeedLoaded message, CancellationToken cancellationToken) => outcomes.ApplyAsync(message.RunId, message.LoadId, load =>
    {
        load.State = RunLoadState.Loaded;
        load.Rows = message.Rows;
        load.DomainTable = message.DomainTable;
        load.Strategy = message.Strategy;
        load.Reason = null;
    }, cancellationToken);

    // The courier's next run may start.
    protected override void OnCommitted() => signal.Wake();
}
