using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Platform.Scheduler.Tests.Alerts;

/// <summary>A receiver of webhooks that keeps what it is given and answers as told.</summary>
internal sealed class WebhookSink : IAsyncDisposable
{
    private readonly WebApplication _app;

    private WebhookSink(WebApplication app) => _app = app;

    public string Url => $"{_app.Urls.First()}/alerts";

    /// <summary>The status of each answer, in turn; 204 when there is none left.</summary>
    public ConcurrentQueue<int> Answers { get; } = [];

    public ConcurrentQueue<(string Id, string Timestamp, string Signature, string Body)> Received { get; } = [];

    public static async Task<WebhookSink> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var sink = new WebhookSink(builder.Build());
        sink._app.MapPost("/alerts", sink.TakeAsync);
        await sink._app.StartAsync();
        return sink;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        Received.Enqueue((http.Request.Headers["webhook-id"]!, http.Request.Headers["webhook-timestamp"]!, http.Request.Headers["webhook-signature"]!, await reader.ReadToEndAsync()));
        http.Response.StatusCode = Answers.TryDequeue(out var status) ? status : StatusCodes.Status204NoContent;
    }
}
