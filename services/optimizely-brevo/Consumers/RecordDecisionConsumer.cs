using Microsoft.EntityFrameworkCore;
using Platform.Contracts.OptimizelyBrevo;
using Platform.OptimizelyBrevo.DecisionEvents;
using Platform.OptimizelyBrevo.Persistence;
using Platform.OptimizelyBrevo.Sync;
using Platform.ServiceDefaults.Messaging;

namespace Platform.OptimizelyBrevo.Consumers;

/// <summary>A decision that came by the bus (O5).</summary>
internal sealed partial class RecordDecisionConsumer(OptimizelyBrevoDbContext db, SyncLeases leases, TimeProvider clock, ILogger<RecordDecisionConsumer> logger)
    : InboxConsumer<RecordDecision, OptimizelyBrevoDbContext>(db, clock)
{
    protected override async Task HandleAsync(RecordDecision message, CancellationToken cancellationToken)
    {
        if (!await Database.Connections.AnyAsync(row => row.Id == message.ConnectionId, cancellationToken))
        {
            Unknown(logger, message.ConnectionId);
            return;
        }

        await DecisionIntake.RecordAsync(
            Database, message.ConnectionId,
            [new(message.DecisionId, message.Type, message.UserId, null, message.ExperimentKey, message.FeatureKey, message.VariationKey, message.Enabled, message.DecidedAt, message.EmailSha256)],
            "bus", Clock, cancellationToken);
    }

    protected override void OnCommitted() => leases.Ring();

    [LoggerMessage(EventId = 760, Level = LogLevel.Warning, Message = "A decision for the connection {Connection} was dropped: there is no such connection (any more)")]
    private static partial void Unknown(ILogger logger, string connection);
}
