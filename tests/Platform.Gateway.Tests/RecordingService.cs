using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;
using Platform.Testing;

namespace Platform.Gateway.Tests;

/// <summary>What reached the service.</summary>
internal sealed record Received(string Method, string Path, Dictionary<string, string> Headers, string? Caller, string? Role, string TraceId);

/// <summary>A service with the start-up that every service has, so that tokens are really checked, and with nothing of its own: it answers with 200 and keeps what it got.</summary>
internal sealed class RecordingService : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Received> _received = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _held = new();

    private RecordingService(WebApplication app) => _app = app;

    public string Address => _app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();

    public IReadOnlyList<Received> Received => [.. _received];

    public static async Task<RecordingService> StartAsync(string service, TestKeys keys)
    {
        var builder = WebApplication.CreateBuilder([
            "--urls", "http://127.0.0.1:0", "--InternalTokens:SigningKey", keys.SigningKeyOf(service), "--InternalTokens:TrustedKeys", keys.TrustedKeys]);
        builder.AddServiceDefaults(service);
        builder.Logging.ClearProviders();
        var recording = new RecordingService(builder.Build());
        recording._app.MapServiceDefaults();
        recording._app.Map("/{**path}", recording.Record).RequireAuthorization(Roles.Viewer);
        await recording._app.StartAsync();
        return recording;
    }

    /// <summary>Answers calls with this mark only when the action that is returned has been called.</summary>
    public Action Hold(string mark)
    {
        var held = _held.GetOrAdd(mark, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
        return held.SetResult;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task Record(HttpContext context)
    {
        _received.Enqueue(new(
            context.Request.Method,
            context.Request.Path + context.Request.QueryString,
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            context.User.Identity?.Name,
            context.User.FindFirstValue(ClaimTypes.Role),
            Activity.Current!.TraceId.ToHexString()));
        if (_held.TryGetValue(context.Request.Query["mark"].ToString(), out var held))
        {
            await held.Task.WaitAsync(context.RequestAborted);
        }

        await context.Response.WriteAsync($"answer {_received.Count}", context.RequestAborted);
    }
}
