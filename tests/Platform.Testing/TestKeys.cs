using System.Security.Cryptography;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Testing;

/// <summary>Key pairs for the internal tokens of the gateway and every service, in a temporary folder, and tokens as the gateway or a service would sign them.</summary>
public sealed class TestKeys : IDisposable
{
    /// <summary>Everyone who signs.</summary>
    public static IReadOnlyList<string> Issuers { get; } = ["gateway", "credentials", "couriers", "feeds", "scheduler", "campaigns", "optimizely-brevo"];

    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, InternalTokens> _tokens = new(StringComparer.Ordinal);

    /// <summary>Makes the keys.</summary>
    public TestKeys(TimeProvider? clock = null)
    {
        Directory.CreateDirectory(TrustedKeys);
        foreach (var issuer in Issuers)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            File.WriteAllText(SigningKeyOf(issuer), key.ExportPkcs8PrivateKeyPem());
            File.WriteAllText(Path.Combine(TrustedKeys, $"{issuer}.pub.pem"), key.ExportSubjectPublicKeyInfoPem());
        }

        foreach (var issuer in Issuers)
        {
            var options = new InternalTokenOptions { SigningKey = SigningKeyOf(issuer), TrustedKeys = TrustedKeys };
            _tokens.Add(issuer, new(new ServiceIdentity(issuer), options, clock ?? TimeProvider.System));
        }
    }

    /// <summary>Setting <c>InternalTokens:TrustedKeys</c>.</summary>
    public string TrustedKeys => _folder.PathOf("trusted");

    /// <summary>Setting <c>InternalTokens:SigningKey</c> of that process.</summary>
    public string SigningKeyOf(string issuer) => _folder.PathOf($"{issuer}.pem");

    /// <summary>A token of a person's call that the gateway forwards to <paramref name="service"/>.</summary>
    public string TokenOfPerson(string service, string role = Roles.Admin, string name = "tester") => _tokens["gateway"].Issue(service, name, role);

    /// <summary>A token of a call from one service to another.</summary>
    public string TokenOfService(string from, string service) => _tokens[from].Issue(service, from, Roles.Service);

    /// <summary>Makes every request of a client a forwarded call of a person with this role; for <c>WebApplicationFactory.CreateDefaultClient</c>.</summary>
    public DelegatingHandler AsPerson(string service, string role = Roles.Admin, string name = "tester") => new TokenHandler(() => TokenOfPerson(service, role, name));

    /// <summary>Makes every request of a client a call of the service <paramref name="from"/>.</summary>
    public DelegatingHandler AsService(string from, string service) => new TokenHandler(() => TokenOfService(from, service));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tokens in _tokens.Values)
        {
            tokens.Dispose();
        }

        _folder.Dispose();
    }

    // Tokens live for a minute, clients in tests often longer: each request asks anew.
    private sealed class TokenHandler(Func<string> token) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Remove(InternalAuthentication.HeaderName);
            request.Headers.Add(InternalAuthentication.HeaderName, token());
            return base.SendAsync(request, cancellationToken);
        }
    }
}
