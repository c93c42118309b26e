using Microsoft.AspNetCore.Hosting;

namespace Platform.Testing;

/// <summary>The configuration a service needs to start in a test, by configuration key (<c>ConnectionStrings:Database</c>).</summary>
public sealed class ServiceSettings
{
    private readonly Dictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What every service needs: database, broker, keys. Addresses of sister services are unreachable until <see cref="With"/> sets them.</summary>
    public static ServiceSettings Of(string service, string connectionString, string rabbitUri, TestKeys keys)
    {
        var settings = new ServiceSettings()
            .With("ConnectionStrings:Database", connectionString)
            .With("RabbitMq:Uri", rabbitUri)
            .With("InternalTokens:SigningKey", keys.SigningKeyOf(service))
            .With("InternalTokens:TrustedKeys", keys.TrustedKeys)
            .With("Outgoing:AllowPrivateHosts", "true");
        foreach (var sister in TestKeys.Issuers.Where(issuer => issuer is not "gateway"))
        {
            // Port 1 refuses at once.
            settings.With($"Services:{sister}", "http://127.0.0.1:1");
        }

        return settings;
    }

    /// <summary>Every setting.</summary>
    public IReadOnlyDictionary<string, string> Values => _values;

    /// <summary>Takes one away: the service's own default counts.</summary>
    public void Without(string key) => _values.Remove(key);

    /// <summary>Adds or replaces one.</summary>
    public ServiceSettings With(string key, string value)
    {
        _values[key] = value;
        return this;
    }

    /// <summary>Gives the settings to a host under test, before the service's own start-up code reads them.</summary>
    public void Apply(IWebHostBuilder builder)
    {
        foreach (var (key, value) in _values)
        {
            builder.UseSetting(key, value);
        }
    }
}
