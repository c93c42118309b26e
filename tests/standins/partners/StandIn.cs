using System.Collections.Concurrent;
using System.Text;

namespace Platform.PartnerStandIns;

/// <summary>An HTTP server on the loopback interface that stands in for a partner: it records calls, plays faults, and holds both sides against the published specifications.</summary>
public abstract class StandIn<TAccount> : IAsyncDisposable
    where TAccount : StandInAccount
{
    private readonly WebApplication _app;
    private readonly IReadOnlyList<(string Prefix, Specification Specification)> _specifications;
    private readonly ConcurrentQueue<TAccount> _accounts = new();

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

    /// <summary>All accounts.</summary>
    protected IEnumerable<TAccount> Accounts => _accounts;

    /// <summary>Starts listening.</summary>
    public Task StartAsync() => _app.StartAsync();

    /// <summary>Opens an account.</summary>
    public TAccount Open(TAccount account)
    {
        _accounts.Enqueue(account);
        return account;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Whose call it is; null for a stranger's.</summary>
    protected abstract TAccount? Owner(HttpContext context, string path, string body);

    /// <summary>What a stranger is told.</summary>
    protected abstract (int Status, string Body) Refuse(string path);

    /// <summary>Does the work of one call: status and body. Null: no such path.</summary>
    protected abstract (int Status, string Body)? Answer(TAccount account, HttpContext context, string path, string body);

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
        if (Owner(context, path, body) is not { } account)
        {
            var (refused, why) = Refuse(path);
            await WriteAsync(context, refused, why);
            return;
        }

        try
        {
            if (account.Exceeded([.. LimitsOf(context.Request.Method, path)], at) is { } reset)
            {
                AddLimitHeaders(context.Response, reset);
                status = await WriteAsync(context, 429, """{"code":"too_many_requests","message":"Too many requests"}""");
                return;
            }

            var fault = account.TakeFault(context.Request.Method + " " + path);
            if (fault?.Delay is { } delay)
            {
                await Task.Delay(delay, context.RequestAborted);
            }

            var answer = fault is { AfterWork: false } ? (fault.Status, "") : Work(account, context, path, body) ?? (404, """{"code":"document_not_found","message":"No such path"}""");
            if (fault is null or { AfterWork: true })
            {
                Check(account, context, path, body, answer);
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
            account.Add(new(context.Request.Method, path + context.Request.QueryString, body, status, at));
        }
    }

    private (int Status, string Body)? Work(TAccount account, HttpContext context, string path, string body)
    {
        lock (account.Gate)
        {
            return Answer(account, context, path, body);
        }
    }

    private void Check(TAccount account, HttpContext context, string path, string body, (int Status, string Body) answer)
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
                account.Blame(violation);
            }

            return;
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
