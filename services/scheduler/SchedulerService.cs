using Platform.Scheduler.Alerts;
using Platform.Scheduler.Clients;
using Platform.Scheduler.Consumers;
using Platform.Scheduler.Endpoints;
using Platform.Scheduler.Groups;
using Platform.Scheduler.Notifications;
using Platform.Scheduler.Persistence;
using Platform.Scheduler.Runs;
using Platform.Scheduler.Schedules;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Outgoing;
using Platform.ServiceDefaults.Persistence;
using Platform.ServiceDefaults.Security;

namespace Platform.Scheduler;

/// <summary>Everything this service is made of, listed one by one.</summary>
internal static class SchedulerService
{
    public static void AddScheduler(this WebApplicationBuilder builder)
    {
        builder.AddPlatformDatabase<SchedulerDbContext>();
        builder.AddPlatformMessaging<SchedulerDbContext>(bus =>
        {
            bus.AddConsumer<CourierRunEndedConsumer>();
            bus.AddConsumer<DispatchStateChangedConsumer>();
            bus.AddConsumer<FeedLoadHeldConsumer>();
            bus.AddConsumer<RegisterScheduleConsumer>();
            bus.AddConsumer<RemoveScheduleConsumer>();
            bus.AddConsumer<ResponsesMissingConsumer>();
            bus.AddConsumer<ScheduledWorkEndedConsumer>();
            bus.AddConsumer<TestCredentialConsumer>();
        });
        builder.AddInternalClient<CouriersClient>("couriers");
        builder.AddInternalClient<CredentialsClient>("credentials");

        builder.Services.AddOptions<SchedulerOptions>().BindConfiguration("Scheduler").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<WorkSignal>();
        builder.Services.AddScoped<GroupRules>();
        builder.Services.AddScoped<GroupSteps>();
        builder.Services.AddScoped<RunTransitions>();
        builder.Services.AddScoped<Announcements>();
        builder.Services.AddScoped<ScheduleSteps>();
        builder.Services.AddHostedService<GroupWorker>();

        builder.AddOutgoing();
        builder.Services.AddSingleton<WebhookSecrets>();
        builder.Services.AddSingleton<WebhookSender>();
        builder.Services.AddSingleton<SmtpSender>();
        builder.Services.AddSingleton<AlertSender>();
        builder.Services.AddHostedService<AlertWorker>();
    }

    public static void MapScheduler(this WebApplication app)
    {
        app.MapCourierGroupEndpoints();
        app.MapGroupRunEndpoints();
        app.MapNotificationEndpoints();
        app.MapAlertChannelEndpoints();
    }
}
