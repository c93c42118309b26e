using Microsoft.AspNetCore.DataProtection;
using Platform.Gateway.Access;
using Platform.Gateway.Audit;
using Platform.Gateway.Forwarding;
using Platform.Gateway.Health;
using Platform.Gateway.Idempotency;
using Platform.Gateway.Limits;
using Platform.Gateway.Oidc;
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
        builder.AddCallerAuthentication();
        builder.Services.AddAuthorizationBuilder().AddRolePolicies().SetFallbackPolicy(InternalAuthentication.DenyByDefault);

        builder.Configuration.AddJsonFile(Path.Combine(AppContext.BaseDirectory, "routes.json"), optional: false, reloadOnChange: false);
        builder.Services.AddReverseProxy()
            .LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"))
            .AddConfigFilter<RouteRules>()
            .AddTransforms<CallerIdentity>();

        builder.AddRateLimits();
        builder.AddBrowserOrigins();
        builder.Services.AddSingleton<AuditTrail>();
        builder.Services.AddSingleton<StoredAnswers>();
        builder.Services.AddSingleton<IdempotencyKeys>();
        builder.Services.AddHostedService<Retention>();
        builder.AddUnifiedOpenApi();
        builder.Services.AddHttpClient(ServicesHealth.ClientName, client => client.Timeout = TimeSpan.FromSeconds(2));
        builder.Services.AddSingleton<ServicesHealth>();
        builder.Services.AddHealthChecks().AddCheck<ServicesHealth>("services");
    }

    public static void MapGateway(this WebApplication app)
    {
        app.UseHead();
        app.UseRequestNames();
        app.UseSecurityHeaders();
        app.UseProblems();
        app.UseUnifiedSwaggerUi();
        app.UseBrowserOrigins();
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseMiddleware<AuditTrail>();
        app.UseAuthorization();
        app.UseScopes();
        app.UseStrictQueries();
        app.UseMiddleware<IdempotencyKeys>();
        app.UseStrictBodies();
        app.MapHealth();
        app.MapUnifiedOpenApi();
        app.MapKeyEndpoints();
        app.MapAuditEndpoints();
        app.MapReverseProxy();
    }
}
