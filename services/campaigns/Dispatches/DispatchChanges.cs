using Platform.Campaigns.Persistence;
using Platform.Contracts.Campaigns;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Campaigns.Dispatches;

/// <summary>The one place where a dispatch changes its state: history and event become facts with it.</summary>
internal static class DispatchChanges
{
    /// <summary>Adds the change to the context; it becomes a fact with its next save.</summary>
    public static void Change(this CampaignsDbContext context, Dispatch dispatch, DispatchState state, string? message, TimeProvider clock)
    {
        var previous = dispatch.State;
        var now = clock.GetUtcNow();
        dispatch.State = state;
        dispatch.Message = message;
        dispatch.ChangedAt = now;
        context.DispatchEvents.Add(new() { DispatchId = dispatch.Id, State = state, Message = message, At = now });
        context.Publish(
            new DispatchStateChanged
            {
                DispatchId = dispatch.Id,
                ConnectionId = dispatch.ConnectionId,
                State = state,
                Previous = previous,
                Test = dispatch.Test,
                SourceMailingId = dispatch.SourceMailingId,
                MailingId = dispatch.MailingId,
                WaveId = dispatch.WaveId,
                Message = message,
                ChangedAt = now,
            }, clock);
    }
}
