using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using Platform.Testing;
using Platform.Testing.Processes;
using Platform.Testing.Servers;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using Xunit;

namespace Platform.EndToEnd.Tests.Security;

/// <summary>
/// Secrets of every type are planted through the gateway and used: stored, tried, changed, entered wrongly, asked for by link, used by a run that fails. Then everything that is kept or
/// sent anywhere is searched for them (C2).
/// </summary>
public sealed class SecretsStaySecret(RunningPlatform platform)
{
    private const string HostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOY5i9eejpcP4dhGOcQ0CeVGGtp6DwMMzbkCTpEKGQlE";

    private readonly ConcurrentQueue<string> _seen = new();
    private readonly ConcurrentQueue<string> _planted = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nowhere_but_in_the_vault()
    {
        using var admin = await platform.ClientAsync();

        // The key that everything is done with must not stay anywhere either; how it begins may be shown.
        _planted.Enqueue((await platform.ApiKeyAsync())[12..]);
        await using var broker = await new ConnectionFactory { Uri = new(platform.RabbitUri) }.CreateConnectionAsync(Cancelled);
        await using var tap = await broker.CreateChannelAsync(cancellationToken: Cancelled);
        var messages = await TapAsync(tap, "Platform.Contracts.Couriers:TestCredential", "Platform.Contracts.Credentials:CredentialRotated");

        var ids = await Task.WhenAll(Kinds().Select(kind => ExerciseAsync(admin, kind.Type, kind.Fields)));
        await AskAsync(admin);
        await FailARunAsync(admin);

        // The messages of the tests and rotations came by, so the tap does see what is sent.
        await Until.True(() => ids.All(id => messages.Count(message => message.Contains(id, StringComparison.Ordinal)) >= 2), TimeSpan.FromSeconds(60), Cancelled, "the messages of every credential came by");
        Assert.NotEmpty(_planted);
        Nowhere("an answer of the API", _seen);
        Nowhere("a message", messages);
        foreach (var service in (string[])[.. RunningPlatform.Services, "gateway"])
        {
            Nowhere($"the log of {service}", [platform.LogOf(service)]);
            await NowhereInAsync(service);
        }

        Assert.DoesNotContain(_planted, platform.Telemetry.HasAnywhere);
        Nowhere("a process's arguments or environment", ProcessTexts());
    }

    private IEnumerable<(string Type, JsonObject Fields)> Kinds() =>
    [
        ("iam-credential", new() { ["accessKey"] = "AKIACANARY", ["secretKey"] = Plant(), ["sessionToken"] = Plant(), ["region"] = S3Server.Region, ["endpoint"] = platform.S3.Endpoint }),
        ("sftp", new() { ["host"] = "127.0.0.1", ["port"] = "1", ["user"] = "canary", ["password"] = Plant(), ["hostKey"] = HostKey }),
        ("pgp", new() { ["privateKey"] = PlantedKey(), ["passphrase"] = Plant() }),
        ("smtp", new() { ["host"] = "127.0.0.1", ["port"] = "1", ["security"] = "starttls", ["user"] = "canary", ["password"] = Plant(), ["from"] = "canary@example.com" }),
        ("optimizely-export", new() { ["token"] = Plant(), ["accountId"] = "1" }),
        ("optimizely-token", new() { ["token"] = Plant() }),
        ("optimizely-oauth", new() { ["clientId"] = "canary", ["clientSecret"] = Plant(), ["refreshToken"] = Plant() }),
        ("optimizely-sdk-key", new() { ["sdkKey"] = Plant() }),
        ("brevo-api-key", new() { ["apiKey"] = Plant() }),
    ];

    private string Plant()
    {
        var secret = $"CANARY-{Guid.CreateVersion7():n}";
        _planted.Enqueue(secret);
        return secret;
    }

    // A key's own lines are what must not be found: a real one, of which the longest line is planted.
    private string PlantedKey()
    {
        var key = File.ReadAllText(Repository.PathOf("tests", "Platform.Credentials.Tests", "Kinds", "Keys", "pgp-private.asc"));
        _planted.Enqueue(key.Split('\n').MaxBy(line => line.Length)!);
        return key;
    }

    private async Task<string> ExerciseAsync(HttpClient admin, string type, JsonObject fields)
    {
        var name = $"canary {type} {Guid.CreateVersion7():n}";
        var body = new JsonObject { ["name"] = name, ["type"] = type, ["description"] = "planted", ["fields"] = fields };
        var created = await KeepAsync(await admin.PostAsJsonAsync("/api/credentials", body, Cancelled), HttpStatusCode.Created);
        var id = (string)JsonNode.Parse(created)!["id"]!;
        await KeepAsync(await admin.PostAsJsonAsync("/api/credentials", body, Cancelled), HttpStatusCode.Conflict);
        await KeepAsync(await admin.PutAsJsonAsync($"/api/credentials/{id}", body, Cancelled), HttpStatusCode.OK);
        var wrong = body.DeepClone();
        foreach (var (field, value) in fields)
        {
            wrong["fields"]![field] = $"{value}\u0001 ";
        }

        await KeepAsync(await admin.PostAsJsonAsync("/api/credentials", wrong, Cancelled), HttpStatusCode.BadRequest);
        await KeepAsync(await admin.PostAsync("/api/credentials", new StringContent(body.ToJsonString()[..^2], Encoding.UTF8, "application/json"), Cancelled), HttpStatusCode.BadRequest);
        await KeepAsync(await admin.PostAsync($"/api/credentials/{id}/test", null, Cancelled), HttpStatusCode.OK);
        await KeepAsync(await admin.GetAsync($"/api/credentials/{id}", Cancelled), HttpStatusCode.OK);
        await KeepAsync(await admin.GetAsync($"/api/credential-audit?credentialId={id}", Cancelled), HttpStatusCode.OK);
        return id;
    }

    private async Task AskAsync(HttpClient admin)
    {
        var asked = await admin.PostAsJsonAsync("/api/secret-requests", new { name = $"canary by link {Guid.CreateVersion7():n}", type = "brevo-api-key" }, Cancelled);
        var request = JsonNode.Parse(await asked.Content.ReadAsStringAsync(Cancelled))!;
        var link = (string)request["link"]!;
        _planted.Enqueue(link.Split('/')[^1]);

        // Whoever has the link has no key.
        using var stranger = new HttpClient { BaseAddress = platform.Gateway };
        stranger.DefaultRequestHeaders.Accept.ParseAdd("text/html");
        var secret = Plant();
        Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync(link, Cancelled)).StatusCode);
        await KeepAsync(await stranger.PostAsync(link, Form($"{secret} with spaces"), Cancelled), HttpStatusCode.BadRequest);
        await KeepAsync(await stranger.PostAsync(link, Form(secret), Cancelled), HttpStatusCode.OK);
        await KeepAsync(await stranger.PostAsync(link, Form(secret), Cancelled), HttpStatusCode.NotFound);
        await KeepAsync(await admin.GetAsync($"/api/secret-requests/{request["id"]}", Cancelled), HttpStatusCode.OK);
        await KeepAsync(await admin.GetAsync($"/api/credentials/{request["credentialId"]}", Cancelled), HttpStatusCode.OK);

        static FormUrlEncodedContent Form(string value) => new([KeyValuePair.Create("field.apiKey", value)]);
    }

    private async Task FailARunAsync(HttpClient admin)
    {
        using var user = await PlatformUser.OfAsync(platform);
        var courier = await user.CourierAsync(await user.CredentialAsync(secretKey: Plant()), "canary", ["events"]);
        var run = await user.RunAsync(courier, PlatformUser.Day("2026-03-01"));
        Assert.Equal("failed", (string)run["state"]!);
        await KeepAsync(await admin.GetAsync($"/api/courier-runs/{run["id"]}", Cancelled), HttpStatusCode.OK);
    }

    private async Task<string> KeepAsync(HttpResponseMessage answer, HttpStatusCode expected)
    {
        var text = await answer.Content.ReadAsStringAsync(Cancelled);
        Assert.True(expected == answer.StatusCode, $"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri!.AbsolutePath[..Math.Min(20, answer.RequestMessage.RequestUri.AbsolutePath.Length)]} answered {(int)answer.StatusCode} instead of {(int)expected}.");

        // The path of the link is the caller's own; everything else of the answer is searched.
        _seen.Enqueue($"{answer.Headers} {text}".Replace(answer.RequestMessage!.RequestUri!.AbsolutePath, "", StringComparison.Ordinal));
        answer.Dispose();
        return text;
    }

    // A secret may have been written as it is, or in the forms that bytes are written in.
    private SearchValues<string> Forms() => SearchValues.Create(
        [.. _planted.Select(secret => (Text: secret, Bytes: Encoding.UTF8.GetBytes(secret))).SelectMany(secret => (string[])[secret.Text, Convert.ToHexStringLower(secret.Bytes), Convert.ToBase64String(secret.Bytes)[..^4]])],
        StringComparison.Ordinal);

    private void Nowhere(string where, IEnumerable<string> texts)
    {
        var forms = Forms();
        Assert.All(texts, text => Assert.False(text.AsSpan().ContainsAny(forms), $"A planted secret is in {where}."));
    }

    // Row by row: other tests leave tables of any size.
    private async Task NowhereInAsync(string service)
    {
        var forms = Forms();
        await using var database = NpgsqlDataSource.Create(platform.DatabaseOf(service));
        await using var connection = await database.OpenConnectionAsync(Cancelled);
        foreach (var table in await TablesAsync(connection))
        {
            using var rows = await connection.BeginTextExportAsync($"copy {table} to stdout", Cancelled);
            while (await rows.ReadLineAsync(Cancelled) is { } row)
            {
                Assert.False(row.AsSpan().ContainsAny(forms), $"A planted secret is in {table} of {service}.");
            }
        }
    }

    private static async Task<List<string>> TablesAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(
            "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')",
            connection);
        await using var reader = await command.ExecuteReaderAsync(Cancelled);
        var tables = new List<string>();
        while (await reader.ReadAsync(Cancelled))
        {
            tables.Add(reader.GetString(0));
        }

        Assert.NotEmpty(tables);
        return tables;
    }

    private static async Task<ConcurrentQueue<string>> TapAsync(IChannel channel, params string[] exchanges)
    {
        var messages = new ConcurrentQueue<string>();
        var queue = (await channel.QueueDeclareAsync(cancellationToken: Cancelled)).QueueName;
        foreach (var exchange in exchanges)
        {
            await channel.ExchangeDeclareAsync(exchange, ExchangeType.Fanout, durable: true, cancellationToken: Cancelled);
            await channel.QueueBindAsync(queue, exchange, "", cancellationToken: Cancelled);
        }

        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivered) =>
        {
            messages.Enqueue(Encoding.UTF8.GetString(delivered.Body.Span));
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(queue, autoAck: true, consumer, Cancelled);
        return messages;
    }

    private static IEnumerable<string> ProcessTexts()
    {
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(folder => Path.GetFileName(folder).All(char.IsAsciiDigit)))
        {
            foreach (var file in (string[])["cmdline", "environ"])
            {
                string text;
                try
                {
                    text = File.ReadAllText(Path.Combine(process, file));
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    // The process has ended, or is somebody else's.
                    continue;
                }

                yield return text;
            }
        }
    }
}
