using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using Platform.Testing;
using Platform.Testing.Processes;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.EndToEnd.Tests;

/// <summary>What a data engineer does with the platform, in that person's words; every call goes through the gateway.</summary>
public sealed class PlatformUser : IDisposable
{
    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(3);
    private readonly HttpClient _http;
    private readonly RunningPlatform _platform;
    private int _names;

    private PlatformUser(RunningPlatform platform, HttpClient http)
    {
        _platform = platform;
        _http = http;
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>A name nobody else in this test run uses.</summary>
    public string Unique(string name) => $"{name} {Guid.CreateVersion7():n}{_names++}"[..Math.Min(40, name.Length + 34)];

    public static async Task<PlatformUser> OfAsync(RunningPlatform platform) => new(platform, await platform.ClientAsync());

    public async Task<JsonNode> GetAsync(string path) => await ReadAsync(await _http.GetAsync(path, Cancelled));

    public async Task<JsonNode> PostAsync(string path, JsonNode? body = null) => await ReadAsync(await _http.PostAsJsonAsync(path, body ?? new JsonObject(), Cancelled));

    public async Task<JsonNode> PutAsync(string path, JsonNode body) => await ReadAsync(await _http.PutAsJsonAsync(path, body, Cancelled));

    /// <summary>The server-sent events of an address to their end, each as its type and data.</summary>
    public async Task<IReadOnlyList<(string Type, JsonNode Data)>> EventsAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var events = new List<(string, JsonNode)>();
        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync(Cancelled)).EnumerateAsync(Cancelled))
        {
            events.Add((item.EventType, JsonNode.Parse(item.Data)!));
        }

        return events;
    }

    public async Task DeleteAsync(string path) => await ReadAsync(await _http.DeleteAsync(path, Cancelled));

    /// <summary>The problem details of a call that must be refused with this status.</summary>
    public async Task<JsonNode> RefusedAsync(HttpStatusCode status, HttpMethod method, string path, HttpContent? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        using var response = await _http.SendAsync(request, Cancelled);
        var text = await response.Content.ReadAsStringAsync(Cancelled);
        Assert.True(status == response.StatusCode, $"{method} {path}: {(int)response.StatusCode} instead of {(int)status}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        return JsonNode.Parse(text)!;
    }

    public async Task<string> CredentialAsync(string? accessKey = null, string? secretKey = null)
    {
        var credential = await PostAsync("/api/credentials", new JsonObject
        {
            ["name"] = Unique("bucket"),
            ["type"] = "iam-credential",
            ["fields"] = new JsonObject
            {
                ["accessKey"] = accessKey ?? _platform.S3.AccessKey,
                ["secretKey"] = secretKey ?? _platform.S3.SecretKey,
                ["region"] = S3Server.Region,
                ["endpoint"] = _platform.S3.Endpoint,
            },
        });
        return (string)credential["id"]!;
    }

    /// <summary>A courier for one account's events or decisions, or both.</summary>
    public async Task<string> CourierAsync(string credential, string account, string[] types, JsonObject? loadOperations = null, string? bucket = null)
    {
        var courier = await PostAsync("/api/couriers", new JsonObject
        {
            ["name"] = Unique("courier"),
            ["sourceType"] = "optimizely-events",
            ["credentialId"] = credential,
            ["settings"] = new JsonObject
            {
                ["bucket"] = bucket ?? _platform.S3.Bucket,
                ["accountId"] = account,
                ["types"] = new JsonArray([.. types.Select(type => (JsonNode)type)]),
            },
            ["entities"] = new JsonArray(),
            ["loadOperations"] = loadOperations ?? [],
        });
        return (string)courier["id"]!;
    }

    public async Task LoadIntoAsync(string courier, params (string Tag, string Feed)[] operations)
    {
        var edited = await GetAsync($"/api/couriers/{courier}");
        edited["loadOperations"] = new JsonObject(operations.Select(operation => KeyValuePair.Create<string, JsonNode?>(
            operation.Feed, new JsonArray(new JsonObject { ["type"] = "load", ["file"] = operation.Tag }))));
        await PutAsync($"/api/couriers/{courier}", edited);
    }

    /// <summary>A feed made from the newest landed file of this courier and tag, keyed by uuid, and activated; its id and domain table.</summary>
    public async Task<(string Id, string Table)> FeedAsync(string courier, string tag)
    {
        var landed = await GetAsync($"/api/landed-files?courierId={courier}&tag={tag}&limit=1");
        var feed = await PostAsync("/api/feeds", new JsonObject
        {
            ["source"] = "Optimizely",
            ["name"] = Unique(tag),
            ["sampleFileId"] = (string)landed["items"]![0]!["fileId"]!,
            ["primaryKey"] = new JsonArray("uuid"),
            ["lastUpdatedField"] = "process_timestamp",
        });
        await PostAsync($"/api/feeds/{feed["id"]}/activate");
        return ((string)feed["id"]!, (string)feed["domainTable"]!);
    }

    public async Task<string> StartAsync(string courier, JsonObject request) => (string)(await PostAsync($"/api/couriers/{courier}/runs", request))["id"]!;

    /// <summary>Starts a run and waits for its end, good or bad.</summary>
    public async Task<JsonNode> RunAsync(string courier, JsonObject request) => await EndOfAsync(await StartAsync(courier, request));

    public async Task<JsonNode> EndOfAsync(string run) => await Until.Is(
        () => GetAsync($"/api/courier-runs/{run}"), found => (string)found["state"]! is "succeeded" or "failed" or "cancelled", LongestRun, Cancelled);

    public static JsonObject Day(string date) => new() { ["mode"] = "day", ["date"] = date };

    public static JsonObject All => new() { ["mode"] = "all" };

    public void Dispose() => _http.Dispose();

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync(Cancelled);
            Assert.True(response.IsSuccessStatusCode, $"{response.RequestMessage!.Method} {response.RequestMessage.RequestUri}: {(int)response.StatusCode} {text}");
            return JsonNode.Parse(text.Length == 0 ? "{}" : text)!;
        }
    }
}
