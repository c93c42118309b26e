using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Platform.ServiceDefaults.Security;

/// <summary>Makes a service refuse every call without an internal token of the gateway's or a sister service's (G2). Deny by default: an endpoint without a policy needs one all the same.</summary>
public static class InternalAuthentication
{
    /// <summary>The header the token travels in; the caller's own <c>Authorization</c> never reaches a service.</summary>
    public const string HeaderName = "X-Platform-Token";

    /// <summary>Name of the authentication scheme.</summary>
    public const string SchemeName = "Internal";

    internal static void AddInternalTokens(this WebApplicationBuilder builder, ServiceIdentity identity) => builder.Services.AddSingleton(services =>
    {
        var options = services.GetRequiredService<IConfiguration>().GetSection("InternalTokens").Get<InternalTokenOptions>() ?? new();
        return new InternalTokens(identity, options, services.GetRequiredService<TimeProvider>());
    });

    internal static void AddInternalAuthentication(this WebApplicationBuilder builder)
    {
        // Authentication brings data protection along, which nothing here uses and which would write key files into the home folder.
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddAuthentication(SchemeName).AddScheme<AuthenticationSchemeOptions, Handler>(SchemeName, null);
        builder.Services.AddAuthorizationBuilder().AddRolePolicies()
            .AddPolicy(Roles.Anonymous, policy => policy.RequireRole(Roles.Anonymous))
            .SetFallbackPolicy(DenyByDefault);
    }

    /// <summary>
    /// For everything without a policy of its own: endpoints need the highest role, so that a forgotten policy opens nothing; anyone known may learn that a path (404) or a
    /// method (405) does not exist. Routing answers the latter with endpoints that have no route.
    /// </summary>
    public static AuthorizationPolicy DenyByDefault { get; } = new AuthorizationPolicyBuilder()
        .RequireAuthenticatedUser()
        .RequireAssertion(context => context.User.IsInRole(Roles.Admin) || (context.Resource is HttpContext http && http.GetEndpoint() is not RouteEndpoint))
        .Build();

    /// <summary>
    /// Registers the policies named in <see cref="Roles"/>; each higher role includes the lower ones. That of <see cref="Roles.Anonymous"/> is for services alone: in the gateway
    /// the word is YARP's own, and means that no key is needed.
    /// </summary>
    public static AuthorizationBuilder AddRolePolicies(this AuthorizationBuilder authorization) => authorization
        .AddPolicy(Roles.Viewer, policy => policy.RequireRole(Roles.Viewer, Roles.Operator, Roles.Admin))
        .AddPolicy(Roles.Operator, policy => policy.RequireRole(Roles.Operator, Roles.Admin))
        .AddPolicy(Roles.Admin, policy => policy.RequireRole(Roles.Admin))
        .AddPolicy(Roles.Service, policy => policy.RequireRole(Roles.Service));

    /// <summary>Name of the API key or service behind the request, for audit and <c>requestedBy</c>.</summary>
    public static string CallerName(this HttpContext context) => context.User.Identity?.Name ?? "anonymous";

    private sealed class Handler(
        IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, InternalTokens tokens, ServiceIdentity identity)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            if (!Request.Headers.TryGetValue(HeaderName, out var header))
            {
                return Task.FromResult(AuthenticateResult.NoResult());
            }

            if (tokens.Validate(header.ToString(), identity.Name, out var reason) is not { } caller)
            {
                return Task.FromResult(AuthenticateResult.Fail(reason!));
            }

            var claims = new ClaimsIdentity(SchemeName, ClaimTypes.Name, ClaimTypes.Role);
            claims.AddClaim(new(ClaimTypes.Name, caller.Subject));
            claims.AddClaim(new(ClaimTypes.Role, caller.Role));
            return Task.FromResult(AuthenticateResult.Success(new(new ClaimsPrincipal(claims), SchemeName)));
        }
    }
}
