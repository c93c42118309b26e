using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Options;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.OptimizelyBrevo.Partners;

/// <summary>A credential as the credentials service hands it out. Never logged, never stored.</summary>
internal sealed record CredentialSecret(string Id, string Type, int Version, IReadOnlyDictionary<string, string> Fields)
{
    public override string ToString() => $"{Type} {Id}";
}

/// <summary>The internal channel to the credentials service.</summary>
internal sealed class CredentialsClient(HttpClient http)
{
    public async Task<CredentialSecret> FetchAsync(string id, string purpose, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync($"internal/credentials/{Uri.EscapeDataString(id)}/secret", new { purpose }, PlatformJson.Options, cancellationToken);
        return await response.ReadAsync<CredentialSecret>(cancellationToken);
    }
}

/// <summary>
/// The partners' tokens and keys. They are dropped at once when they are rotated (C5) or a partner refuses them, and after half a minute in any case, should the word of a rotation be late.
/// </summary>
internal sealed class PartnerSecrets(IServiceProvider services, IOptions<PartnerOptions> options, TimeProvider clock)
{
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<string, (CredentialSecret Secret, DateTimeOffset Until)> _secrets = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Id, int Version), (string Token, DateTimeOffset Until)> _oauth = new();
    private readonly ConcurrentDictionary<string, int> _newest = new(StringComparer.Ordinal);

    /// <summary>Value of the first field of <paramref name="fields"/> that the credential has.</summary>
    public async Task<string> FieldAsync(string credentialId, string purpose, string[] types, string[] fields, CancellationToken cancellationToken)
    {
        var secret = await FetchAsync(credentialId, purpose, types, cancellationToken);
        return fields.Select(secret.Fields.GetValueOrDefault).FirstOrDefault(value => value is { Length: > 0 })
            ?? throw new PartnerException("Credentials", null, null, $"credential {credentialId} has no field {string.Join(" or ", fields)}.");
    }

    /// <summary>A bearer token for Optimizely's REST API: the personal token, or one that the OAuth client's refresh token bought.</summary>
    public async Task<string> OptimizelyTokenAsync(string credentialId, CancellationToken cancellationToken)
    {
        var secret = await FetchAsync(credentialId, "optimizely rest", ["optimizely-token", "optimizely-oauth"], cancellationToken);
        if (secret.Type == "optimizely-token")
        {
            return secret.Fields.GetValueOrDefault("token") ?? throw new PartnerException("Credentials", null, null, $"credential {credentialId} has no field token.");
        }

        if (_oauth.TryGetValue((secret.Id, secret.Version), out var bought) && clock.GetUtcNow() < bought.Until)
        {
            return bought.Token;
        }

        return await BuyTokenAsync(secret, cancellationToken);
    }

    /// <summary>The partner refused it: the next use fetches anew.</summary>
    public void Forget(string credentialId)
    {
        if (_secrets.TryRemove(credentialId, out var dropped))
        {
            _oauth.TryRemove((dropped.Secret.Id, dropped.Secret.Version), out _);
        }
    }

    /// <summary>There is a newer version: what is known or just being fetched of an older one is not kept.</summary>
    public void Forget(string credentialId, int newest)
    {
        // Of the many credentials of the platform only those used here are of interest; the others cost a number each.
        _newest.AddOrUpdate(credentialId, newest, (_, known) => Math.Max(known, newest));
        if (_secrets.TryGetValue(credentialId, out var kept) && kept.Secret.Version < newest)
        {
            Forget(credentialId);
        }
    }

    private async Task<CredentialSecret> FetchAsync(string credentialId, string purpose, string[] types, CancellationToken cancellationToken)
    {
        if (_secrets.TryGetValue(credentialId, out var kept) && clock.GetUtcNow() < kept.Until)
        {
            return kept.Secret;
        }

        CredentialSecret secret;
        try
        {
            secret = await services.GetRequiredService<CredentialsClient>().FetchAsync(credentialId, purpose, cancellationToken);
        }
        catch (InternalCallException e) when (e.Status == HttpStatusCode.NotFound)
        {
            throw new PartnerException("Credentials", HttpStatusCode.Unauthorized, "unknown-credential", $"there is no credential {credentialId}. Create it, or name another one in the connection.", e);
        }

        if (!types.Contains(secret.Type, StringComparer.Ordinal))
        {
            throw new PartnerException("Credentials", HttpStatusCode.Unauthorized, "wrong-credential-type", $"credential {credentialId} is of type {secret.Type}; {string.Join(" or ", types)} is needed here.");
        }

        _secrets[credentialId] = (secret, clock.GetUtcNow() + Kept);
        if (_newest.GetValueOrDefault(credentialId) > secret.Version)
        {
            // Rotated while it was on its way: good for this once.
            Forget(credentialId);
        }

        return secret;
    }

    private async Task<string> BuyTokenAsync(CredentialSecret secret, CancellationToken cancellationToken)
    {
        var form = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["grant_type"] = "refresh_token",
            ["client_id"] = secret.Fields.GetValueOrDefault("clientId", ""),
            ["client_secret"] = secret.Fields.GetValueOrDefault("clientSecret", ""),
            ["refresh_token"] = secret.Fields.GetValueOrDefault("refreshToken", ""),
        };
        using var response = await services.GetRequiredService<PartnerHttp>().SendAsync(
            new("Optimizely", "POST /oauth2/token", [], Repeatable: true),
            () => new(HttpMethod.Post, options.Value.OptimizelyOAuth) { Content = new FormUrlEncodedContent(form) },
            cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new PartnerException("Optimizely", HttpStatusCode.Unauthorized, null,
                $"the OAuth refresh token of credential {secret.Id} was refused ({(int)response.StatusCode}). Authorise the application again and store the new refresh token.");
        }

        var answer = await response.Content.ReadFromJsonAsync<OAuthToken>(cancellationToken)
            ?? throw new PartnerException("Optimizely", response.StatusCode, null, "the token endpoint answered nothing.");
        // A minute early, so that no token ends while a call is under way.
        _oauth[(secret.Id, secret.Version)] = (answer.AccessToken, clock.GetUtcNow() + TimeSpan.FromSeconds(Math.Max(0, answer.ExpiresIn - 60)));
        return answer.AccessToken;
    }

    private sealed record OAuthToken(
        [property: System.Text.Json.Serialization.JsonPropertyName("access_token")] string AccessToken,
        [property: System.Text.Json.Serialization.JsonPropertyName("expires_in")] int ExpiresIn);
}
