using Platform.ServiceDefaults.Tests;
using Platform.Testing;
using Platform.Testing.Servers;
using Xunit;

[assembly: AssemblyFixture(typeof(RealServers))]

namespace Platform.ServiceDefaults.Tests;

/// <summary>PostgreSQL, RabbitMQ and keys for the services under test.</summary>
public sealed class RealServers : IAsyncLifetime
{
    private readonly PostgresServer _postgres = new();
    private readonly RabbitServer _rabbit = new();

    public TestKeys Keys { get; } = new();

    public string RabbitUri => _rabbit.Uri;

    public async ValueTask InitializeAsync()
    {
        await _postgres.InitializeAsync();
        await _rabbit.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _rabbit.DisposeAsync();
        await _postgres.DisposeAsync();
        Keys.Dispose();
    }

    /// <summary>A virtual host in which no other test speaks.</summary>
    public static async Task<RabbitServer> CreateBrokerAsync()
    {
        var broker = new RabbitServer();
        await broker.InitializeAsync();
        return broker;
    }

    public Task<PostgresDatabase> CreateDatabaseAsync() => _postgres.CreateDatabaseAsync();

    public ServiceSettings SettingsOf(string service, PostgresDatabase database, string? rabbitUri = null) =>
        ServiceSettings.Of(service, database.ConnectionString, rabbitUri ?? RabbitUri, Keys);
}
