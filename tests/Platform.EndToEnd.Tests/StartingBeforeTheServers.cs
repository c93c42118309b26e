using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Npgsql;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Platform.Testing.Processes;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.EndToEnd.Tests;

/// <summary>Services that start before their database and broker are there wait for them, and say so.</summary>
public sealed class StartingBeforeTheServers
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_service_lives_without_its_database_and_works_when_it_comes()
    {
        await using var postgres = new PostgresServer();
        await postgres.InitializeAsync();
        using var keys = new TestKeys();
        using var folder = new TemporaryFolder();
        var masterKeys = Directory.CreateDirectory(folder.PathOf("master-keys")).FullName;
        await WriteMasterKeyAsync(masterKeys);

        await Task.WhenAll(RunningPlatform.Services.Zip(FreePorts.Take(RunningPlatform.Services.Count)).Select(service => TryAsync(service.First, service.Second, postgres, keys, folder, masterKeys)));
    }

    private static async Task TryAsync(string name, int port, PostgresServer postgres, TestKeys keys, TemporaryFolder folder, string masterKeys)
    {
        await using var database = await postgres.CreateDatabaseAsync(name.Replace('-', '_'));
        var settings = ServiceSettings.Of(name, database.ConnectionString, "amqp://127.0.0.1:1/", keys)
            .With("MasterKeys:Folder", masterKeys)
            .With("Landing:Root", Directory.CreateDirectory(folder.PathOf(name, "landing")).FullName)
            .With("Scratch:Root", Directory.CreateDirectory(folder.PathOf(name, "scratch")).FullName)
            .With("ConnectionStrings:DomainTables", database.ConnectionString);
        foreach (var other in RunningPlatform.Services)
        {
            settings.With($"Services:{other}", "http://127.0.0.1:1");
        }

        using var process = new ServiceProcess(name, RunningPlatform.AssemblyOf(name), settings, $"http://127.0.0.1:{port}", folder.PathOf($"{name}.log"));
        await process.RunAsync("migrate");
        using var client = new HttpClient { BaseAddress = new(process.Url) };
        await StartBeforeAsync(process, client, postgres, database.Name);
        Assert.True(process.Id is not null, $"{name} has ended: {process.Log()}");
        if (name != "credentials")
        {
            return;
        }

        using (var created = await CreateAsync(client, keys, "after the database"))
        {
            Assert.True(created.StatusCode == HttpStatusCode.Created, await created.Content.ReadAsStringAsync(Cancelled));
        }

        // Another key in the place of the one that secrets are wrapped by: what the start could not see, the first call does.
        await process.StopAsync();
        await WriteMasterKeyAsync(masterKeys);
        await StartBeforeAsync(process, client, postgres, database.Name);
        using var refused = await CreateAsync(client, keys, "with the wrong key");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Contains("master-keys-unusable", await refused.Content.ReadAsStringAsync(Cancelled));
        await Until.True(() => process.Id is null, cancellationToken: Cancelled);
        Assert.Contains("generation 1 is not the key it was", process.Log());
    }

    private static async Task StartBeforeAsync(ServiceProcess process, HttpClient client, PostgresServer postgres, string database)
    {
        await RenameAsync(postgres, database, $"{database}_away");
        await Assert.ThrowsAsync<InvalidOperationException>(() => process.StartAsync(TimeSpan.Zero));
        await Until.True(async () => await StateAsync(client) == "unhealthy", TimeSpan.FromMinutes(3), Cancelled, $"{database}'s service answers that its database is away");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/live", Cancelled)).StatusCode);
        await RenameAsync(postgres, $"{database}_away", database);
        await Until.True(async () => await StateAsync(client) == "healthy", TimeSpan.FromMinutes(3), Cancelled, $"{database}'s service has its database");
    }

    private static async Task<HttpResponseMessage> CreateAsync(HttpClient client, TestKeys keys, string name)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/credentials") { Content = JsonContent.Create(new { name, type = "brevo-api-key", fields = new { apiKey = "xkeysib-1" } }) };
        request.Headers.Add(InternalAuthentication.HeaderName, keys.TokenOfPerson("credentials"));
        return await client.SendAsync(request, Cancelled);
    }

    private static Task WriteMasterKeyAsync(string folder) => File.WriteAllTextAsync(Path.Combine(folder, "1.key"), Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), Cancelled);

    // What the health check of the database says; null while nothing answers.
    private static async Task<string?> StateAsync(HttpClient client)
    {
        try
        {
            using var answer = await client.GetAsync("/health/ready", Cancelled);
            return (string?)(await answer.Content.ReadFromJsonAsync<JsonNode>(Cancelled))?["checks"]?["database"]?["status"];
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static async Task RenameAsync(PostgresServer postgres, string from, string to)
    {
        await using var admin = NpgsqlDataSource.Create(postgres.AdminConnectionString);
        await using var rename = admin.CreateCommand($"alter database \"{from}\" rename to \"{to}\"");
        await rename.ExecuteNonQueryAsync(Cancelled);
    }
}
