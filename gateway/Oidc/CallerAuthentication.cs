using Microsoft.AspNetCore.Authentication;
using Platform.Gateway.Access;

namespace Platform.Gateway.Oidc;

/// <summary>API keys, and the tokens of one OpenID Connect issuer where the section <c>Oidc</c> names one.</summary>
internal static class CallerAuthentication
{
    private const string EitherScheme = "Either";
    private const long MaxDocumentBytes = 1024 * 1024;

    public static void AddCallerAuthentication(this WebApplicationBuilder builder)
    {
        var options = builder.Configuration.GetSection("Oidc").Get<OidcOptions>() ?? new();
        var authentication = builder.Services.AddAuthentication(options.IsOn ? EitherScheme : ApiKeyAuthentication.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyAuthentication>(ApiKeyAuthentication.SchemeName, null);
        if (!options.IsOn)
        {
            return;
        }

        options.Check();
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton<IssuerKeys>();
        builder.Services.AddSingleton<OidcTokens>();
        builder.Services.AddHttpClient(IssuerKeys.ClientName, client =>
        {
            client.Timeout = TimeSpan.FromSeconds(10);
            client.MaxResponseContentBufferSize = MaxDocumentBytes;
        }).ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) });
        authentication.AddScheme<AuthenticationSchemeOptions, OidcAuthentication>(OidcAuthentication.SchemeName, null)
            .AddPolicyScheme(EitherScheme, null, either => either.ForwardDefaultSelector = context =>
                OidcAuthentication.BearerOf(context.Request) is { } bearer && OidcTokens.LooksLikeToken(bearer) ? OidcAuthentication.SchemeName : ApiKeyAuthentication.SchemeName);
    }
}
