using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Platform.Gateway.Tests.Oidc;

/// <summary>An OpenID Connect issuer on this machine: discovery, a key set that tests exchange, and tokens signed however a test wishes.</summary>
internal sealed class TokenIssuer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _fetches;

    private TokenIssuer(WebApplication app) => _app = app;

    public const string Audience = "courier-platform";

    public string Address => _app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();

    /// <summary>What the key set holds now.</summary>
    public JsonArray Keys { get; private set; } = [];

    /// <summary>What the discovery document names, when it is not the truth.</summary>
    public string? ClaimedIssuer { get; set; }

    /// <summary>True while it answers nothing but errors.</summary>
    public bool Down { get; set; }

    /// <summary>How often the key set was fetched.</summary>
    public int Fetches => _fetches;

    public Dictionary<string, string> Settings => new() { ["Oidc:Issuer"] = Address, ["Oidc:Audience"] = Audience };

    public static async Task<TokenIssuer> StartAsync(params IEnumerable<JsonObject> keys)
    {
        var builder = WebApplication.CreateBuilder(["--urls", "http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        var issuer = new TokenIssuer(builder.Build());
        issuer.Publish(keys);
        issuer._app.MapGet("/.well-known/openid-configuration", () => issuer.Answer(() => new JsonObject
        {
            ["issuer"] = issuer.ClaimedIssuer ?? issuer.Address,
            ["jwks_uri"] = $"{issuer.Address}/keys",
        }));
        issuer._app.MapGet("/keys", () =>
        {
            Interlocked.Increment(ref issuer._fetches);
            return issuer.Answer(() => new JsonObject { ["keys"] = issuer.Keys.DeepClone() });
        });
        await issuer._app.StartAsync();
        return issuer;
    }

    public void Publish(params IEnumerable<JsonObject> keys) => Keys = [.. keys.Select(key => key.DeepClone())];

    /// <summary>The claims of a token that is in order.</summary>
    public JsonObject Claims(string role, TimeProvider? clock = null)
    {
        var now = (clock ?? TimeProvider.System).GetUtcNow().ToUnixTimeSeconds();
        return new()
        {
            ["iss"] = Address,
            ["aud"] = new JsonArray("other", Audience),
            ["sub"] = "user-1",
            ["roles"] = new JsonArray("something-else", role),
            ["iat"] = now,
            ["nbf"] = now,
            ["exp"] = now + 300,
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    public static string Sign(JsonObject header, JsonObject claims, Func<byte[], byte[]> sign)
    {
        var signed = $"{Encode(header.ToJsonString())}.{Encode(claims.ToJsonString())}";
        return $"{signed}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private IResult Answer(Func<JsonObject> document) => Down ? TypedResults.StatusCode(500) : TypedResults.Json(document());
}

/// <summary>A key pair of the issuer.</summary>
internal sealed class SigningKey : IDisposable
{
    private readonly RSA? _rsa;
    private readonly ECDsa? _ec;
    private readonly string _id;

    private SigningKey(string id, RSA? rsa, ECDsa? ec)
    {
        _id = id;
        _rsa = rsa;
        _ec = ec;
    }

    public static SigningKey Rsa(string id, int bits = 2048) => new(id, RSA.Create(bits), null);

    public static SigningKey Ec(string id) => new(id, null, ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>As the key set publishes it.</summary>
    public JsonObject Public => _rsa?.ExportParameters(false) is { } rsa
        ? new() { ["kty"] = "RSA", ["kid"] = _id, ["use"] = "sig", ["alg"] = "RS256", ["n"] = Base64Url.EncodeToString(rsa.Modulus), ["e"] = Base64Url.EncodeToString(rsa.Exponent) }
        : _ec!.ExportParameters(false) is var ec
            ? new() { ["kty"] = "EC", ["kid"] = _id, ["crv"] = "P-256", ["x"] = Base64Url.EncodeToString(ec.Q.X), ["y"] = Base64Url.EncodeToString(ec.Q.Y) }
            : [];

    /// <summary>The public key as a PEM file, which careless programs take for a shared secret.</summary>
    public byte[] PublicPem => Encoding.ASCII.GetBytes(_rsa!.ExportSubjectPublicKeyInfoPem());

    public string Token(JsonObject claims, string? keyId = null, string? algorithm = null, JsonObject? header = null) => TokenIssuer.Sign(
        header ?? new() { ["alg"] = algorithm ?? (_rsa is null ? "ES256" : "RS256"), ["typ"] = "JWT", ["kid"] = keyId ?? _id }, claims, SignatureOf);

    public void Dispose()
    {
        _rsa?.Dispose();
        _ec?.Dispose();
    }

    public byte[] SignatureOf(byte[] data) => _rsa?.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) ?? _ec!.SignData(data, HashAlgorithmName.SHA256);
}
