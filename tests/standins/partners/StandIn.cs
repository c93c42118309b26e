using System.Collections.Concurrent;
using System.Text;

namespace Platform.PartnerStandIns;

/// <summary>A call that a stand-in got.</summary>
/// <param name="Method">GET, POST …</param>
/// <param name="Path">Path and query.</param>
/// <param name="Body">The request's body.</param>
/// <param name="Status">What was answered; 0 when the connection was cut.</param>
/// <param name="At">When, for checking the pace.</param>
public sealed record ReceivedCall(string Method, string Path, string Body, int Status, DateTimeOffset At);

/// <summary>A fault to play once: what happens instead of, or after, the real work.</summary>
/// <param name="Matches">Part of the path it waits for.</param>
/// <param name="Status">Answered status; 0 cuts the connection.</param>
/// <param name="AfterWork">The work is done all the same, and only the answer is lost.</param>
/// <param name="Headers">Extra headers of the answer.</param>
/// <param name="Delay">Before it answers.</param>
public sealed record Fault(string Matches, int Status, bool AfterWork = false, IReadOnlyDictionary<string, string>? Headers = null, TimeSpan? Delay = null)
{
    /// <summary>For how many calls it is played.</summary>
    public int Times { get; init; } = 1;
}

/// <summary>An HTTP server on the loopback interface that stands in for a partner: it records calls, plays faults, and holds both sides against the published specifications.</summary>
public abstract class StandIn : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly IReadOnlyList<(string Prefix, Specification Specification)> _specifications;
    private readonly ConcurrentQueue<ReceivedCall> _calls = new();
    private readonly ConcurrentQueue<string> _violations = new();
    private readonly List<Fault> _faults = [];
    private readonly Dictionary<string, Queue<DateTimeOffset>> _windows = new(StringComparer.Ordinal);

    /// <summary>Starts on a free port, or on <paramref name="port"/>.</summary>
    protected StandIn(IReadOnlyList<(string Prefix, Specification Specification)> specifications, int port)
    {
        _specifications = specifications;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 20 * 1024 * 1024);
        _app = builder.Build();
        _app.Run(HandleAsync);
    }

    /// <summary>For example <c>http://127.0.0.1:40001/</c>.</summary>
    public string Address => _app.Urls.First() + "/";

    /// <summary>Every call so far.</summary>
    public IReadOnlyList<ReceivedCall> Calls => [.. _calls];

    /// <summary>Where a request or an answer departs from the specification. A test expects none.</summary>
    public IReadOnlyList<string> Violations => [.. _violations];

    /// <summary>Whether limits are enforced with 429.</summary>
    public bool EnforcesLimits { get; set; }

    /// <summary>Starts listening.</summary>
    public Task StartAsync() => _app.StartAsync();

    /// <summary>Plays a fault with the next calls that match.</summary>
    public void Play(Fault fault)
    {
        lock (_faults)
        {
            for (var i = 0; i < fault.Times; i++)
            {
                _faults.Add(fault);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Does the work of one call: status and body. Null: no such path.</summary>
    protected abstract (int Status, string Body)? Answer(HttpContext context, string path, string body);

    /// <summary>Limits of a call: window length and most calls in it, under a name.</summary>
    protected abstract IEnumerable<(string Name, TimeSpan Window, int Most)> LimitsOf(string method, string path);

    /// <summary>Headers of a 429.</summary>
    protected abstract void AddLimitHeaders(HttpResponse response, TimeSpan reset);

    private async Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        var at = TimeProvider.System.GetUtcNow();
        var status = 0;
        try
        {
            if (Exceeded(context.Request.Method, path, at) is { } reset)
            {
                AddLimitHeaders(context.Response, reset);
                status = await WriteAsync(context, 429, """{"code":"too_many_requests","message":"Too many requests"}""");
                return;
            }

            var fault = TakeFault(context.Request.Method + " " + path);
            if (fault?.Delay is { } delay)
            {
                await Task.Delay(delay, context.RequestAborted);
            }

            var answer = fault is { AfterWork: false } ? (fault.Status, "") : Answer(context, path, body) ?? (404, """{"code":"document_not_found","message":"No such path"}""");
            if (fault is null or { AfterWork: true })
            {
                Check(context, path, body, answer);
            }

            if (fault is not null)
            {
                foreach (var (name, value) in fault.Headers ?? new Dictionary<string, string>())
                {
                    context.Response.Headers[name] = value;
                }

                if (fault.Status == 0)
                {
                    context.Abort();
                    return;
                }

                status = await WriteAsync(context, fault.Status, fault.Status == 429 ? """{"code":"too_many_requests","message":"Too many requests"}""" : "");
                return;
            }

            status = await WriteAsync(context, answer.Item1, answer.Item2);
        }
        finally
        {
            _calls.Enqueue(new(context.Request.Method, path + context.Request.QueryString, body, status, at));
        }
    }

    private void Check(HttpContext context, string path, string body, (int Status, string Body) answer)
    {
        foreach (var (prefix, specification) in _specifications)
        {
            if (!path.StartsWith(prefix, StringComparison.Ordinal))
            {
                continue;
            }

            var rest = path[prefix.Length..];
            if (!specification.Knows(context.Request.Method, rest))
            {
                continue;
            }

            // A refused request is not held against us twice; what we say when all is well is.
            var found = answer.Status < 400 ? specification.CheckRequest(context.Request.Method, rest, body.Length == 0 ? "null" : body).Where(_ => body.Length > 0) : [];
            foreach (var violation in found.Concat(specification.CheckResponse(context.Request.Method, rest, answer.Status, answer.Body)))
            {
                _violations.Enqueue(violation);
            }

            return;
        }
    }

    private Fault? TakeFault(string call)
    {
        lock (_faults)
        {
            var fault = _faults.Find(each => call.Contains(each.Matches, StringComparison.Ordinal));
            if (fault is not null)
            {
                _faults.Remove(fault);
            }

            return fault;
        }
    }

    private TimeSpan? Exceeded(string method, string path, DateTimeOffset now)
    {
        if (!EnforcesLimits)
        {
            return null;
        }

        lock (_windows)
        {
            var windows = LimitsOf(method, path).ToList();
            foreach (var (name, length, most) in windows)
            {
                var window = _windows.TryGetValue(name, out var known) ? known : _windows[name] = new();
                while (window.TryPeek(out var first) && first <= now - length)
                {
                    window.Dequeue();
                }

                if (window.Count >= most)
                {
                    return window.Peek() + length - now;
                }
            }

            windows.ForEach(each => _windows[each.Name].Enqueue(now));
            return null;
        }
    }

    private static async Task<int> WriteAsync(HttpContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        if (body.Length > 0 && status is not (204 or 304))
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(body, context.RequestAborted);
        }

        return status;
    }
}
