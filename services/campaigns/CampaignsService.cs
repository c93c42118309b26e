using Platform.Campaigns.Clients;
using Platform.Campaigns.Connections;
using Platform.Campaigns.Consumers;
using Platform.Campaigns.Dispatches;
using Platform.Campaigns.Endpoints;
using Platform.Campaigns.Persistence;
using Platform.Campaigns.Recipients;
using Platform.Campaigns.Reports;
using Platform.Campaigns.Responses;
using Platform.Campaigns.Status;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Outgoing;
using Platform.ServiceDefaults.Persistence;
using Platform.ServiceDefaults.Security;

namespace Platform.Campaigns;

/// <summary>Everything this service is made of, listed one by one.</summary>
internal static class CampaignsService
{
    private static readonly TimeSpan ContentTimeout = TimeSpan.FromSeconds(10);

    public static void AddCampaigns(this WebApplicationBuilder builder)
    {
        builder.AddPlatformDatabase<CampaignsDbContext>();
        builder.AddPlatformMessaging<CampaignsDbContext>(bus =>
        {
            bus.AddConsumer<ScheduleDueConsumer>();
            bus.AddConsumer<FeedLoadedConsumer>();
            bus.AddConsumer<CourierRunEndedConsumer>();
        });
        builder.AddInternalClient<CredentialsClient>("credentials");
        builder.AddInternalClient<CouriersClient>("couriers");
        builder.AddInternalClient<FeedsClient>("feeds");

        builder.AddOutgoing();
        builder.Services.AddHttpClient<ContentLinks>(client => client.Timeout = ContentTimeout)
            .ConfigurePrimaryHttpMessageHandler(services => services.GetRequiredService<AddressGuard>().CreateHandler());
        builder.Services.AddSingleton<DomainTables>();
        builder.Services.AddScoped<Accounts>();

        builder.Services.AddScoped<Intake>();
        builder.Services.AddScoped<Delivery>();
        builder.Services.AddScoped<SoftBounces>();
        builder.Services.AddScoped<Resending>();
        builder.Services.AddSingleton<DispatchSignal>();
        builder.Services.AddSingleton<DispatchLeases>();
        builder.Services.AddHostedService<DispatchWorker>();
        builder.Services.AddOptions<RetentionOptions>().Bind(builder.Configuration.GetSection("Retention")).Validate(
            retention => retention is { Days: >= 1, Every.Ticks: > 0 }, "Retention: Days must be at least 1, Every a positive time.").ValidateOnStart();
        builder.Services.AddSingleton<ContentRetention>();
        builder.Services.AddHostedService(services => services.GetRequiredService<ContentRetention>());

        builder.Services.AddScoped<ResponseSetUp>();
        builder.Services.AddScoped<ResponseRuns>();
        builder.Services.AddScoped<ResponseFacts>();
        builder.Services.AddScoped<MailingMatch>();
        builder.Services.AddScoped<ResponseGaps>();
        builder.Services.AddScoped<WaveViews>();
        builder.Services.AddSingleton<ResponseSignal>();
        builder.Services.AddSingleton<ResponseLeases>();
        builder.Services.AddHostedService<ResponseWorker>();

        builder.Services.AddScoped<Reporting>();
        builder.Services.AddScoped<StatusReader>();
        builder.Services.AddSingleton<ConnectionLeases>();
        builder.Services.AddHostedService<StatusWorker>();
    }

    public static void MapCampaigns(this WebApplication app)
    {
        app.MapConnections();
        app.MapRecipientLists();
        app.MapDispatches();
        app.MapDispatchFiles();
        app.MapResponses();
        app.MapReports();
    }
}
