using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Xunit;

namespace Platform.ServiceDefaults.Tests.Security;

public sealed class InternalTokensTests : IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly TestKeys _keys;
    private readonly InternalTokens _feeds;

    public InternalTokensTests()
    {
        _keys = new(_clock);
        _feeds = Of("feeds");
    }

    public void Dispose()
    {
        _feeds.Dispose();
        _keys.Dispose();
    }

    [Fact]
    public void The_gateways_token_names_the_person_and_a_services_token_the_service()
    {
        Assert.Equal(new("gateway", "Zoë \"the\" key", Roles.Operator), _feeds.Validate(_keys.TokenOfPerson("feeds", Roles.Operator, "Zoë \"the\" key"), "feeds", out _));
        Assert.Equal(new("couriers", "couriers", Roles.Service), _feeds.Validate(_keys.TokenOfService("couriers", "feeds"), "feeds", out _));
    }

    [Fact]
    public void A_token_for_another_service_is_refused() => Refused(_keys.TokenOfPerson("couriers"), "is for another service");

    [Fact]
    public void A_token_lives_a_minute_also_when_it_was_accepted_before()
    {
        var token = _keys.TokenOfPerson("feeds");
        _clock.Move(TimeSpan.FromSeconds(59));
        Assert.NotNull(_feeds.Validate(token, "feeds", out _));
        _clock.Move(TimeSpan.FromSeconds(7));

        Refused(token, "has expired");
    }

    [Fact]
    public void A_token_is_handed_out_again_until_half_its_life_is_over()
    {
        var token = _feeds.Issue("couriers", "feeds", Roles.Service);
        _clock.Move(TimeSpan.FromSeconds(29));
        Assert.Equal(token, _feeds.Issue("couriers", "feeds", Roles.Service));
        _clock.Move(TimeSpan.FromSeconds(2));

        Assert.NotEqual(token, _feeds.Issue("couriers", "feeds", Roles.Service));
    }

    [Fact]
    public void A_changed_claim_or_signature_is_refused()
    {
        var parts = _keys.TokenOfPerson("feeds", Roles.Viewer).Split('.');
        var claims = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1])).Replace("viewer", "admin", StringComparison.Ordinal);
        var signature = Base64Url.DecodeFromChars(parts[2]);
        signature[5] ^= 1;

        Refused($"{parts[0]}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}.{parts[2]}", "signature does not match");
        Refused($"{parts[0]}.{parts[1]}.{Base64Url.EncodeToString(signature)}", "signature does not match");
        Refused($"{parts[0]}.{parts[1]}.", "signature does not match");
    }

    [Theory]
    [InlineData("""{"alg":"none","typ":"JWT"}""")]
    [InlineData("""{"alg":"HS256","typ":"JWT"}""")]
    public void Only_one_algorithm_is_accepted(string header)
    {
        var parts = _keys.TokenOfPerson("feeds").Split('.');

        Refused($"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{parts[1]}.{parts[2]}", "is malformed");
    }

    [Theory]
    [InlineData("")]
    [InlineData("a.b.c")]
    [InlineData("..")]
    [InlineData("ü.ü.ü")]
    public void Anything_else_is_refused(string token) => Refused(token, "is malformed");

    [Fact]
    public void An_issuer_without_a_key_here_is_refused()
    {
        using var stranger = new TestKeys(_clock);
        File.Delete(Path.Combine(_keys.TrustedKeys, "campaigns.pub.pem"));
        using var tokens = Of("feeds");

        Assert.Null(tokens.Validate(_keys.TokenOfService("campaigns", "feeds"), "feeds", out var reason));
        Assert.Contains("issuer is not trusted", reason);
        Refused(stranger.TokenOfPerson("feeds"), "signature does not match");
    }

    [Fact]
    public void A_service_cannot_speak_for_a_person_nor_the_gateway_for_a_service()
    {
        using var couriers = Of("couriers");
        using var gateway = Of("gateway");

        Refused(couriers.Issue("feeds", "someone", Roles.Admin), "may not give this role");
        Refused(gateway.Issue("feeds", "couriers", Roles.Service), "may not give this role");
    }

    [Fact]
    public void An_unusable_key_file_is_named_at_the_start()
    {
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("key.pem");

        Assert.Contains($"InternalTokens:SigningKey names the file '{file}', which does not exist", Start(file));
        File.WriteAllText(file, "nonsense");
        Assert.Contains($"the file '{file}', which is not a usable key", Start(file));
        using (var large = ECDsa.Create(ECCurve.NamedCurves.nistP384))
        {
            File.WriteAllText(file, large.ExportPkcs8PrivateKeyPem());
        }

        Assert.Contains($"the file '{file}', whose key has 384 bits. It must be a PEM file with an EC P-256 private key", Start(file));
    }

    private string Start(string signingKey) => Assert.Throws<InvalidOperationException>(
        () => new InternalTokens(new("feeds"), new() { SigningKey = signingKey, TrustedKeys = _keys.TrustedKeys }, _clock)).Message;

    private InternalTokens Of(string issuer) => new(new(issuer), new() { SigningKey = _keys.SigningKeyOf(issuer), TrustedKeys = _keys.TrustedKeys }, _clock);

    private void Refused(string token, string expected)
    {
        Assert.Null(_feeds.Validate(token, "feeds", out var reason));
        Assert.Contains(expected, reason);
    }
}
