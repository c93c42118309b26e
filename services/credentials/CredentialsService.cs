using Platform.Credentials.Persistence;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Persistence;

namespace Platform.Credentials;

/// <summary>Everything this service is made of, listed one by one.</summary>
internal static class CredentialsService
{
    public static void AddCredentials(this WebApplicationBuilder builder)
    {
        builder.AddPlatformDatabase<CredentialsDbContext>();
        builder.AddPlatformMessaging<CredentialsDbContext>();
    }

    public static void MapCredentials(this WebApplication app)
    {
    }
}
