using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Platform.Scheduler.Tests.Kit;

/// <summary>Stands in for the credentials and couriers services on their internal channel: real HTTP, contents set by the test.</summary>
internal sealed class SisterServices : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SisterServices(WebApplication app) => _app = app;

    /// <summary>Credentials by id: type and fields.</summary>
    public ConcurrentDictionary<string, JsonObject> Credentials { get; } = new();

    /// <summary>Couriers that do not exist; all others do.</summary>
    public ConcurrentDictionary<string, bool> GoneCouriers { get; } = new();

    /// <summary>Couriers about which nothing can be learnt at present.</summary>
    public ConcurrentDictionary<string, bool> UnclearCouriers { get; } = new();

    public string Address => _app.Urls.Single();

    public static async Task<SisterServices> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var sisters = new SisterServices(app);
        app.MapPost("/internal/credentials/{id}/secret", (string id) =>
            sisters.Credentials.TryGetValue(id, out var credential) ? Results.Json(credential) : Results.Problem(statusCode: 404, detail: $"There is no credential '{id}'."));
        app.MapPost("/internal/couriers/resolve", (JsonObject request) =>
        {
            var ids = request["ids"]!.AsArray().Select(id => (string)id!).ToArray();
            return ids.Any(sisters.UnclearCouriers.ContainsKey) ? Results.StatusCode(404) : Results.Json(new { missing = ids.Where(sisters.GoneCouriers.ContainsKey) });
        });
        await app.StartAsync();
        return sisters;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
