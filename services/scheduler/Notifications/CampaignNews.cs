using System.Globalization;
using Platform.Contracts.Campaigns;
using Platform.Scheduler.Alerts;

namespace Platform.Scheduler.Notifications;

/// <summary>News of the closed loop in words (L6): what happened, why, what to do.</summary>
internal sealed record CampaignNews(CampaignEvent About, string ConnectionId, string? DispatchId, Severity Severity, string Title, string What, string Why, string WhatToDo)
{
    /// <summary>Null for steps on the way, of which nobody needs to hear.</summary>
    public static CampaignNews? Of(DispatchStateChanged change)
    {
        if (Words(change) is not var (about, severity, words, whatToDo))
        {
            return null;
        }

        var kind = change.Test ? "Test dispatch" : "Dispatch";
        var wave = change.WaveId is { } id ? string.Create(CultureInfo.InvariantCulture, $", wave {id}") : "";
        var mailing = change.MailingId is { } made ? string.Create(CultureInfo.InvariantCulture, $", mailing {made}") : "";
        return new(about, change.ConnectionId, change.DispatchId, severity, $"{kind} {change.DispatchId}: {words}",
            string.Create(CultureInfo.InvariantCulture, $"{kind} {change.DispatchId} of connection {change.ConnectionId} (source mailing {change.SourceMailingId}{wave}{mailing}): {words}."),
            change.Message ?? (severity == Severity.Completed ? "It goes its way." : "No reason was given."), whatToDo);
    }

    public static CampaignNews Of(ResponsesMissing missing) => new(CampaignEvent.ResponsesMissing, missing.ConnectionId, null, missing.ImportFailed ? Severity.Error : Severity.Warning,
        $"Response files of connection {missing.ConnectionId}: {(missing.ImportFailed ? "the import failed" : "none came")}",
        $"The daily import {missing.RunId} of connection {missing.ConnectionId}, asked for at {missing.RequestedAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC, {(missing.ImportFailed ? "failed" : "found no new file")}.", missing.Message,
        missing.ImportFailed
            ? $"Mend what GET /api/courier-runs/{missing.RunId} names, then import again: POST /api/campaigns/connections/{missing.ConnectionId}/responses/import."
            : $"Ask Optimizely's customer support whether the export runs, and compare the file names with those agreed: GET /api/campaigns/connections/{missing.ConnectionId}/responses. Files that come late are imported by the next day's import.");

    private static (CampaignEvent About, Severity Severity, string Words, string WhatToDo)? Words(DispatchStateChanged change)
    {
        var path = $"/api/campaigns/dispatches/{change.DispatchId}";
        var restart = $"Settle it with Optimizely's customer support. Later dispatches of the connection wait, unless it goes on after errors: POST /api/campaigns/connections/{change.ConnectionId}/restart lets them go.";
        return change.State switch
        {
            DispatchState.Uploaded => (CampaignEvent.DispatchUploaded, Severity.Completed, "uploaded", ""),
            DispatchState.Imported => (CampaignEvent.DispatchImported, Severity.Completed, "recipients imported", ""),
            DispatchState.Sending => (CampaignEvent.DispatchSending, Severity.Completed, "the mailing is being sent", ""),
            DispatchState.Sent => (CampaignEvent.DispatchSent, Severity.Completed, "the mailing was sent", ""),
            DispatchState.ImportFailed => (CampaignEvent.DispatchImportFailed, Severity.Error, "the partner could not import the recipients", restart),
            DispatchState.StartFailed => (CampaignEvent.DispatchStartFailed, Severity.Error, "the mailing could not be started", restart),
            DispatchState.Invalid => (CampaignEvent.DispatchInvalid, Severity.Error, "the recipients have problems, nothing was sent", $"Mend what GET {path}/problems lists and make the dispatch again, or let it skip such rows."),
            DispatchState.Failed => (CampaignEvent.DispatchFailed, Severity.Error, "the files could not be delivered", $"Mend what is named, then send it again: POST {path}/send."),
            DispatchState.Cancelled => (CampaignEvent.DispatchCancelled, Severity.Warning, "cancelled", ""),
            _ => null,
        };
    }
}
