using Npgsql;
using Platform.Feeds.Consumers;
using Platform.Feeds.Couriers;
using Platform.Feeds.Credentials;
using Platform.Feeds.Definitions;
using Platform.Feeds.Endpoints;
using Platform.Feeds.Loading;
using Platform.Feeds.Persistence;
using Platform.Feeds.Tables;
using Platform.Files;
using Platform.Postgres;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Persistence;
using Platform.ServiceDefaults.Security;

namespace Platform.Feeds;

/// <summary>Everything this service is made of, listed one by one.</summary>
internal static class FeedsService
{
    public static void AddFeeds(this WebApplicationBuilder builder)
    {
        builder.AddPlatformDatabase<FeedsDbContext>();
        builder.AddPlatformMessaging<FeedsDbContext>(bus =>
        {
            bus.AddConsumer<LoadFilesConsumer>();
            bus.AddConsumer<CancelLoadConsumer>();
        });
        builder.AddPlatformFiles();
        builder.AddInternalClient<CouriersClient>("couriers");
        builder.AddInternalClient<CredentialsClient>("credentials");

        builder.Services.AddSingleton(services => FeedsOptions.Read(services.GetRequiredService<IConfiguration>()));
        builder.Services.AddSingleton(services => new RowLeases(
            services.GetRequiredService<NpgsqlDataSource>(), LoadWorker.Leased(services.GetRequiredService<FeedsOptions>()), services.GetRequiredService<TimeProvider>()));
        builder.AddLandingPlace();
        builder.Services.AddSingleton<LandingStore>();
        builder.Services.AddSingleton<SourceFiles>();
        builder.Services.AddScoped<SampleFiles>();
        builder.Services.AddSingleton<TableReader>();
        builder.Services.AddSingleton<LoadFileList>();
        builder.Services.AddSingleton<SchemaDrift>();
        builder.Services.AddSingleton<DriftedFields>();
        builder.Services.AddSingleton<EngineCopy>();
        builder.Services.AddSingleton<LoadCommit>();
        builder.Services.AddSingleton<PartitionSwap>();
        builder.Services.AddSingleton<SwapLoad>();
        builder.Services.AddSingleton<MergeLoad>();
        builder.Services.AddSingleton<FeedLoader>();
        builder.Services.AddSingleton<LoadSignal>();
        builder.Services.AddSingleton<PartSweep>();
        builder.Services.AddHostedService(services => services.GetRequiredService<PartSweep>());
        builder.Services.AddHostedService<LoadWorker>();
    }

    public static void MapFeeds(this WebApplication app)
    {
        app.MapFeedEndpoints();
        app.MapFeedActionEndpoints();
        app.MapIngestQueryEndpoints();
        app.MapActivationEndpoints();
        app.MapDomainTableEndpoints();
        app.MapTableInsightEndpoints();
        app.MapTableAccessEndpoints();
        app.MapLoadEndpoints();
        app.MapLoadDecisionEndpoints();
        app.MapInternalFeedEndpoints();
        app.MapFeedSetupEndpoints();
        app.MapDomainViews();
        app.MapInternalStreamEndpoints();
    }
}
