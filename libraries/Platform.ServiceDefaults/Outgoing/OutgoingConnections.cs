using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Platform.ServiceDefaults.Outgoing;

/// <summary>Connections to hosts that users name.</summary>
public static class OutgoingConnections
{
    /// <summary>Registers <see cref="OutgoingOptions"/> (section <c>Outgoing</c>) and the one <see cref="AddressGuard"/>.</summary>
    public static void AddOutgoing(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<OutgoingOptions>().BindConfiguration("Outgoing");
        builder.Services.AddSingleton(services => new AddressGuard(services.GetRequiredService<IOptions<OutgoingOptions>>().Value));
    }
}
