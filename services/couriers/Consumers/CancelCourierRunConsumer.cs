using Platform.Contracts.Couriers;
using Platform.Couriers.Persistence;
using Platform.Couriers.Runs;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Couriers.Consumers;

/// <summary>Cancels a run for another service. A run that has ended, or that is unknown, stays as it is: whoever asked is, or was, told its end.</summary>
internal sealed class CancelCourierRunConsumer(CouriersDbContext context, RunSignal signal, TimeProvider clock) : InboxConsumer<CancelCourierRun, CouriersDbContext>(context, clock)
{
    private string? _cancelled;

    protected override async Task HandleAsync(CancelCourierRun message, CancellationToken cancellationToken)
    {
        if (await Database.LockRunAsync(message.RunId, cancellationToken) is { IsFinal: false } run)
        {
            await Database.CancelAsync(run, Clock, cancellationToken);
            _cancelled = run.Id;
        }
    }

    protected override void OnCommitted()
    {
        if (_cancelled is not null)
        {
            signal.Stop(_cancelled);
            signal.Wake();
        }
    }
}
