using Platform.Contracts.Scheduler;

namespace Platform.OptimizelyBrevo.Connections;

/// <summary>A connection's schedule, as the scheduler is told (S9). The connection's id is the schedule's.</summary>
internal static class ConnectionSchedule
{
    public const string Owner = "optimizely-brevo";

    /// <summary>What to tell the scheduler so that it matches the connection; saying it again changes nothing.</summary>
    public static object Of(Connection connection) => connection is { Enabled: true, Settings.Sync.Schedule: { } cron }
        ? new RegisterSchedule { ScheduleId = connection.Id, Owner = Owner, Cron = cron, TimeZone = connection.Settings.Sync.TimeZone }
        : Removed(connection.Id);

    public static RemoveSchedule Removed(string connectionId) => new() { ScheduleId = connectionId, Owner = Owner };
}
