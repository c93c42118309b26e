using MassTransit;
using Platform.Contracts.Couriers;
using Platform.Credentials.Endpoints;
using Platform.Credentials.Kinds;
using Platform.Credentials.Kinds.BrevoApiKey;
using Platform.Credentials.Kinds.IamCredential;
using Platform.Credentials.Kinds.IamRole;
using Platform.Credentials.Kinds.OptimizelyExport;
using Platform.Credentials.Kinds.OptimizelyOauth;
using Platform.Credentials.Kinds.OptimizelySdkKey;
using Platform.Credentials.Kinds.OptimizelyToken;
using Platform.Credentials.Kinds.Pgp;
using Platform.Credentials.Kinds.Sftp;
using Platform.Credentials.Kinds.Smtp;
using Platform.Credentials.MasterKeys;
using Platform.Credentials.Persistence;
using Platform.Credentials.Secrets;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Outgoing;
using Platform.ServiceDefaults.Persistence;

namespace Platform.Credentials;

/// <summary>Everything this service is made of, listed one by one.</summary>
internal static class CredentialsService
{
    /// <summary>How long the owner of a connector may take to try a credential before the test is reported as unanswered.</summary>
    private static readonly TimeSpan TestTimeout = TimeSpan.FromSeconds(30);

    public static void AddCredentials(this WebApplicationBuilder builder)
    {
        builder.AddPlatformDatabase<CredentialsDbContext>();
        builder.AddPlatformMessaging<CredentialsDbContext>(bus => bus.AddRequestClient<TestCredential>(RequestTimeout.After(ms: (int)TestTimeout.TotalMilliseconds)));

        builder.AddSecretPages();

        builder.Services.AddSingleton<KeyRing>();
        builder.Services.AddSingleton<SecretVault>();
        builder.Services.AddSingleton<KeysAtStart>();
        builder.Services.AddHostedService(services => services.GetRequiredService<KeysAtStart>());
        builder.Services.AddSingleton<RewrapWorker>();
        builder.Services.AddHostedService(services => services.GetRequiredService<RewrapWorker>());

        builder.Services.AddOptions<AgeingOptions>().BindConfiguration("Ageing").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<Ageing>();

        builder.AddOutgoing();
        builder.Services.AddSingleton<HostRules>();
        builder.Services.AddSingleton<CredentialKinds>();
        builder.Services.AddSingleton<CredentialKind, IamCredentialKind>();
        builder.Services.AddSingleton<CredentialKind, IamRoleKind>();
        builder.Services.AddSingleton<CredentialKind, OptimizelyExportKind>();
        builder.Services.AddSingleton<CredentialKind, SftpKind>();
        builder.Services.AddSingleton<CredentialKind, PgpKind>();
        builder.Services.AddSingleton<CredentialKind, OptimizelyTokenKind>();
        builder.Services.AddSingleton<CredentialKind, OptimizelyOauthKind>();
        builder.Services.AddSingleton<CredentialKind, OptimizelySdkKeyKind>();
        builder.Services.AddSingleton<CredentialKind, BrevoApiKeyKind>();
        builder.Services.AddSingleton<CredentialKind, SmtpKind>();
    }

    public static void MapCredentials(this WebApplication app)
    {
        app.UseWhen(context => !context.Request.Path.StartsWithSegments("/health"), calls => calls.Use(async (context, next) =>
        {
            await context.RequestServices.GetRequiredService<KeysAtStart>().BeforeACallAsync(context.RequestAborted);
            await next(context);
        }));
        app.MapCredentialEndpoints();
        app.MapCredentialTestEndpoint();
        app.MapCredentialTypeEndpoints();
        app.MapSecretEndpoints();
        app.MapBucketPolicy();
        app.MapCredentialAudit();
        app.MapMasterKeys();
        app.MapSecretRequests();
        app.MapSecretPages();
    }
}
