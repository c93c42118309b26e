using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Platform.Gateway.Persistence;
using Platform.Gateway.Tests;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Platform.Testing.Servers;
using Xunit;

[assembly: AssemblyFixture(typeof(GatewayApp))]

namespace Platform.Gateway.Tests;

/// <summary>The real gateway on a real database, with one service behind it that records what reaches it; the other services are absent.</summary>
public sealed class GatewayApp : IAsyncLifetime
{
    private readonly PostgresServer _postgres = new();
    private readonly TestKeys _keys = new();
    private readonly Dictionary<string, string> _roleKeys = [];
    private PostgresDatabase _database = null!;
    private WebApplicationFactory<Program> _app = null!;

    /// <summary>Stands for the credentials service.</summary>
    internal RecordingService Credentials { get; private set; } = null!;

    public string ConnectionString => _database.ConnectionString;

    public async ValueTask InitializeAsync()
    {
        await _postgres.InitializeAsync();
        _database = await _postgres.CreateDatabaseAsync();
        Credentials = await RecordingService.StartAsync("credentials", _keys);
        _app = With([]);
        _app.UseKestrel(0);
        _app.StartServer();
        await using (var scope = _app.Services.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<GatewayDbContext>().Database.MigrateAsync();
        }

        foreach (var role in Roles.OfPeople)
        {
            var (exit, output, _) = await RunAsync("create-key", $"the {role}", role);
            Assert.Equal(0, exit);
            _roleKeys[role] = output.Trim();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await Credentials.DisposeAsync();
        await _database.DisposeAsync();
        await _postgres.DisposeAsync();
        _keys.Dispose();
    }

    /// <summary>Another gateway on the same database, with other settings.</summary>
    public WebApplicationFactory<Program> With(Dictionary<string, string> changes) => new WebApplicationFactory<Program>().WithWebHostBuilder(builder =>
    {
        // Otherwise it would be the framework's default port, which only one program of a machine can have.
        builder.UseSetting("urls", "http://127.0.0.1:0");
        foreach (var (name, value) in Settings().Concat(changes))
        {
            builder.UseSetting(name, value);
        }
    });

    /// <summary>What it is made of.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Where it listens: a real port, so that paths arrive as they are sent.</summary>
    public Uri Address => _app.ClientOptions.BaseAddress;

    public HttpClient Anonymous() => new(new HttpClientHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = Address };

    /// <summary>A client with a valid key of this role.</summary>
    public HttpClient As(string role) => WithKey(_roleKeys[role]);

    public HttpClient WithKey(string key)
    {
        var client = Anonymous();
        client.DefaultRequestHeaders.Add("X-Api-Key", key);
        return client;
    }

    public string KeyOf(string role) => _roleKeys[role];

    /// <summary>Makes a key through the API.</summary>
    public async Task<(string Id, string Key)> CreateKeyAsync(string name, string role, DateTimeOffset? expiresAt = null, IEnumerable<string>? scopes = null)
    {
        var answer = await As(Roles.Admin).PostAsJsonAsync("/api/access/keys", new { name, role, expiresAt, scopes });
        Assert.Equal(System.Net.HttpStatusCode.Created, answer.StatusCode);
        var created = await answer.ReadJsonAsync();
        return ((string)created["properties"]!["id"]!, (string)created["key"]!);
    }

    public async Task<T> QueryAsync<T>(string sql)
    {
        await using var database = NpgsqlDataSource.Create(ConnectionString);
        await using var command = database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Runs the gateway's program with arguments, as the deployment does, to its end.</summary>
    public async Task<(int Exit, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(StartInfo([], arguments))!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }

    /// <summary>The gateway as a process of its own, with further environment variables.</summary>
    public ProcessStartInfo StartInfo(Dictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = arguments.Length > 0, RedirectStandardError = arguments.Length > 0 };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "Platform.Gateway.dll"), .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in Settings().Concat(environment))
        {
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        return start;
    }

    private IEnumerable<KeyValuePair<string, string>> Settings() => ServiceSettings.Of("gateway", ConnectionString, "amqp://127.0.0.1:1/", _keys)
        .With("Services:credentials", Credentials.Address).Values;
}

internal static class Answers
{
    public static async Task<JsonObject> ReadJsonAsync(this HttpResponseMessage answer) => JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsObject();
}
