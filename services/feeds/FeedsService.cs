using Platform.Feeds.Persistence;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Persistence;

namespace Platform.Feeds;

/// <summary>Everything this service is made of, listed one by one.</summary>
internal static class FeedsService
{
    public static void AddFeeds(this WebApplicationBuilder builder)
    {
        builder.AddPlatformDatabase<FeedsDbContext>();
        builder.AddPlatformMessaging<FeedsDbContext>();
    }

    public static void MapFeeds(this WebApplication app)
    {
    }
}
