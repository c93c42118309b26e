using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;
using Platform.Gateway.Access;

namespace Platform.Gateway.Oidc;

/// <summary>OpenID Connect tokens as <c>Authorization: Bearer TOKEN</c> (G2).</summary>
internal sealed class OidcAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, OidcTokens tokens)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "Oidc";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (BearerOf(Request) is not { } token || Context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
        {
            return AuthenticateResult.NoResult();
        }

        if (Request.Headers.Authorization.Count > 1 || Request.Headers.ContainsKey(ApiKeyAuthentication.HeaderName))
        {
            return AuthenticateResult.Fail("The request carries two different identities.");
        }

        var (holder, reason) = await tokens.ValidateAsync(token, Context.RequestAborted);
        if (holder is null)
        {
            return AuthenticateResult.Fail(reason!);
        }

        var claims = new ClaimsIdentity(SchemeName, ClaimTypes.Name, ClaimTypes.Role);
        claims.AddClaim(new(ClaimTypes.Name, $"{KeyCreation.TokenNameStart}{holder.Name}"));
        claims.AddClaim(new(ApiKeyAuthentication.KeyIdClaim, $"{KeyCreation.TokenNameStart}{holder.Subject}"));
        if (holder.Role is not null)
        {
            claims.AddClaim(new(ClaimTypes.Role, holder.Role));
        }

        claims.AddClaims(holder.Scopes.Select(scope => new Claim(Scopes.Claim, scope)));
        return AuthenticateResult.Success(new(new ClaimsPrincipal(claims), SchemeName));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
        return base.HandleChallengeAsync(properties);
    }

    /// <summary>The text after <c>Bearer</c>, if there is any.</summary>
    public static string? BearerOf(HttpRequest request) => request.Headers.Authorization.Where(value => value?.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) == true)
        .Select(value => value!["Bearer ".Length..].Trim()).FirstOrDefault();
}
