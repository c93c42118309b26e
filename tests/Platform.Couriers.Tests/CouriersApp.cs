using System.Net;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using Amazon.S3.Model;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Couriers.Persistence;
using Platform.Couriers.Tests;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Platform.Testing.Servers;
using Xunit;

[assembly: AssemblyFixture(typeof(CouriersApp))]

namespace Platform.Couriers.Tests;

/// <summary>The real service on a real database, broker and S3 server, spoken to in the language of the feature. Each test uses a bucket and couriers of its own.</summary>
public sealed class CouriersApp : IAsyncLifetime
{
    public const string Day = "2020-09-14";
    public const string Account = "v1/account_id=596780373";

    private readonly PostgresServer _postgres = new();
    private readonly RabbitServer _rabbit = new();
    private readonly TestKeys _keys = new();
    private readonly TemporaryFolder _landing = new();
    private readonly TemporaryFolder _scratch = new();
    private PostgresDatabase _database = null!;
    private WebApplicationFactory<Program> _app = null!;
    private int _number;

    public S3Server S3 { get; } = new();

    internal SisterServices Sisters { get; private set; } = null!;

    internal FeedsOnTheBus Feeds { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    public NpgsqlDataSource Database { get; private set; } = null!;

    public IServiceProvider Services => _app.Services;

    public string LandingRoot => _landing.Path;

    /// <summary>Settings with which another instance of the service can be started beside this one.</summary>
    public ServiceSettings Settings { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await Task.WhenAll(_postgres.InitializeAsync().AsTask(), _rabbit.InitializeAsync().AsTask(), S3.InitializeAsync().AsTask());
        _database = await _postgres.CreateDatabaseAsync();
        Database = NpgsqlDataSource.Create(_database.ConnectionString);
        Sisters = await SisterServices.StartAsync();
        Settings = ServiceSettings.Of("couriers", _database.ConnectionString, _rabbit.Uri, _keys)
            .With("Landing:Root", _landing.Path)
            .With("Scratch:Root", _scratch.Path)
            .With("Services:credentials", Sisters.Address)
            .With("Services:feeds", Sisters.Address)
            .With("Partners:OptimizelyApi", $"{Sisters.Address}/v2/")
            .With("Runs:StallAfter", "00:00:02")
            .With("Runs:LateFilePoll", "00:00:00.200")
            .With("Logging:LogLevel:Default", "Warning");
        await using (var context = new CouriersDbContext(new DbContextOptionsBuilder<CouriersDbContext>().UseNpgsql(Database).Options))
        {
            await context.Database.MigrateAsync();
        }

        _app = new WebApplicationFactory<Program>().WithWebHostBuilder(Settings.Apply);
        Client = As(Roles.Admin);
        Feeds = await FeedsOnTheBus.StartAsync(_rabbit.Uri);
        Sisters.Credentials["cred-good"] = Credential(S3.SecretKey);
        await Until.True(async () => (await Client.GetAsync("/health/ready")).IsSuccessStatusCode);
    }

    public async ValueTask DisposeAsync()
    {
        await Feeds.DisposeAsync();
        await _app.DisposeAsync();
        await Sisters.DisposeAsync();
        await Database.DisposeAsync();
        await _database.DisposeAsync();
        await S3.DisposeAsync();
        await _rabbit.DisposeAsync();
        _landing.Dispose();
        _scratch.Dispose();
        _keys.Dispose();
    }

    public HttpClient As(string role) => _app.CreateDefaultClient(_keys.AsPerson("couriers", role));

    public HttpClient AsService(string service) => _app.CreateDefaultClient(_keys.AsService(service, "couriers"));

    public JsonObject Credential(string secretKey, int version = 1, string? accessKey = null, string? endpoint = null) => new()
    {
        ["id"] = "cred-test",
        ["type"] = "iam-credential",
        ["version"] = version,
        ["fields"] = new JsonObject { ["accessKey"] = accessKey ?? S3.AccessKey, ["secretKey"] = secretKey, ["region"] = S3Server.Region, ["endpoint"] = endpoint ?? S3.Endpoint },
    };

    public Task<string> NewBucketAsync() => S3.CreateBucketAsync();

    public Task PutAsync(string bucket, string key, string content) =>
        S3.Client.PutObjectAsync(new PutObjectRequest { BucketName = bucket, Key = key, InputStream = new MemoryStream(Encoding.UTF8.GetBytes(content)), UseChunkEncoding = false });

    /// <summary>A complete day of events and decisions, as Optimizely lays it out.</summary>
    public async Task PutDayAsync(string bucket, string day = Day)
    {
        await PutAsync(bucket, $"{Account}/type=decisions/date={day}/experiment=1/part-0.parquet", "decision one");
        await PutAsync(bucket, $"{Account}/type=decisions/date={day}/experiment=2/part-0.parquet", "decision two");
        await PutAsync(bucket, $"{Account}/type=decisions/date={day}/_SUCCESS", "");
        await PutAsync(bucket, $"{Account}/type=events/date={day}/event=add_to_cart/part-0.parquet", "event one");
        await PutAsync(bucket, $"{Account}/type=events/date={day}/_SUCCESS", "");
    }

    /// <summary>The body of a courier for Optimizely's events.</summary>
    public JsonObject NewOptimizelyCourier(string bucket, JsonNode? loadOperations = null, string credentialId = "cred-good") => new()
    {
        ["name"] = $"Courier {Interlocked.Increment(ref _number)}",
        ["sourceType"] = "optimizely-events",
        ["credentialId"] = credentialId,
        ["settings"] = new JsonObject { ["bucket"] = bucket, ["accountId"] = "596780373" },
        ["loadOperations"] = loadOperations ?? new JsonObject(),
    };

    /// <summary>The body of a courier for CSV files by a pattern.</summary>
    public JsonObject NewS3Courier(string bucket, string pattern, bool optional = false) => new()
    {
        ["name"] = $"Courier {Interlocked.Increment(ref _number)}",
        ["sourceType"] = "amazon-s3",
        ["credentialId"] = "cred-good",
        ["settings"] = new JsonObject { ["bucket"] = bucket },
        ["entities"] = new JsonArray(new JsonObject
        {
            ["object/type"] = "file",
            ["object/file-pattern"] = pattern,
            ["object/optional"] = optional,
            ["object/land-as"] = new JsonObject { ["file/tag"] = "rows", ["file/content-type"] = "text/csv" },
        }),
        ["loadOperations"] = new JsonObject(),
    };

    /// <summary>The body of a courier of any source type; each entity is a pattern, a tag and a content type.</summary>
    public JsonObject NewCourier(string sourceType, string credentialId, JsonObject settings, params (string Pattern, string Tag, string ContentType)[] entities) => new()
    {
        ["name"] = $"Courier {Interlocked.Increment(ref _number)}",
        ["sourceType"] = sourceType,
        ["credentialId"] = credentialId,
        ["settings"] = settings,
        ["entities"] = new JsonArray([.. entities.Select(entity => new JsonObject
        {
            ["object/type"] = "file",
            ["object/file-pattern"] = entity.Pattern,
            ["object/land-as"] = new JsonObject { ["file/tag"] = entity.Tag, ["file/content-type"] = entity.ContentType },
        })]),
        ["loadOperations"] = new JsonObject(),
    };

    public Task<JsonObject> GetAsync(string path, HttpStatusCode expected = HttpStatusCode.OK) => Client.GetAsync(path).ReadAsync(expected);

    public Task<JsonObject> PostAsync(string path, JsonNode? body, HttpStatusCode expected) => Client.PostAsJsonAsync(path, body).ReadAsync(expected);

    public Task<JsonObject> PutAsync(string path, JsonNode body, HttpStatusCode expected = HttpStatusCode.OK) => Client.PutAsJsonAsync(path, body).ReadAsync(expected);

    /// <summary>A call of the feeds service on the internal channel.</summary>
    public Task<JsonObject> GetAsServiceAsync(string path, HttpStatusCode expected = HttpStatusCode.OK) => AsService("feeds").GetAsync(path).ReadAsync(expected);

    /// <summary>Waits until it is so.</summary>
    public static Task Eventually(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        Until.True(condition, null, TestContext.Current.CancellationToken, what);

    /// <summary>The file in the landing store, as text.</summary>
    public async Task<string> ReadLandedAsync(JsonNode? fileId) =>
        await File.ReadAllTextAsync(Path.Combine(LandingRoot, (string)(await GetAsync($"/api/landed-files/{fileId}"))["location"]!));

    /// <summary>Creates a courier and returns its id.</summary>
    public async Task<string> CreateAsync(JsonObject courier) => (string)(await Client.PostAsJsonAsync("/api/couriers", courier).ReadAsync(HttpStatusCode.Created))["id"]!;

    /// <summary>Asks for a run and returns its id.</summary>
    public async Task<string> StartAsync(string courierId, object? run = null) =>
        (string)(await Client.PostAsJsonAsync($"/api/couriers/{courierId}/runs", run ?? new { mode = "day", date = Day }).ReadAsync(HttpStatusCode.Accepted))["id"]!;

    public Task<JsonObject> GetRunAsync(string id) => GetAsync($"/api/courier-runs/{id}");

    public Task<JsonObject> WaitAsync(string runId, string state = "succeeded") =>
        Until.Is(() => GetRunAsync(runId), run => (string)run["state"]! is "succeeded" or "failed" or "cancelled").ContinueWith(
            ended =>
            {
                Assert.True((string)ended.Result["state"]! == state, $"Expected {state}: {ended.Result}");
                return ended.Result;
            },
            TaskScheduler.Default);

    /// <summary>Runs and waits for the end.</summary>
    public async Task<JsonObject> RunAsync(string courierId, object? run = null, string state = "succeeded") => await WaitAsync(await StartAsync(courierId, run), state);

    public async Task<IReadOnlyList<JsonObject>> FilesOfAsync(string runId) =>
        [.. (await GetAsync($"/api/courier-runs/{runId}/files?limit=200"))["items"]!.AsArray().Select(file => file!.AsObject())];
}

internal static class Answers
{
    /// <summary>The JSON of an answer that must have this status.</summary>
    public static async Task<JsonObject> ReadAsync(this Task<HttpResponseMessage> call, HttpStatusCode expected)
    {
        using var answer = await call;
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == expected, $"Expected {expected}, was {answer.StatusCode}: {text}");
        return text.Length == 0 ? [] : JsonNode.Parse(text)!.AsObject();
    }
}
