using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;
using Platform.Gateway.Access;
using Platform.Gateway.Forwarding;
using Platform.Gateway.Health;
using Platform.Gateway.Limits;
using Platform.Gateway.OpenApi;
using Platform.Gateway.Persistence;
using Platform.Gateway.Routes;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Persistence;
using Platform.ServiceDefaults.Security;

namespace Platform.Gateway;

/// <summary>Everything the gateway is made of, listed one by one.</summary>
internal static class GatewayService
{
    public static void AddGateway(this WebApplicationBuilder builder)
    {
        builder.AddPlatformDatabase<GatewayDbContext>();

        builder.Services.AddSingleton<ApiKeyCache>();
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddAuthentication(ApiKeyAuthentication.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyAuthentication>(ApiKeyAuthentication.SchemeName, null);
        builder.Services.AddAuthorizationBuilder().AddRolePolicies().SetFallbackPolicy(InternalAuthentication.DenyByDefault);

        builder.Configuration.AddJsonFile(Path.Combine(AppContext.BaseDirectory, "routes.json"), optional: false, reloadOnChange: false);
        builder.Services.AddReverseProxy()
            .LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"))
            .AddConfigFilter<RouteRules>()
            .AddTransforms<CallerIdentity>();

        builder.AddRateLimits();
        builder.AddUnifiedOpenApi();
        builder.Services.AddHttpClient(ServicesHealth.ClientName, client => client.Timeout = TimeSpan.FromSeconds(2));
        builder.Services.AddSingleton<ServicesHealth>();
        builder.Services.AddHealthChecks().AddCheck<ServicesHealth>("services");
    }

    public static void MapGateway(this WebApplication app)
    {
        app.UseRequestNames();
        app.UseSecurityHeaders();
        app.UseProblems();
        app.UseUnifiedSwaggerUi();
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseAuthorization();
        app.MapHealth();
        app.MapUnifiedOpenApi();
        app.MapKeyEndpoints();
        app.MapReverseProxy();
    }
}
