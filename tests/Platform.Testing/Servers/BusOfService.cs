using MassTransit;
using Microsoft.Extensions.DependencyInjection;

namespace Platform.Testing.Servers;

/// <summary>The bus of a service that runs in the test's process.</summary>
public static class BusOfService
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Returns when every consumer of the service has its queue: what is published before goes nowhere.</summary>
    public static async Task BusReadyAsync(this IServiceProvider services)
    {
        var bus = services.GetRequiredService<IBusControl>();
        if (await bus.WaitForHealthStatus(BusHealthStatus.Healthy, Patience) != BusHealthStatus.Healthy)
        {
            throw new TimeoutException($"After {Patience.TotalSeconds:0} s the bus of the service was not ready: {bus.CheckHealth().Description}.");
        }
    }
}
