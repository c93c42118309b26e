using Platform.Scheduler.Persistence;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Persistence;

namespace Platform.Scheduler;

/// <summary>Everything this service is made of, listed one by one.</summary>
internal static class SchedulerService
{
    public static void AddScheduler(this WebApplicationBuilder builder)
    {
        builder.AddPlatformDatabase<SchedulerDbContext>();
        builder.AddPlatformMessaging<SchedulerDbContext>();
    }

    public static void MapScheduler(this WebApplication app)
    {
    }
}
