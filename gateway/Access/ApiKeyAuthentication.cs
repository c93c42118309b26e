using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;

namespace Platform.Gateway.Access;

/// <summary>API keys, as <c>Authorization: Bearer KEY</c> or <c>X-Api-Key: KEY</c> (G2).</summary>
internal sealed class ApiKeyAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, ApiKeyCache keys)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "ApiKey";
    public const string HeaderName = "X-Api-Key";
    public const string KeyIdClaim = "key";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var given = Request.Headers.Authorization.Where(value => value?.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) == true).Select(value => value!["Bearer ".Length..].Trim())
            .Concat(Request.Headers[HeaderName].OfType<string>()).Distinct(StringComparer.Ordinal).ToList();
        if (given.Count == 0 || Context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
        {
            return AuthenticateResult.NoResult();
        }

        if (given.Count > 1)
        {
            return AuthenticateResult.Fail("The request carries two different keys.");
        }

        if (await keys.FindAsync(given[0], Context.RequestAborted) is not { } holder)
        {
            return AuthenticateResult.Fail("The API key is unknown, expired or revoked.");
        }

        var claims = new ClaimsIdentity(SchemeName, ClaimTypes.Name, ClaimTypes.Role);
        claims.AddClaim(new(ClaimTypes.Name, holder.Name));
        claims.AddClaim(new(ClaimTypes.Role, holder.Role));
        claims.AddClaim(new(KeyIdClaim, holder.KeyId));
        claims.AddClaims(holder.Scopes.Select(scope => new Claim(Scopes.Claim, scope)));
        return AuthenticateResult.Success(new(new ClaimsPrincipal(claims), SchemeName));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "Bearer";
        return base.HandleChallengeAsync(properties);
    }
}
