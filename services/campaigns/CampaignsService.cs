using Platform.Campaigns.Persistence;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Persistence;

namespace Platform.Campaigns;

/// <summary>Everything this service is made of, listed one by one.</summary>
internal static class CampaignsService
{
    public static void AddCampaigns(this WebApplicationBuilder builder)
    {
        builder.AddPlatformDatabase<CampaignsDbContext>();
        builder.AddPlatformMessaging<CampaignsDbContext>();
    }

    public static void MapCampaigns(this WebApplication app)
    {
    }
}
