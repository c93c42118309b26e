using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace Platform.Testing;

/// <summary>
/// Takes whatever is posted to it, as an OpenTelemetry collector would over OTLP (http/protobuf). Each body is one process's; strings and trace ids stand in it as they are, so looking for bytes is
/// looking for spans.
/// </summary>
public sealed class OtlpCollector : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<(string Path, byte[] Body)> _received = new();
    private readonly Task _taking;

    /// <summary>Listens on a free port.</summary>
    public OtlpCollector()
    {
        Endpoint = $"http://127.0.0.1:{FreePorts.Take(1)[0]}";
        _listener.Prefixes.Add($"{Endpoint}/");
        _listener.Start();
        _taking = TakeAsync();
    }

    /// <summary>For <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>.</summary>
    public string Endpoint { get; }

    /// <summary>The environment that makes a process export here, soon.</summary>
    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Endpoint,
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "1000",
    };

    /// <summary>True when one body of traces holds all of these texts and this trace id.</summary>
    public bool HasSpan(string traceId, params string[] texts)
    {
        var id = Convert.FromHexString(traceId);
        return _received.Any(received => received.Path == "/v1/traces" && received.Body.AsSpan().IndexOf(id) >= 0
            && texts.All(text => received.Body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0));
    }

    /// <summary>True when anything that arrived holds this text.</summary>
    public bool HasAnywhere(string text) => _received.Any(received => received.Body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0);

    /// <summary>True when metrics of this name arrived.</summary>
    public bool HasMetric(string name) => _received.Any(received => received.Path == "/v1/metrics" && received.Body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(name)) >= 0);

    /// <inheritdoc/>
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
