using System.Text.Json;
using Platform.Scheduler.Notifications;

namespace Platform.Scheduler.Alerts;

/// <summary>What an alert says, whatever the channel.</summary>
internal sealed record AlertMessage(string Id, DateTimeOffset At, string Type, Severity Severity, string? GroupId, string? GroupRunId, string? ConnectionId, string? DispatchId, string Title, string What, string Why, string WhatToDo)
{
    public static AlertMessage Of(Notification notification) => new(notification.Id, notification.At, TypeOf(notification.Event),
        notification.Severity, notification.GroupId, notification.GroupRunId, notification.ConnectionId, notification.DispatchId, notification.Title, notification.What, notification.Why, notification.WhatToDo);

    public static AlertMessage Test(string id, DateTimeOffset now, string channel, string caller) => new(id, now, "test", Severity.Completed, null, null, null, null,
        $"Test of the alert channel '{channel}'", "Alerts of this platform arrive here.", $"{caller} asked for a test.", "");

    /// <summary>Whom it is about and what, for programs: <c>courier-group.failed</c>, <c>dispatch.import-failed</c>, <c>responses.missing</c>.</summary>
    private static string TypeOf(NotificationEvent about)
    {
        var words = JsonNamingPolicy.KebabCaseLower.ConvertName(about.ToString());
        return words.IndexOf('-', StringComparison.Ordinal) is > 0 and var dash ? $"{words[..dash]}.{words[(dash + 1)..]}" : $"courier-group.{words}";
    }
}

/// <summary>An alert did not arrive. The message says where, what was found and the remedy; it holds no secret.</summary>
internal sealed class AlertFailedException(string message, bool forGood = false, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>True when trying again cannot help.</summary>
    public bool ForGood { get; } = forGood;
}
