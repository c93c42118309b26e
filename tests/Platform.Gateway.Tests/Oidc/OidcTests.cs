using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.Gateway.Tests.Oidc;

/// <summary>The gateway with an issuer on this machine, whose keys and clock the tests hold.</summary>
public sealed class OidcTests(GatewayApp app) : IAsyncLifetime
{
    private readonly SigningKey _rsa = SigningKey.Rsa("rsa-1");
    private readonly SigningKey _ec = SigningKey.Ec("ec-1");
    private readonly MovableClock _clock = new();
    private TokenIssuer _issuer = null!;
    private WebApplicationFactory<Program> _gateway = null!;

    public async ValueTask InitializeAsync()
    {
        _issuer = await TokenIssuer.StartAsync(_rsa.Public, _ec.Public);
        _gateway = With([]);
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _issuer.DisposeAsync();
        _rsa.Dispose();
        _ec.Dispose();
    }

    [Fact]
    public async Task A_token_of_the_issuer_is_a_caller_with_the_role_it_names()
    {
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(_rsa.Token(_issuer.Claims(Roles.Viewer)), "/api/credentials?mark=token-viewer"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(_ec.Token(_issuer.Claims(Roles.Viewer))));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(_rsa.Token(_issuer.Claims(Roles.Viewer)), "/api/access/keys"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(_rsa.Token(_issuer.Claims(Roles.Admin)), "/api/access/keys"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(_rsa.Token(_issuer.Claims("no role here"))));

        var received = app.Credentials.Received.Single(call => call.Path.Contains("mark=token-viewer", StringComparison.Ordinal));
        Assert.Equal(("oidc:user-1", Roles.Viewer), (received.Caller, received.Role));
        Assert.DoesNotContain("Authorization", received.Headers.Keys, StringComparer.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task API_keys_go_on_working_beside_tokens_and_never_together_with_them()
    {
        using var client = _gateway.CreateDefaultClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", app.KeyOf(Roles.Viewer));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/credentials", TestContext.Current.CancellationToken)).StatusCode);

        client.DefaultRequestHeaders.Authorization = new("Bearer", _rsa.Token(_issuer.Claims(Roles.Viewer)));
        client.DefaultRequestHeaders.Add("X-Api-Key", app.KeyOf(Roles.Viewer));
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/api/credentials", TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task A_claim_that_is_not_in_order_is_refused()
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var wrong = new Dictionary<string, Action<JsonObject>>
        {
            ["another audience"] = claims => claims["aud"] = "somebody-else",
            ["no audience"] = claims => claims.Remove("aud"),
            ["another issuer"] = claims => claims["iss"] = "https://evil.example",
            ["expired"] = claims => claims["exp"] = now - 120,
            ["no expiry"] = claims => claims.Remove("exp"),
            ["not valid yet"] = claims => claims["nbf"] = now + 120,
            ["issued later"] = claims => claims["iat"] = now + 120,
            ["no subject"] = claims => claims.Remove("sub"),
            ["expiry as text"] = claims => claims["exp"] = "tomorrow",
        };
        foreach (var (what, spoil) in wrong)
        {
            var claims = _issuer.Claims(Roles.Admin);
            spoil(claims);
            Assert.Equal((what, HttpStatusCode.Unauthorized), (what, await StatusAsync(_rsa.Token(claims))));
        }

        var text = _issuer.Claims(Roles.Admin).ToJsonString();
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(Raw(text)));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(Raw(text.Replace("\"user-1\"", "\"\\ud800\"", StringComparison.Ordinal))));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(Raw(text.Replace("{", "{\"sub\":\"someone-else\",", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task No_signature_a_shared_secret_and_other_algorithms_are_refused()
    {
        var claims = _issuer.Claims(Roles.Admin);
        foreach (var none in (string[])["none", "None", "NONE", ""])
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(TokenIssuer.Sign(new() { ["alg"] = none, ["kid"] = "rsa-1" }, claims, _ => [])));
        }

        // The public key is known to everyone: who lets a token choose HS256 takes it for a secret.
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(TokenIssuer.Sign(new() { ["alg"] = "HS256", ["kid"] = "rsa-1" }, claims, data => HMACSHA256.HashData(_rsa.PublicPem, data))));
        foreach (var algorithm in (string[])["RS384", "RS512", "PS256", "ES384", "rs256"])
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(_rsa.Token(claims, algorithm: algorithm)));
        }

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(_rsa.Token(claims, "ec-1")));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(_ec.Token(claims, "rsa-1", "RS256")));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(_rsa.Token(claims, header: new() { ["alg"] = "RS256", ["kid"] = "rsa-1", ["crit"] = new JsonArray("exp") })));
    }

    [Fact]
    public async Task A_strangers_key_under_a_known_id_and_changed_claims_are_refused()
    {
        using var stranger = SigningKey.Rsa("rsa-1");
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(stranger.Token(_issuer.Claims(Roles.Admin))));

        var parts = _rsa.Token(_issuer.Claims(Roles.Viewer)).Split('.');
        var changed = _rsa.Token(_issuer.Claims(Roles.Admin)).Split('.');
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync($"{parts[0]}.{changed[1]}.{parts[2]}"));
        foreach (var malformed in (string[])["..", "a.b.c", $"{parts[0]}.{parts[1]}.", $"{parts[0]}..{parts[2]}", $"W10.{parts[1]}.{parts[2]}", $"{parts[0]}.{new string('A', 20_000)}.{parts[2]}"])
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(malformed));
        }
    }

    [Fact]
    public async Task A_new_key_is_found_and_a_withdrawn_one_forgotten_without_asking_the_issuer_all_the_time()
    {
        using var next = SigningKey.Rsa("rsa-2");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(_rsa.Token(_issuer.Claims(Roles.Viewer))));
        Assert.Equal(1, _issuer.Fetches);

        _issuer.Publish(next.Public);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(_rsa.Token(_issuer.Claims(Roles.Viewer), $"made-up-{i}")));
        }

        Assert.Equal(1, _issuer.Fetches);
        _clock.Move(TimeSpan.FromSeconds(31));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(next.Token(_issuer.Claims(Roles.Viewer, _clock))));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(_rsa.Token(_issuer.Claims(Roles.Viewer, _clock))));
        Assert.Equal(2, _issuer.Fetches);
    }

    [Fact]
    public async Task While_the_issuer_fails_known_keys_stay_in_use_and_unknown_ones_wait()
    {
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(_rsa.Token(_issuer.Claims(Roles.Viewer))));
        _issuer.Down = true;
        _clock.Move(TimeSpan.FromHours(2));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(_rsa.Token(_issuer.Claims(Roles.Viewer, _clock))));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(_rsa.Token(_issuer.Claims(Roles.Viewer, _clock), "unknown")));

        await using var late = With([]);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(_rsa.Token(_issuer.Claims(Roles.Viewer, _clock)), gateway: late));
        _issuer.Down = false;
        _clock.Move(TimeSpan.FromSeconds(3));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(_rsa.Token(_issuer.Claims(Roles.Viewer, _clock)), gateway: late));
    }

    [Fact]
    public async Task Weak_keys_keys_for_encryption_and_another_issuers_document_are_not_used()
    {
        using var weak = SigningKey.Rsa("weak", 1024);
        using var encryption = SigningKey.Rsa("enc");
        var forEncryption = encryption.Public;
        forEncryption["use"] = "enc";
        _issuer.Publish(_rsa.Public, weak.Public, forEncryption, new JsonObject { ["kty"] = "oct", ["k"] = "c2VjcmV0", ["kid"] = "secret" }, new JsonObject { ["kty"] = "RSA", ["kid"] = "broken", ["n"] = "!" });
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(_rsa.Token(_issuer.Claims(Roles.Viewer))));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(weak.Token(_issuer.Claims(Roles.Viewer))));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(encryption.Token(_issuer.Claims(Roles.Viewer))));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(TokenIssuer.Sign(new() { ["alg"] = "HS256", ["kid"] = "secret" }, _issuer.Claims(Roles.Viewer), data => HMACSHA256.HashData("secret"u8, data))));

        _issuer.ClaimedIssuer = "https://evil.example";
        await using var late = With([]);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(_rsa.Token(_issuer.Claims(Roles.Viewer)), gateway: late));
    }

    [Fact]
    public async Task The_claims_of_role_and_name_are_settings_and_the_highest_role_counts()
    {
        await using var gateway = With(new()
        {
            ["Oidc:RoleClaim"] = "realm_access.roles",
            ["Oidc:NameClaim"] = "client_id",
            ["Oidc:Roles:operator:0"] = "data-team",
            ["Oidc:Roles:admin:0"] = "platform-team",
        });
        var claims = _issuer.Claims("unused");
        claims["client_id"] = "nightly";
        claims["realm_access"] = new JsonObject { ["roles"] = new JsonArray("data-team", "viewer") };

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(_rsa.Token(claims), "/api/credentials?mark=token-settings", gateway));

        var received = app.Credentials.Received.Single(call => call.Path.Contains("mark=token-settings", StringComparison.Ordinal));
        Assert.Equal(("oidc:nightly", Roles.Operator), (received.Caller, received.Role));
        claims["realm_access"] = new JsonObject { ["roles"] = new JsonArray("admin") };
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(_rsa.Token(claims), gateway: gateway));
    }

    [Fact]
    public async Task The_scopes_of_a_token_limit_it_as_a_keys_do_and_a_token_without_any_is_as_wide_as_its_role()
    {
        await using var text = With(new() { ["Oidc:ScopeClaim"] = "scope" });
        await using var list = With(new() { ["Oidc:ScopeClaim"] = "scp", ["Oidc:ScopePrefix"] = "api://couriers/" });
        async Task ExpectAsync(WebApplicationFactory<Program> gateway, Action<JsonObject> scope, HttpStatusCode credentials, HttpStatusCode keys)
        {
            var claims = _issuer.Claims(Roles.Admin);
            scope(claims);
            var token = _rsa.Token(claims);
            Assert.Equal((claims.ToJsonString(), credentials, keys), (claims.ToJsonString(), await StatusAsync(token, gateway: gateway), await StatusAsync(token, "/api/access/keys", gateway)));
        }

        await ExpectAsync(text, _ => { }, HttpStatusCode.OK, HttpStatusCode.OK);
        await ExpectAsync(text, claims => claims["scope"] = "openid profile email", HttpStatusCode.OK, HttpStatusCode.OK);
        await ExpectAsync(text, claims => claims["scope"] = "openid credentials:read", HttpStatusCode.OK, HttpStatusCode.Forbidden);
        await ExpectAsync(text, claims => claims["scope"] = "access:read credentials:write", HttpStatusCode.Forbidden, HttpStatusCode.OK);
        await ExpectAsync(text, claims => claims["scope"] = "credentails:read", HttpStatusCode.Forbidden, HttpStatusCode.Forbidden);
        await ExpectAsync(text, claims => claims["scope"] = new JsonObject(), HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized);
        await ExpectAsync(list, claims => claims["scp"] = new JsonArray("openid", "api://couriers/credentials:read", "access:read"), HttpStatusCode.OK, HttpStatusCode.Forbidden);
        await ExpectAsync(list, claims => claims["scp"] = "api://couriers/access:read", HttpStatusCode.Forbidden, HttpStatusCode.OK);
        await ExpectAsync(list, claims => claims["scp"] = new JsonArray("api://couriers/access_as_user"), HttpStatusCode.Forbidden, HttpStatusCode.Forbidden);
        await ExpectAsync(list, claims => claims["scp"] = new JsonArray("api://couriers/access:read", 1), HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized);
        await ExpectAsync(_gateway, claims => claims["scope"] = "credentials:read", HttpStatusCode.OK, HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("http://issuer.example", "courier-platform", "expected an https address")]
    [InlineData("https://issuer.example", "", "Oidc:Audience is missing")]
    [InlineData("https://issuer.example", "courier-platform", "Oidc:ScopePrefix is set, but Oidc:ScopeClaim is not")]
    public void Unsafe_settings_stop_the_start(string issuer, string audience, string problem)
    {
        using var gateway = app.With(new() { ["Oidc:Issuer"] = issuer, ["Oidc:Audience"] = audience, ["Oidc:ScopePrefix"] = "api://" });

        Assert.Contains(problem, Assert.Throws<InvalidOperationException>(() => gateway.CreateDefaultClient()).Message);
    }

    private string Raw(string claims)
    {
        var header = System.Buffers.Text.Base64Url.EncodeToString("""{"alg":"RS256","kid":"rsa-1"}"""u8);
        var signed = $"{header}.{System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}";
        return $"{signed}.{System.Buffers.Text.Base64Url.EncodeToString(_rsa.SignatureOf(Encoding.ASCII.GetBytes(signed)))}";
    }

    private WebApplicationFactory<Program> With(Dictionary<string, string> settings) => app.With(_issuer.Settings.Concat(settings).ToDictionary())
        .WithWebHostBuilder(builder => builder.ConfigureTestServices(services => services.AddSingleton<TimeProvider>(_clock)));

    private async Task<HttpStatusCode> StatusAsync(string token, string path = "/api/credentials", WebApplicationFactory<Program>? gateway = null)
    {
        using var client = (gateway ?? _gateway).CreateDefaultClient();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    private sealed class MovableClock : TimeProvider
    {
        private TimeSpan _ahead;

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _ahead;

        public void Move(TimeSpan by) => _ahead += by;
    }
}
