using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Platform.Campaigns.Persistence;
using Platform.Campaigns.Tests;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Platform.Testing.Servers;
using Xunit;

[assembly: AssemblyFixture(typeof(CampaignsApp))]

namespace Platform.Campaigns.Tests;

/// <summary>The real service on a real database, broker and OpenSSH server, spoken to in the language of the feature. Every test has a connection and directories of its own.</summary>
public sealed class CampaignsApp : IAsyncLifetime
{
    private readonly PostgresServer _postgres = new();
    private readonly RabbitServer _rabbit = new();
    private readonly TestKeys _keys = new();
    private PostgresDatabase _database = null!;
    private PostgresDatabase _domain = null!;
    private WebApplication _credentials = null!;
    private WebApplicationFactory<Program> _app = null!;
    private readonly ConcurrentDictionary<string, JsonObject> _files = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, SshServer> _accounts = new(StringComparer.Ordinal);
    private int _number;

    /// <summary>The partner's server.</summary>
    public SshServer Server { get; } = new();

    public HttpClient Client { get; private set; } = null!;

    public IServiceProvider Services => _app.Services;

    public NpgsqlDataSource Database { get; private set; } = null!;

    /// <summary>Where domain tables lie, as their owner.</summary>
    public NpgsqlDataSource DomainTables { get; private set; } = null!;

    public string DomainTablesConnection => _domain.ConnectionString;

    /// <summary>Settings with which another instance of the service can be started beside this one.</summary>
    public ServiceSettings Settings { get; private set; } = null!;

    public string RabbitUri => _rabbit.Uri;

    public async ValueTask InitializeAsync()
    {
        await Task.WhenAll(_postgres.InitializeAsync().AsTask(), _rabbit.InitializeAsync().AsTask(), Server.InitializeAsync().AsTask());
        _database = await CreateDatabaseAsync();
        _domain = await _postgres.CreateDatabaseAsync();
        Database = NpgsqlDataSource.Create(_database.ConnectionString);
        DomainTables = NpgsqlDataSource.Create(_domain.ConnectionString);
        await StartCredentialsAsync();
        var sisters = _credentials.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Settings = ServiceSettings.Of("campaigns", _database.ConnectionString, _rabbit.Uri, _keys)
            .With("Services:credentials", sisters)
            .With("Services:feeds", sisters)
            .With("Services:couriers", sisters)
            .With("ConnectionStrings:DomainTables", await MakeReaderAsync())
            .With("Retention:Every", "00:00:01")
            .With("Logging:LogLevel:Default", "Warning");
        _app = new WebApplicationFactory<Program>().WithWebHostBuilder(Settings.Apply);
        Client = As(Roles.Operator);
        await Until.True(async () => (await Client.GetAsync("/health/ready")).IsSuccessStatusCode);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _credentials.DisposeAsync();
        await Database.DisposeAsync();
        await DomainTables.DisposeAsync();
        await _database.DisposeAsync();
        await _domain.DisposeAsync();
        await Server.DisposeAsync();
        await _rabbit.DisposeAsync();
        _keys.Dispose();
    }

    /// <summary>Lets the feeds service know of a feed's loaded file.</summary>
    public void Load(string feedId, string runId, DateOnly date) => _files[feedId] = new()
    {
        ["id"] = feedId,
        ["domainTable"] = feedId,
        ["rows"] = 1,
        ["fields"] = new JsonArray(),
        ["files"] = new JsonArray(new JsonObject
        {
            ["fileName"] = $"{date:yyyyMMdd}_{feedId}.csv",
            ["fileDate"] = $"{date:yyyy-MM-dd}",
            ["size"] = 1,
            ["loadId"] = "ld-1",
            ["runId"] = runId,
            ["state"] = "loaded",
            ["endedAt"] = TimeProvider.System.GetUtcNow(),
        }),
    };

    public HttpClient As(string role) => _app.CreateDefaultClient(_keys.AsPerson("campaigns", role));

    /// <summary>Makes every request through it an operator's call that the gateway forwards; for services outside this process.</summary>
    public DelegatingHandler Operator() => _keys.AsPerson("campaigns", Roles.Operator);

    /// <summary>A migrated database of its own for another instance of the service.</summary>
    public async Task<PostgresDatabase> CreateDatabaseAsync()
    {
        var database = await _postgres.CreateDatabaseAsync();
        await using var context = new CampaignsDbContext(new DbContextOptionsBuilder<CampaignsDbContext>().UseNpgsql(database.ConnectionString).Options);
        await context.Database.MigrateAsync();
        return database;
    }

    /// <summary>A connection with the directories in, log, err and out of its own, which also lie on this machine's disk.</summary>
    public Task<TestConnection> ConnectAsync(Action<JsonObject>? change = null, HttpClient? client = null) => ConnectAsync(Interlocked.Increment(ref _number), Server, change, client ?? Client);

    /// <summary>A connection on another server than the shared one, for what must not happen to others.</summary>
    public Task<TestConnection> ConnectAsync(SshServer server)
    {
        var number = Interlocked.Increment(ref _number);
        var credential = $"cred-own-{number}";
        _accounts[credential] = server;
        return ConnectAsync(number, server, settings => (settings["port"], settings["credentialId"]) = (server.Port, credential), Client);
    }

    private async Task<TestConnection> ConnectAsync(int number, SshServer server, Action<JsonObject>? change, HttpClient client)
    {
        var connection = new TestConnection(this, client, $"Connection {number}", server.PathOf(number.ToString(CultureInfo.InvariantCulture)));
        await connection.CreateAsync(change);
        return connection;
    }

    private async Task StartCredentialsAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _credentials = builder.Build();
        _credentials.MapPost("/internal/credentials/{id}/secret", (string id) => id switch
        {
            "cred-sftp" => Results.Json(Secret("sftp", Server.PrivateKey)),
            "cred-refused" => Results.Json(Secret("sftp", Server.UnknownKey)),
            "cred-iam" => Results.Json(Secret("iam-credential", Server.PrivateKey)),
            _ when _accounts.TryGetValue(id, out var server) => Results.Json(Secret("sftp", server.PrivateKey, server)),
            _ => Results.Problem(statusCode: (int)HttpStatusCode.NotFound),
        });
        // Couriers and feeds, as far as an import needs them to be set up; Platform.EndToEnd.Tests has the real ones.
        _credentials.MapPut("/internal/feeds", (JsonObject feed) => Results.Json(new { id = $"df-{feed["source"]}-{feed["name"]}" }));
        _credentials.MapPost("/internal/feeds/files", (JsonObject asked) => Results.Json(asked["ids"]!.AsArray().Select(id => (string)id!).Where(_files.ContainsKey).Select(id => _files[id])));
        _credentials.MapPut("/internal/domain-views", () => Results.NoContent());
        _credentials.MapPut("/internal/couriers/{id}", (string id, JsonObject courier) => Results.Json(new { id, name = (string)courier["name"]! }));
        await _credentials.StartAsync();
    }

    private JsonObject Secret(string type, string key, SshServer? server = null) => new()
    {
        ["id"] = "cred-test",
        ["type"] = type,
        ["version"] = 1,
        ["fields"] = new JsonObject { ["user"] = Server.User, ["privateKey"] = key, ["hostKey"] = (server ?? Server).HostKey },
    };

    /// <summary>A role that may read domain tables and nothing else, as deployments have it.</summary>
    private async Task<string> MakeReaderAsync()
    {
        var reader = new NpgsqlConnectionStringBuilder(_domain.ConnectionString) { Username = "campaigns_domain_reader" };
        await using var command = DomainTables.CreateCommand($"""
            do $$ begin create role campaigns_domain_reader login password '{reader.Password}'; exception when duplicate_object or unique_violation then null; end $$;
            create schema domain;
            grant usage on schema domain to campaigns_domain_reader;
            alter default privileges in schema domain grant select on tables to campaigns_domain_reader;
            """);
        await command.ExecuteNonQueryAsync();
        return reader.ConnectionString;
    }
}
