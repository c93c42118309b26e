namespace Platform.Scheduler.Notifications;

/// <summary>What a notification tells of: first a group's run (see <see cref="Groups.AlertEvent"/>), then the closed loop (see <see cref="Alerts.CampaignEvent"/>).</summary>
internal enum NotificationEvent
{
    Failed,

    Missing,

    Overdue,

    Held,

    Skipped,

    Cancelled,

    Succeeded,

    DispatchUploaded,

    DispatchImported,

    DispatchSending,

    DispatchSent,

    DispatchImportFailed,

    DispatchStartFailed,

    DispatchInvalid,

    DispatchFailed,

    DispatchCancelled,

    ResponsesMissing,
}
