using Platform.Couriers.Persistence;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Persistence;

namespace Platform.Couriers;

/// <summary>Everything this service is made of, listed one by one.</summary>
internal static class CouriersService
{
    public static void AddCouriers(this WebApplicationBuilder builder)
    {
        builder.AddPlatformDatabase<CouriersDbContext>();
        builder.AddPlatformMessaging<CouriersDbContext>();
    }

    public static void MapCouriers(this WebApplication app)
    {
    }
}
