using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Platform.ServiceDefaults;

internal static class Limits
{
    /// <summary>Largest request body unless an endpoint says otherwise: definitions are small, files travel by other roads.</summary>
    private const long MaxRequestBytes = 4 * 1024 * 1024;

    public static void ConfigureLimits(this ConfigureWebHostBuilder host) => host.UseKestrel(kestrel =>
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = MaxRequestBytes;
    });
}
