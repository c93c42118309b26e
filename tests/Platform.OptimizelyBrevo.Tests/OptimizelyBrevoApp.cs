using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Platform.OptimizelyBrevo.Persistence;
using Platform.PartnerStandIns;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Platform.Testing.Processes;
using Platform.Testing.Servers;
using Xunit;

[assembly: AssemblyFixture(typeof(Platform.OptimizelyBrevo.Tests.OptimizelyBrevoApp))]

namespace Platform.OptimizelyBrevo.Tests;

/// <summary>The real service on a real database and broker, with both partners and the credentials service stood in for over HTTP.</summary>
public sealed class OptimizelyBrevoApp : IAsyncLifetime
{
    private readonly bool _asProcess;
    private readonly PostgresServer _postgres = new();
    private readonly RabbitServer _rabbit = new();
    private readonly TestKeys _keys = new();
    private readonly LogLines _log = new();
    private readonly TemporaryFolder _folder = new();
    private PostgresDatabase _database = null!;
    private WebApplication _credentials = null!;
    private WebApplicationFactory<Program>? _app;

    public OptimizelyBrevoApp()
    {
    }

    private OptimizelyBrevoApp(bool asProcess) => _asProcess = asProcess;

    public OptimizelyStandIn Optimizely { get; } = new();

    public BrevoStandIn Brevo { get; } = new();

    /// <summary>Secrets by credential id.</summary>
    public ConcurrentDictionary<string, JsonObject> Credentials { get; } = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Log => _log.Lines;

    public IServiceProvider Services => _app!.Services;

    /// <summary>The service's process, when it runs as one.</summary>
    public ServiceProcess? Process { get; private set; }

    public HttpClient Client { get; private set; } = null!;

    /// <summary>The service as a process of its own, which can be killed.</summary>
    public static OptimizelyBrevoApp AsProcess() => new(asProcess: true);

    public async ValueTask InitializeAsync()
    {
        await Task.WhenAll(_postgres.InitializeAsync().AsTask(), _rabbit.InitializeAsync().AsTask(), Optimizely.StartAsync(), Brevo.StartAsync());
        _database = await _postgres.CreateDatabaseAsync();
        _credentials = await StartCredentialsAsync();
        await ExecuteAsync("create schema if not exists domain");
        if (_asProcess)
        {
            var url = $"http://127.0.0.1:{FreePorts.Take(1)[0]}";
            Process = new("optimizely-brevo", "services/optimizely-brevo/Platform.OptimizelyBrevo", Settings(), url, _folder.PathOf("log"));
            await Process.RunAsync("migrate");
            await Process.StartAsync();
            var handler = _keys.AsPerson("optimizely-brevo", Roles.Admin);
            handler.InnerHandler = new SocketsHttpHandler();
            Client = new(handler) { BaseAddress = new(url) };
            return;
        }

        _app = Start();
        await using (var scope = _app.Services.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<OptimizelyBrevoDbContext>().Database.MigrateAsync();
        }

        Client = As(Roles.Admin);
        await _app.Services.BusReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        Process?.Dispose();
        _folder.Dispose();
        await _credentials.DisposeAsync();
        await Optimizely.DisposeAsync();
        await Brevo.DisposeAsync();
        await _database.DisposeAsync();
        await _rabbit.DisposeAsync();
        await _postgres.DisposeAsync();
        _keys.Dispose();
    }

    /// <summary>Stops the service as a shutdown would and starts it anew.</summary>
    public async Task RestartAsync()
    {
        await _app!.DisposeAsync();
        _app = Start();
        Client = As(Roles.Admin);
    }

    public HttpClient As(string role) => _app!.CreateDefaultClient(_keys.AsPerson("optimizely-brevo", role));

    public static JsonObject Secret(string type, params (string Name, string Value)[] fields) =>
        new() { ["type"] = type, ["fields"] = new JsonObject(fields.Select(field => KeyValuePair.Create(field.Name, (JsonNode?)field.Value))) };

    public async Task ExecuteAsync(string sql)
    {
        await using var database = NpgsqlDataSource.Create(_database.ConnectionString);
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> QueryAsync<T>(string sql)
    {
        await using var database = NpgsqlDataSource.Create(_database.ConnectionString);
        await using var command = database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private ServiceSettings Settings() =>
        ServiceSettings.Of("optimizely-brevo", _database.ConnectionString, _rabbit.Uri, _keys)
            .With("Services:credentials", _credentials.Urls.First())
            .With("ConnectionStrings:DomainTables", _database.ConnectionString)
            .With("Partners:OptimizelyApi", Optimizely.Address + "v2/")
            .With("Partners:OptimizelyCdn", Optimizely.Address)
            .With("Partners:OptimizelyOAuth", Optimizely.Address + "oauth2/token")
            .With("Partners:OptimizelyEvents", Optimizely.Address + "v1/events")
            .With("Partners:OptimizelyEventsEu", Optimizely.Address + "v1/events")
            .With("Partners:BrevoApi", Brevo.Address + "v3/")
            .With("Partners:RetryDelay", "00:00:00.05")
            .With("Partners:ProcessPoll", "00:00:00.2")
            .With("Partners:ResultsPoll", "00:00:00.2")
            .With("Partners:ResultsAge", "00:00:02")
            .With("Logging:LogLevel:Default", "Debug")
            .With("Logging:LogLevel:Microsoft", "Information");

    private WebApplicationFactory<Program> Start()
    {
        var settings = Settings();
        var app = new WebApplicationFactory<Program>().WithWebHostBuilder(builder =>
        {
            settings.Apply(builder);
            builder.ConfigureLogging(logging => logging.ClearProviders().AddProvider(_log));
        });
        return app;
    }

    private async Task<WebApplication> StartCredentialsAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapPost("/internal/credentials/{id}/secret", (string id) => Credentials.TryGetValue(id, out var secret)
            ? Microsoft.AspNetCore.Http.Results.Json(new { id, type = (string)secret["type"]!, version = (int?)secret["version"] ?? 1, fields = secret["fields"]!.AsObject().ToDictionary(field => field.Key, field => (string)field.Value!) })
            : Microsoft.AspNetCore.Http.Results.Problem(statusCode: 404, detail: $"There is no credential {id}."));
        await app.StartAsync();
        return app;
    }
}

internal static class Answers
{
    public static async Task<JsonObject> ReadAsync(this HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode < 500, text);
        return text.Length == 0 ? [] : JsonNode.Parse(text)!.AsObject();
    }
}
