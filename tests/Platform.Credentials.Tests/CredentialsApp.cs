using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Credentials.Persistence;
using Platform.Credentials.Tests;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Platform.Testing.Servers;
using Xunit;

[assembly: AssemblyFixture(typeof(CredentialsApp))]

namespace Platform.Credentials.Tests;

/// <summary>The real service on a real database and broker, spoken to in the language of the feature.</summary>
public sealed class CredentialsApp : IAsyncLifetime
{
    private readonly PostgresServer _postgres = new();
    private readonly RabbitServer _rabbit = new();
    private readonly CredentialsApp? _origin;
    private readonly TestKeys _keys;
    private readonly TemporaryFolder _masterKeys;
    private readonly LogLines _log = new();
    private PostgresDatabase _database = null!;
    private WebApplicationFactory<Program> _app = null!;

    public CredentialsApp()
    {
        _keys = new();
        _masterKeys = new();
    }

    // Another process of the same service: what it shares belongs to the first.
    private CredentialsApp(CredentialsApp origin) => (_origin, _keys, _masterKeys, _database) = (origin, origin._keys, origin._masterKeys, origin._database);

    /// <summary>Setting <c>MasterKeys:Folder</c>.</summary>
    public string MasterKeysFolder => _masterKeys.Path;

    public string RabbitUri => _rabbit.Uri;

    /// <summary>Everything the service logged so far.</summary>
    public IReadOnlyList<string> Log => _log.Lines;

    public IServiceProvider Services => _app.Services;

    public async ValueTask InitializeAsync()
    {
        await _postgres.InitializeAsync();
        await _rabbit.InitializeAsync();
        _database = await _postgres.CreateDatabaseAsync();
        await WriteMasterKeyAsync(_masterKeys.Path, 1);
        Start();
        await using var scope = _app.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<CredentialsDbContext>().Database.MigrateAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        if (_origin is null)
        {
            await _database.DisposeAsync();
            _masterKeys.Dispose();
            _keys.Dispose();
        }

        await _rabbit.DisposeAsync();
        await _postgres.DisposeAsync();
    }

    /// <summary>The service once more, with a database and master keys of its own.</summary>
    public async Task<CredentialsApp> AnotherAsync()
    {
        var another = new CredentialsApp();
        await another.InitializeAsync();
        return another;
    }

    /// <summary>A second process of this service, on the same database and master keys. Throws what its start throws.</summary>
    public async Task<CredentialsApp> RestartedAsync()
    {
        var restarted = new CredentialsApp(this);
        await restarted._rabbit.InitializeAsync();
        try
        {
            restarted.Start();
        }
        catch
        {
            await restarted.DisposeAsync();
            throw;
        }

        return restarted;
    }

    /// <summary>What an operator does after a loss: the database from its dump, the master keys from their copy, a new process.</summary>
    public async Task<CredentialsApp> RestoredElsewhereAsync()
    {
        var restored = new CredentialsApp();
        await restored._postgres.InitializeAsync();
        await restored._rabbit.InitializeAsync();
        restored._database = await restored._postgres.CreateDatabaseAsync();
        await PostgresDump.CopyAsync(_database.ConnectionString, restored._database.ConnectionString);
        foreach (var key in Directory.EnumerateFiles(MasterKeysFolder))
        {
            File.Copy(key, restored._masterKeys.PathOf(Path.GetFileName(key)));
        }

        restored.Start();
        return restored;
    }

    private void Start()
    {
        var settings = ServiceSettings.Of("credentials", _database.ConnectionString, _rabbit.Uri, _keys)
            .With("MasterKeys:Folder", _masterKeys.Path)
            .With("Aws:Principal", "arn:aws:iam::111122223333:role/courier-platform")
            .With("Logging:LogLevel:Default", "Trace")
            .With("Logging:LogLevel:Microsoft", "Trace");
        _app = new WebApplicationFactory<Program>().WithWebHostBuilder(builder =>
        {
            settings.Apply(builder);
            builder.ConfigureLogging(logging => logging.ClearProviders().AddProvider(_log));
        });

        // The first use starts it.
        _ = _app.Server;
    }

    /// <summary>A client whose calls the gateway forwards for a person with this role.</summary>
    public HttpClient As(string role) => _app.CreateDefaultClient(_keys.AsPerson("credentials", role));

    /// <summary>A client of a sister service.</summary>
    public HttpClient AsService(string service) => _app.CreateDefaultClient(_keys.AsService(service, "credentials"));

    /// <summary>Somebody without a key whose calls the gateway forwards, from an address of his own.</summary>
    public HttpClient Stranger(string? address = null)
    {
        var client = _app.CreateDefaultClient(_keys.AsPerson("credentials", Roles.Anonymous, Roles.Anonymous));
        client.DefaultRequestHeaders.Add("X-Forwarded-For", address ?? RandomNumberGenerator.GetHexString(16));
        return client;
    }

    public HttpClient Anonymous() => _app.CreateDefaultClient();

    /// <summary>A valid body for a new credential.</summary>
    public static JsonObject NewCredential(string name, string secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY") => new()
    {
        ["name"] = name,
        ["type"] = "iam-credential",
        ["fields"] = new JsonObject { ["accessKey"] = "AKIAIOSFODNN7EXAMPLE", ["secretKey"] = secretKey, ["region"] = "eu-west-1" },
    };

    /// <summary>Creates a credential and returns its id.</summary>
    public async Task<string> CreateAsync(string name, string secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    {
        var answer = await As(Roles.Admin).PostAsJsonAsync("/api/credentials", NewCredential(name, secretKey));
        Assert.Equal(System.Net.HttpStatusCode.Created, answer.StatusCode);
        return (string)(await answer.ReadJsonAsync())["id"]!;
    }

    /// <summary>The fields as a sister service fetches them.</summary>
    public async Task<JsonObject> FetchSecretAsync(string id, string service = "couriers", string purpose = "a test") =>
        await (await AsService(service).PostAsJsonAsync($"/internal/credentials/{id}/secret", new { purpose })).ReadJsonAsync();

    /// <summary>Every row of every table, as text.</summary>
    public async Task<string> DumpDatabaseAsync()
    {
        await using var database = NpgsqlDataSource.Create(_database.ConnectionString);
        await using var command = database.CreateCommand(
            "select coalesce(string_agg(query_to_xml(format('select * from %I', table_name), true, false, '')::text, ''), '') from information_schema.tables where table_schema = 'public'");
        return (string)(await command.ExecuteScalarAsync())!;
    }

    public async Task<T> QueryAsync<T>(FormattableString sql)
    {
        await using var scope = _app.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<CredentialsDbContext>().Database.SqlQuery<T>(sql).SingleAsync();
    }

    public async Task ExecuteAsync(FormattableString sql)
    {
        await using var scope = _app.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<CredentialsDbContext>().Database.ExecuteSqlAsync(sql);
    }

    public static Task WriteMasterKeyAsync(string folder, int generation) =>
        File.WriteAllTextAsync(Path.Combine(folder, $"{generation}.key"), Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) + "\n");
}

internal static class Answers
{
    public static async Task<JsonObject> ReadJsonAsync(this HttpResponseMessage answer) => JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsObject();
}
