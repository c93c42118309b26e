namespace Platform.Scheduler.Notifications;

/// <summary>Something a person may want to know (S8): what happened, why, and what to do about it.</summary>
internal sealed class Notification
{
    public required string Id { get; init; }

    public required DateTimeOffset At { get; init; }

    public required Severity Severity { get; init; }

    public required NotificationEvent Event { get; init; }

    public string? GroupId { get; init; }

    public string? GroupRunId { get; init; }

    /// <summary>The connection to Optimizely Campaign it tells of.</summary>
    public string? ConnectionId { get; init; }

    public string? DispatchId { get; init; }

    public required string Title { get; init; }

    public required string What { get; init; }

    public required string Why { get; init; }

    /// <summary>Empty when nothing needs to be done.</summary>
    public required string WhatToDo { get; init; }
}

/// <summary>How much a notification matters.</summary>
internal enum Severity
{
    Completed,

    Warning,

    Error,
}
