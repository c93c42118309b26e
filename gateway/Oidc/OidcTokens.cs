using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Platform.Gateway.Oidc;

/// <summary>Who a bearer token names, and what the platform lets him do; without a role nothing, with scopes only these.</summary>
internal sealed record TokenHolder(string Subject, string Name, string? Role, IReadOnlyList<string> Scopes);

/// <summary>
/// Checks an issuer's JSON Web Tokens (RFC 7519, with the advice of RFC 8725): only RS256 and ES256, the key chosen by the token's key id among the issuer's own and bound to its
/// algorithm, issuer, audience and times. Our own, because the framework's bearer package cannot be restored (docs/adr/0055).
/// </summary>
internal sealed class OidcTokens(OidcOptions options, IssuerKeys keys, TimeProvider clock)
{
    private const int MaxLength = 16 * 1024;
    private const int MaxNameLength = 200;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>Looks like a token of this kind, and not like an API key.</summary>
    public static bool LooksLikeToken(string text) => text.Count(c => c == '.') == 2;

    /// <summary>The holder, or the reason why the token is refused.</summary>
    public async Task<(TokenHolder? Holder, string? Reason)> ValidateAsync(string token, CancellationToken cancellationToken)
    {
        var parts = token.Split('.');
        if (token.Length > MaxLength || parts.Length != 3 || Decode(parts[0]) is not { } header || Decode(parts[1]) is not { } payload || Decode(parts[2]) is not { } signature)
        {
            return (null, "The token is malformed.");
        }

        using var head = Parse(header);
        using var claims = Parse(payload);
        if (head is null || claims is null)
        {
            return (null, "The token is malformed.");
        }

        if (JsonMembers.TextOf(head.RootElement, "alg") is not { } algorithm || algorithm is not ("RS256" or "ES256"))
        {
            return (null, "The token's algorithm is not accepted: RS256 and ES256 are.");
        }

        if (head.RootElement.TryGetProperty("crit", out _))
        {
            return (null, "The token has critical extensions, which are not known here.");
        }

        // Whose it claims to be is looked at first, so that strangers' tokens do not make the gateway ask the issuer for keys.
        if (JsonMembers.TextOf(claims.RootElement, "iss") != options.Issuer)
        {
            return (null, "The token is of another issuer.");
        }

        if (await keys.FindAsync(algorithm, JsonMembers.TextOf(head.RootElement, "kid"), cancellationToken) is not { } key)
        {
            return (null, "The issuer has no key of the token's key id and algorithm.");
        }

        return key.Verifies(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), signature) ? Read(claims.RootElement) : (null, "The token's signature does not match.");
    }

    private (TokenHolder? Holder, string? Reason) Read(JsonElement claims)
    {
        var now = clock.GetUtcNow();
        if (!ListOf(claims, "aud").Contains(options.Audience, StringComparer.Ordinal))
        {
            return (null, "The token is for another audience.");
        }

        if (TimeOf(claims, "exp") is not { } expires || now >= expires + options.ClockSkew)
        {
            return (null, "The token has expired, or says no time when it does.");
        }

        if ((claims.TryGetProperty("nbf", out _) && (TimeOf(claims, "nbf") is not { } begins || now < begins - options.ClockSkew))
            || (claims.TryGetProperty("iat", out _) && (TimeOf(claims, "iat") is not { } issued || now < issued - options.ClockSkew)))
        {
            return (null, "The token is not valid yet.");
        }

        // Taking what cannot be read for no limit would give the token more than its issuer meant.
        if (ScopesOf(claims) is not { } scopes)
        {
            return (null, "The token's scopes are neither a text nor a list of texts.");
        }

        return JsonMembers.TextOf(claims, "sub") is { Length: > 0 } subject && JsonMembers.TextOf(claims, options.NameClaim) is { Length: > 0 and <= MaxNameLength } name && !name.Any(char.IsControl)
            ? (new(subject, name, options.RoleOf(ListOf(claims, options.RoleClaim)), options.LimitsIn(scopes)), null)
            : (null, "The token does not name its holder.");
    }

    private static byte[]? Decode(string part) => Base64Url.IsValid(part) ? Base64Url.DecodeFromChars(part) : null;

    private static JsonDocument? Parse(byte[] json)
    {
        try
        {
            var document = JsonDocument.Parse(json, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static DateTimeOffset? TimeOf(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is >= 0 and < 253402300800
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds)
            : null;

    private IReadOnlyCollection<string>? ScopesOf(JsonElement claims)
    {
        if (options.ScopeClaim.Length == 0 || Find(claims, options.ScopeClaim) is not { } value)
        {
            return [];
        }

        return value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().Select(JsonMembers.TextOf).ToList() is var scopes && !scopes.Contains(null) ? scopes.ConvertAll(scope => scope!) : null
            : JsonMembers.TextOf(value)?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    // A name of its own comes before a path: claims named like addresses have dots.
    private static JsonElement? Find(JsonElement claims, string name)
    {
        if (claims.TryGetProperty(name, out var value))
        {
            return value;
        }

        value = claims;
        foreach (var step in name.Split('.'))
        {
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(step, out value))
            {
                return null;
            }
        }

        return value;
    }

    private static IReadOnlyCollection<string> ListOf(JsonElement claims, string name) => Find(claims, name) switch
    {
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(JsonMembers.TextOf).OfType<string>()],
        { } value when JsonMembers.TextOf(value) is { } text => [text],
        _ => [],
    };
}
