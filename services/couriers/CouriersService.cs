using Microsoft.Extensions.Options;
using Npgsql;
using Platform.Couriers.Browsing;
using Platform.Couriers.Clients;
using Platform.Couriers.Consumers;
using Platform.Couriers.Definitions;
using Platform.Couriers.Endpoints;
using Platform.Couriers.Imports;
using Platform.Couriers.Landing;
using Platform.Couriers.Passport;
using Platform.Couriers.Persistence;
using Platform.Couriers.Previews;
using Platform.Couriers.Runs;
using Platform.Couriers.Sources.Connections;
using Platform.Files;
using Platform.Files.Locations.S3;
using Platform.Postgres;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Outgoing;
using Platform.ServiceDefaults.Persistence;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers;

/// <summary>Everything this service is made of, listed one by one.</summary>
internal static class CouriersService
{
    public static void AddCouriers(this WebApplicationBuilder builder)
    {
        builder.AddPlatformDatabase<CouriersDbContext>();
        builder.AddPlatformMessaging<CouriersDbContext>(bus =>
        {
            bus.AddConsumer<RunCourierConsumer>();
            bus.AddConsumer<CancelCourierRunConsumer>();
            bus.AddConsumer<FeedLoadedConsumer>();
            bus.AddConsumer<FeedLoadFailedConsumer>();
            bus.AddConsumer<FeedLoadHeldConsumer>();
            bus.AddConsumer<LoadProgressedConsumer>();
            bus.AddConsumer<ImportJobDueConsumer>();
            bus.AddConsumer<ImportRunEndedConsumer>();
            bus.AddConsumer<TestCredentialConsumer>();
            bus.AddConsumer<TestPgpCredentialConsumer>();
        });
        builder.AddInternalClient<CredentialsClient>("credentials");
        builder.AddInternalClient<FeedsClient>("feeds");

        builder.Services.AddOptions<RunOptions>().BindConfiguration("Runs").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<LandingOptions>().BindConfiguration("Landing").ValidateDataAnnotations();
        builder.AddOutgoing();
        builder.Services.AddOptions<PartnerOptions>().BindConfiguration("Partners");
        builder.Services.AddSingleton<S3Connections>();
        builder.Services.AddSingleton<ExportKeys>();
        builder.Services.AddSingleton<S3Access>();
        builder.Services.AddSingleton<DefinitionReader>();
        builder.Services.AddScoped<SourceConnections>();
        builder.Services.AddScoped<Browser>();
        builder.AddPlatformFiles();
        builder.Services.AddSingleton(services => new PreviewSpool(
            Path.GetFullPath(Path.Combine(builder.Configuration["Scratch:Root"] ?? Path.Combine(Path.GetTempPath(), "platform-couriers"), "previews")),
            services.GetRequiredService<IOptions<RunOptions>>().Value.StallAfter, services.GetRequiredService<TimeProvider>()));
        builder.Services.AddScoped<Previewer>();
        builder.Services.AddScoped<CourierCheck>();
        builder.Services.AddSingleton<ImportJobReader>();
        builder.Services.AddScoped<ImportSamples>();
        builder.Services.AddScoped<ImportTargets>();
        builder.Services.AddScoped<ImportJobCheck>();
        builder.Services.AddScoped<ImportRuns>();

        builder.AddLandingPlace();
        builder.Services.AddSingleton<LandingStore>();
        builder.Services.AddSingleton<LandingLedger>();
        builder.Services.AddSingleton<RunFileTable>();
        builder.Services.AddSingleton(services => new FileLander(
            services.GetRequiredService<LandingStore>(), services.GetRequiredService<LandingLedger>(), services.GetRequiredService<IOptions<RunOptions>>().Value, services.GetRequiredService<TimeProvider>()));
        builder.Services.AddScoped<RunSteps>();
        builder.Services.AddScoped<LoadOutcomes>();
        builder.Services.AddSingleton<RunSignal>();
        builder.Services.AddSingleton(services => new RowLeases(services.GetRequiredService<NpgsqlDataSource>(), RunWorker.Table, services.GetRequiredService<TimeProvider>()));
        builder.Services.AddHostedService<RunWorker>();
        builder.Services.AddSingleton<LandingRetention>();
        builder.Services.AddHostedService(services => services.GetRequiredService<LandingRetention>());
    }

    public static void MapCouriers(this WebApplication app)
    {
        app.MapSourceTypes();
        app.MapCourierDefinitions();
        app.MapLoadTypes();
        app.MapInternalCouriers();
        app.MapCourierSetup();
        app.MapCourierRuns();
        app.MapRunEvents();
        app.MapLandedFiles();
        app.MapUploads();
        app.MapImportJobs();
        app.MapBrowsing();
        app.MapPreviews();
        app.MapPassports();
    }
}
