using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Platform.Couriers.Tests;

/// <summary>Stands in for the credentials and feeds services on their internal channel: real HTTP, contents set by the test.</summary>
internal sealed class SisterServices : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SisterServices(WebApplication app) => _app = app;

    /// <summary>Credentials by id: type, version and fields.</summary>
    public ConcurrentDictionary<string, JsonObject> Credentials { get; } = new();

    /// <summary>Feeds by id: true when active.</summary>
    public ConcurrentDictionary<string, bool> Feeds { get; } = new();

    /// <summary>Streams by domain table, as the feeds service describes them to import jobs.</summary>
    public ConcurrentDictionary<string, JsonObject> Streams { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>How often a secret was fetched, by credential.</summary>
    public ConcurrentDictionary<string, int> Fetched { get; } = new();

    /// <summary>Plays Optimizely's <c>GET /v2/export/credentials</c>, by personal token: each call asks for keys anew.</summary>
    public ConcurrentDictionary<string, Func<Task<JsonObject>>> Exports { get; } = new();

    /// <summary>While set, every call is answered with this status.</summary>
    public int? Broken { get; set; }

    public string Address => _app.Urls.Single();

    public static async Task<SisterServices> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var sisters = new SisterServices(app);
        app.Use((context, next) =>
        {
            if (sisters.Broken is { } status)
            {
                context.Response.StatusCode = status;
                return Task.CompletedTask;
            }

            return next(context);
        });
        app.MapPost("/internal/credentials/{id}/secret", (string id) =>
        {
            sisters.Fetched.AddOrUpdate(id, 1, (_, count) => count + 1);
            return sisters.Credentials.TryGetValue(id, out var credential) ? Results.Json(credential) : Results.Problem(statusCode: 404, detail: $"There is no credential '{id}'.");
        });
        app.MapPost("/internal/feeds/resolve", (JsonObject request) =>
        {
            var ids = request["ids"]!.AsArray().Select(id => (string)id!).ToArray();
            return Results.Json(new
            {
                feeds = ids.Where(sisters.Feeds.ContainsKey).Select(id => new { id, name = id, source = "Test", domainTable = $"Test:{id}", active = sisters.Feeds[id] }),
                missing = ids.Where(id => !sisters.Feeds.ContainsKey(id)),
            });
        });
        app.MapPost("/internal/feeds/streams/find", (JsonObject request) => Results.Json(new
        {
            feed = sisters.Streams.Values.FirstOrDefault(stream => (string?)stream["id"] == (string?)request["id"]) ?? (request["domainTable"] is { } table ? sisters.Streams.GetValueOrDefault((string)table!) : null),
            problems = Array.Empty<object>(),
        }));
        app.MapPost("/internal/feeds/streams", (JsonObject request) =>
        {
            var columns = request["columns"]!.AsArray();
            var stream = NewStream($"{request["source"]}:{request["name"]}", [.. request["key"]!.AsArray().Select(key => (string)key!)], [.. columns.Select(column => (string)column!["name"]!)], (string?)request["timestampColumn"]);
            stream["columns"] = columns.DeepClone();
            sisters.Add(stream);
            return Results.Json(new { feed = stream, problems = Array.Empty<object>() });
        });
        app.MapGet("/v2/export/credentials", async (HttpRequest request) =>
            request.Headers.Authorization.ToString() is ['B', 'e', 'a', 'r', 'e', 'r', ' ', .. var token] && sisters.Exports.TryGetValue(token, out var sell)
                ? Results.Json(await sell())
                : Results.StatusCode(StatusCodes.Status401Unauthorized));
        await app.StartAsync();
        return sisters;
    }

    /// <summary>A stream as the feeds service describes it.</summary>
    public static JsonObject NewStream(string domainTable, string[] key, string[] columns, string? timestamp = null) => new()
    {
        ["id"] = $"df-{Guid.CreateVersion7():n}",
        ["domainTable"] = domainTable,
        ["active"] = true,
        ["keyless"] = key.Length == 0,
        ["key"] = new JsonArray([.. key.Select(column => (JsonNode)column)]),
        ["lastUpdated"] = key.Length == 0 ? null : timestamp,
        ["fields"] = new JsonArray([.. columns.Select(column => new JsonObject { ["incomingName"] = column, ["name"] = column })]),
    };

    /// <summary>Makes the stream known, and its feed an active one.</summary>
    public void Add(JsonObject stream)
    {
        Streams[(string)stream["domainTable"]!] = stream;
        Feeds[(string)stream["id"]!] = true;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
