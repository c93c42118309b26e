using Platform.Campaigns.Connections;
using Platform.Contracts.Scheduler;

namespace Platform.Campaigns.Responses;

/// <summary>The daily import, as the scheduler is told (S9). The connection's id is the schedule's; saying it again changes nothing.</summary>
internal static class ResponseSchedule
{
    public const string Owner = "campaigns";

    public static object Of(ResponseImport import, CampaignConnectionSettings connection) => import.Settings.Enabled
        ? new RegisterSchedule
        {
            ScheduleId = import.Id,
            Owner = Owner,
            Frequency = ScheduleFrequency.Daily,
            TimeOfDay = import.Settings.TimeOfDay,
            TimeZone = import.Settings.ZoneOf(connection),
            StartAtOnce = false,
        }
        : Removed(import.Id);

    public static RemoveSchedule Removed(string connectionId) => new() { ScheduleId = connectionId, Owner = Owner };
}
