using Platform.OptimizelyBrevo.Persistence;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Persistence;

namespace Platform.OptimizelyBrevo;

/// <summary>Everything this service is made of, listed one by one.</summary>
internal static class OptimizelyBrevoService
{
    public static void AddOptimizelyBrevo(this WebApplicationBuilder builder)
    {
        builder.AddPlatformDatabase<OptimizelyBrevoDbContext>();
        builder.AddPlatformMessaging<OptimizelyBrevoDbContext>();
    }

    public static void MapOptimizelyBrevo(this WebApplication app)
    {
    }
}
