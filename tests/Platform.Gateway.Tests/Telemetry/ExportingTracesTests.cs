using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Xunit;

namespace Platform.Gateway.Tests.Telemetry;

public sealed class ExportingTracesTests(GatewayApp app)
{
    [Fact]
    public async Task Spans_and_metrics_arrive_at_the_endpoint_that_the_environment_names()
    {
        var ports = FreePorts.Take(2);
        await using var collector = new Collector(ports[0]);
        using var gateway = Process.Start(app.StartInfo(new()
        {
            ["Urls"] = $"http://127.0.0.1:{ports[1]}",
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://127.0.0.1:{ports[0]}",
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
        }))!;
        try
        {
            using var client = new HttpClient { BaseAddress = new($"http://127.0.0.1:{ports[1]}") };
            client.DefaultRequestHeaders.Add("X-Api-Key", app.KeyOf(Roles.Viewer));
            client.DefaultRequestHeaders.Add("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
            await Until.True(async () => await AnswersAsync(client));

            await Until.True(() => collector.Has("/v1/traces", Convert.FromHexString("4bf92f3577b34da6a3ce929d0e0e4736")));
            Assert.True(collector.Has("/v1/traces", "gateway"u8));
            await Until.True(() => collector.Has("/v1/traces", "/api/credentials/{**rest}"u8));
            await Until.True(() => collector.Has("/v1/traces", "http.response.status_code"u8));
            await Until.True(() => collector.Has("/v1/metrics", "http.server.request.duration"u8));
            Assert.False(collector.Has("/v1/traces", Encoding.UTF8.GetBytes(app.KeyOf(Roles.Viewer))));
        }
        finally
        {
            gateway.Kill();
            await gateway.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    private static async Task<bool> AnswersAsync(HttpClient client)
    {
        try
        {
            return (await client.GetAsync("/api/credentials", TestContext.Current.CancellationToken)).StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>Takes whatever is posted to it, as an OTLP collector would.</summary>
    private sealed class Collector : IAsyncDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly ConcurrentQueue<(string Path, byte[] Body)> _received = new();
        private readonly Task _taking;

        public Collector(int port)
        {
            _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
            _listener.Start();
            _taking = TakeAsync();
        }

        public bool Has(string path, ReadOnlySpan<byte> bytes)
        {
            foreach (var (received, body) in _received)
            {
                if (received == path && body.AsSpan().IndexOf(bytes) >= 0)
                {
                    return true;
                }
            }

            return false;
        }

        public async ValueTask DisposeAsync()
        {
            _listener.Close();
            await _taking;
        }

        private async Task TakeAsync()
        {
            while (_listener.IsListening)
            {
                try
                {
                    var context = await _listener.GetContextAsync();
                    using var body = new MemoryStream();
                    await context.Request.InputStream.CopyToAsync(body);
                    _received.Enqueue((context.Request.Url!.AbsolutePath, body.ToArray()));
                    context.Response.Close();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }
            }
        }
    }
}
