using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Platform.ServiceDefaults.Security;

/// <summary>Where the keys of the internal tokens lie. Section <c>InternalTokens</c>.</summary>
public sealed class InternalTokenOptions
{
    /// <summary>File with this process's private key: PEM, EC P-256.</summary>
    public string SigningKey { get; set; } = "";

    /// <summary>Folder with the public keys of everyone whose tokens are accepted: <c>{issuer}.pub.pem</c>.</summary>
    public string TrustedKeys { get; set; } = "";
}

/// <summary>Who calls, as an internal token says it.</summary>
/// <param name="Issuer"><c>gateway</c>, or the calling service.</param>
/// <param name="Subject">The API key's name, or the calling service.</param>
/// <param name="Role">One of <see cref="Roles"/>.</param>
public sealed record InternalCaller(string Issuer, string Subject, string Role);

/// <summary>
/// Signs and checks the short-lived tokens that every call between processes carries: JSON Web Tokens (RFC 7519) with ES256 (RFC 7518 §3.4), valid for 60 seconds, for one
/// audience. Only this one algorithm is ever accepted. The usual JWT packages cannot be restored from the feed (docs/adr/0004).
/// </summary>
public sealed class InternalTokens : IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(5);
    private static readonly byte[] Header = Encoding.ASCII.GetBytes(Base64Url.EncodeToString("""{"alg":"ES256","typ":"JWT"}"""u8));

    private readonly string _issuer;
    private readonly TimeProvider _clock;
    private readonly ECDsa _signingKey = ECDsa.Create();
    private readonly Dictionary<string, ECDsa> _trusted = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Token, string Audience), (InternalCaller Caller, DateTimeOffset Expires)> _accepted = new();
    private readonly ConcurrentDictionary<(string Audience, string Subject, string Role), (string Token, DateTimeOffset RenewAt)> _issued = new();

    /// <summary>Reads the keys. Throws <see cref="InvalidOperationException"/> naming the missing or unusable file.</summary>
    public InternalTokens(ServiceIdentity identity, InternalTokenOptions options, TimeProvider clock)
    {
        _issuer = identity.Name;
        _clock = clock;
        Import(_signingKey, options.SigningKey, "InternalTokens:SigningKey names", "private");
        if (!Directory.Exists(options.TrustedKeys))
        {
            throw new InvalidOperationException($"InternalTokens:TrustedKeys names the folder '{options.TrustedKeys}', which does not exist. It must hold a file ISSUER.pub.pem per trusted caller.");
        }

        foreach (var file in Directory.EnumerateFiles(options.TrustedKeys, "*.pub.pem"))
        {
            var key = ECDsa.Create();
            Import(key, file, "InternalTokens:TrustedKeys holds", "public");
            _trusted.Add(Path.GetFileName(file)[..^".pub.pem".Length], key);
        }
    }

    /// <summary>A token for <paramref name="audience"/>; the same one is handed out until half its life is over.</summary>
    public string Issue(string audience, string subject, string role)
    {
        var now = _clock.GetUtcNow();
        var cacheKey = (audience, subject, role);
        if (_issued.TryGetValue(cacheKey, out var cached) && now < cached.RenewAt)
        {
            return cached.Token;
        }

        var claims = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
        {
            ["iss"] = _issuer,
            ["aud"] = audience,
            ["sub"] = subject,
            ["role"] = role,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + Lifetime).ToUnixTimeSeconds(),
        });
        var signed = $"{Encoding.ASCII.GetString(Header)}.{Base64Url.EncodeToString(claims)}";
        byte[] signature;
        lock (_signingKey)
        {
            signature = _signingKey.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256);
        }

        var token = $"{signed}.{Base64Url.EncodeToString(signature)}";
        Remember(_issued, cacheKey, (token, now + (Lifetime / 2)));
        return token;
    }

    /// <summary>The caller, or null with the reason when the token is not to be accepted.</summary>
    public InternalCaller? Validate(string token, string audience, out string? reason)
    {
        // A caller sends the same token for half a minute: its signature is worth checking once.
        var now = _clock.GetUtcNow();
        if (_accepted.TryGetValue((token, audience), out var known) && now < known.Expires)
        {
            reason = null;
            return known.Caller;
        }

        reason = "the internal token is malformed";
        var parts = token.Split('.');
        if (parts.Length != 3 || !Encoding.ASCII.GetBytes(parts[0]).AsSpan().SequenceEqual(Header))
        {
            return null;
        }

        byte[] claims, signature;
        try
        {
            claims = Base64Url.DecodeFromChars(parts[1]);
            signature = Base64Url.DecodeFromChars(parts[2]);
        }
        catch (FormatException)
        {
            return null;
        }

        InternalCaller caller;
        DateTimeOffset expires;
        string tokenAudience;
        try
        {
            using var json = JsonDocument.Parse(claims);
            var root = json.RootElement;
            caller = new(root.GetProperty("iss").GetString()!, root.GetProperty("sub").GetString()!, root.GetProperty("role").GetString()!);
            tokenAudience = root.GetProperty("aud").GetString()!;
            expires = DateTimeOffset.FromUnixTimeSeconds(root.GetProperty("exp").GetInt64());
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentOutOfRangeException)
        {
            return null;
        }

        if (!_trusted.TryGetValue(caller.Issuer, out var key))
        {
            reason = "the internal token's issuer is not trusted";
            return null;
        }

        bool genuine;
        lock (key)
        {
            genuine = key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), signature, HashAlgorithmName.SHA256);
        }

        reason = !genuine ? "the internal token's signature does not match"
            : tokenAudience != audience ? "the internal token is for another service"
            : expires + ClockSkew < now ? "the internal token has expired"
            : (caller.Role == Roles.Service) == (caller.Issuer == "gateway") ? "the internal token's issuer may not give this role"
            : caller.Role == Roles.Service && caller.Subject != caller.Issuer ? "the internal token's issuer is not the service it speaks for"
            : null;
        if (reason is not null)
        {
            return null;
        }

        Remember(_accepted, (token, audience), (caller, expires));
        return caller;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _signingKey.Dispose();
        foreach (var key in _trusted.Values)
        {
            key.Dispose();
        }
    }

    // Tokens live a minute, so a full cache is mostly dead ones; starting over costs a few signatures.
    private static void Remember<TKey, TValue>(ConcurrentDictionary<TKey, TValue> cache, TKey key, TValue value)
        where TKey : notnull
    {
        if (cache.Count > 10_000)
        {
            cache.Clear();
        }

        cache[key] = value;
    }

    private static void Import(ECDsa key, string path, string where, string kind)
    {
        var expected = $"It must be a PEM file with an EC P-256 {kind} key.";
        if (!File.Exists(path))
        {
            throw new InvalidOperationException($"{where} the file '{path}', which does not exist. {expected}");
        }

        try
        {
            key.ImportFromPem(File.ReadAllText(path));
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            throw new InvalidOperationException($"{where} the file '{path}', which is not a usable key. {expected}", e);
        }

        if (key.KeySize != 256)
        {
            throw new InvalidOperationException($"{where} the file '{path}', whose key has {key.KeySize} bits. {expected}");
        }
    }
}
