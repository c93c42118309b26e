using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;
using Platform.Couriers.Persistence;
using Platform.Couriers.Runs;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Couriers.Consumers;

/// <summary>A feed could not load its part of a run, or gave it up on request.</summary>
internal sealed class FeedLoadFailedConsumer(CouriersDbContext context, LoadOutcomes outcomes, RunSignal signal, TimeProvider clock)
    : InboxConsumer<FeedLoadFailed, CouriersDbContext>(context, clock)
{
    protected override Task HandleAsync(FeedLoadFailed message, CancellationToken cancellationToken) => outcomes.ApplyAsync(message.RunId, message.LoadId, load =>
    {
        load.State = message.Failure == FailureCategory.Cancelled ? RunLoadState.Cancelled : RunLoadState.Failed;
        load.Rows = message.Rows;
        load.Failure = message.Failure;
        load.Reason = message.Reason;
    }, cancellationToken);

    // The courier's next run may start.
    protected override void OnCommitted() => signal.Wake();
}
