using System.Net.Security;
using MassTransit;
using System.Security.Authentication;
using Platform.OptimizelyBrevo.Brevo;
using Platform.OptimizelyBrevo.Consumers;
using Platform.OptimizelyBrevo.Conversions;
using Platform.OptimizelyBrevo.Endpoints;
using Platform.OptimizelyBrevo.Optimizely;
using Platform.OptimizelyBrevo.Partners;
using Platform.OptimizelyBrevo.Persistence;
using Platform.OptimizelyBrevo.Results;
using Platform.OptimizelyBrevo.Sync;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Persistence;
using Platform.ServiceDefaults.Security;

namespace Platform.OptimizelyBrevo;

/// <summary>Everything this service is made of, listed one by one.</summary>
internal static class OptimizelyBrevoService
{
    public static void AddOptimizelyBrevo(this WebApplicationBuilder builder)
    {
        builder.AddPlatformDatabase<OptimizelyBrevoDbContext>();
        builder.AddPlatformMessaging<OptimizelyBrevoDbContext>(bus =>
        {
            bus.AddConsumer<RecordDecisionConsumer>();
            bus.AddConsumer<StartSyncConsumer>();
            bus.AddConsumer<FeedLoadedConsumer>();
            bus.AddConsumer<ScheduleDueConsumer>();
            bus.AddConsumer<TestCredentialConsumer>();
            bus.AddConsumerOfEveryInstance<CredentialRotatedConsumer>();
        });
        builder.AddPartners();

        builder.Services.AddSingleton<DomainTables>();
        builder.Services.AddSingleton<SourcePositions>();
        builder.Services.AddSingleton<SyncLeases>();
        builder.Services.AddSingleton<SyncBatches>();
        builder.Services.AddScoped<SyncCollection>();
        builder.Services.AddScoped<SyncSender>();
        builder.Services.AddScoped<ImportCheck>();
        builder.Services.AddHostedService<SyncWorker>();

        builder.Services.AddSingleton<ConversionQueue>();
        builder.Services.AddSingleton<ConversionLeases>();
        builder.Services.AddHostedService<ConversionWorker>();

        builder.Services.AddOptions<RetentionOptions>().Bind(builder.Configuration.GetSection("Retention")).Validate(
            retention => retention is { Days: >= 1, Every.Ticks: > 0 }, "Retention: Days must be at least 1, Every a positive time.").ValidateOnStart();
        builder.Services.AddSingleton<Retention>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Retention>());

        builder.Services.AddScoped<Experiments>();
        builder.Services.AddHostedService<ResultsWorker>();
    }

    /// <summary>No partner has a reason to answer more bytes than the largest datafile.</summary>
    private const long LongestAnswer = Datafiles.MostBytes;

    public static void MapOptimizelyBrevo(this WebApplication app)
    {
        app.MapConnectionEndpoints();
        app.MapEvaluationEndpoints();
        app.MapDecisionEndpoints();
        app.MapSyncEndpoints();
        app.MapExperimentEndpoints();
        app.MapConversionEndpoints();
    }

    private static void AddPartners(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<PartnerOptions>().Bind(builder.Configuration.GetSection("Partners")).Validate(
            partners => builder.Configuration.GetValue("Outgoing:AllowPrivateHosts", false) || !partners.Insecure().Any(),
            "Partners: every address must be https://…; plain HTTP would send tokens and personal data readably. Outgoing:AllowPrivateHosts permits it for stand-ins.").ValidateOnStart();
        builder.AddInternalClient<CredentialsClient>("credentials");
        builder.Services.AddHttpClient<PartnerHttp>(client => (client.Timeout, client.MaxResponseContentBufferSize) = (Timeout.InfiniteTimeSpan, LongestAnswer))
            // Addresses hold SDK keys and e-mail addresses: neither the client's own log lines nor its spans may tell them. PartnerHttp makes a span without.
            .RemoveAllLoggers()
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                ActivityHeadersPropagator = null,
                AllowAutoRedirect = false,
                AutomaticDecompression = System.Net.DecompressionMethods.All,
                ConnectTimeout = TimeSpan.FromSeconds(10),
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
                SslOptions = new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 },
            });
        builder.Services.AddSingleton<Budgets>();
        builder.Services.AddSingleton<PartnerSecrets>();
        builder.Services.AddTransient<OptimizelyClient>();
        builder.Services.AddSingleton<Datafiles>();
        builder.Services.AddTransient<EventApi>();
        builder.Services.AddTransient<BrevoClient>();
    }
}
