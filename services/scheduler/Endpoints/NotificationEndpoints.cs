using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Scheduler.Notifications;
using Platform.Scheduler.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Scheduler.Endpoints;

/// <summary>What ran, what failed, why, and what to do (S8); what became of dispatches and response files (L6, L7).</summary>
internal static class NotificationEndpoints
{
    public static void MapNotificationEndpoints(this WebApplication app) =>
        app.MapGet("/api/notifications", ListAsync).WithName("ListNotifications").WithTags("notifications").RequireAuthorization(Roles.Viewer)
            .WithSummary("Lists notifications, the newest first: what happened, why, and what to do.");

    private static async Task<Results<Ok<Page<NotificationView>>, ProblemHttpResult>> ListAsync(
        SchedulerDbContext db, CancellationToken cancellationToken, QueryWord<Severity>? severity = null, string? groupId = null, string? groupRunId = null, string? connectionId = null, string? dispatchId = null, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var wanted = severity?.Value;
        var notifications = await db.Notifications.AsNoTracking()
            .Where(row => (wanted == null || row.Severity == wanted) && (groupId == null || row.GroupId == groupId) && (groupRunId == null || row.GroupRunId == groupRunId)
                && (connectionId == null || row.ConnectionId == connectionId) && (dispatchId == null || row.DispatchId == dispatchId)
                && (after == null || string.Compare(row.Id, after) < 0))
            .OrderByDescending(row => row.Id).Take(limit + 1)
            .Select(row => new NotificationView(row.Id, row.At, row.Severity, row.Event, row.GroupId, row.GroupRunId, row.ConnectionId, row.DispatchId, row.Title, row.What, row.Why, row.WhatToDo))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<NotificationView>.From(notifications, limit, view => view.Id));
    }
}

/// <summary>Something a person may want to know. `whatToDo` is empty when nothing needs to be done.</summary>
internal sealed record NotificationView(
    string Id, DateTimeOffset At, Severity Severity, NotificationEvent Event, string? GroupId, string? GroupRunId, string? ConnectionId, string? DispatchId, string Title, string What, string Why, string WhatToDo);
