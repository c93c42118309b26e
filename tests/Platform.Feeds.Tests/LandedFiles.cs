using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Web;
using Platform.Feeds.Couriers;
using Platform.ServiceDefaults;

namespace Platform.Feeds.Tests;

/// <summary>What the couriers service would tell about landed files, and the credentials service about their keys.</summary>
internal sealed class LandedFiles
{
    private readonly ConcurrentDictionary<string, LandedFile> _files = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _away = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, LandedFile[]> _runs = new(StringComparer.Ordinal);

    /// <summary>Credentials by id, as the credentials service gives them to services.</summary>
    public ConcurrentDictionary<string, object> Secrets { get; } = new(StringComparer.Ordinal);

    public LandedFile Add(LandedFile file) => _files[file.FileId] = file;

    public void Run(string runId, LandedFile[] files) => _runs[runId] = files;

    /// <summary>From now on, questions about a run are answered with 503.</summary>
    public void Unreachable(string runId) => _away[runId] = true;

    public void Reachable(string runId) => _away.TryRemove(runId, out _);

    public HttpMessageHandler Handler() => new Answers(this);

    private HttpResponseMessage Answer(Uri uri)
    {
        switch (uri.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            case ["internal", "landed-files", var id]:
                return _files.TryGetValue(id, out var file)
                    ? new(HttpStatusCode.OK) { Content = JsonContent.Create(file, options: PlatformJson.Options) }
                    : new(HttpStatusCode.NotFound);
            case ["internal", "credentials", var credential, "secret"]:
                return Secrets.TryGetValue(credential, out var secret)
                    ? new(HttpStatusCode.OK) { Content = JsonContent.Create(secret, options: PlatformJson.Options) }
                    : new(HttpStatusCode.NotFound);
            case ["internal", "courier-runs", var run, "files"] when _away.ContainsKey(run):
                return new(HttpStatusCode.ServiceUnavailable);
            case ["internal", "courier-runs", var run, "files"] when _runs.TryGetValue(run, out var files):
                var query = HttpUtility.ParseQueryString(uri.Query);
                var after = int.Parse(query["after"]!, System.Globalization.CultureInfo.InvariantCulture);

                // Pages of two, so that paging is used by every test with three files.
                var page = files.Select((landed, index) => new { order = index + 1, file = landed }).Skip(after).Take(2).ToList();
                var next = after + page.Count < files.Length ? (int?)(after + page.Count) : null;
                return new(HttpStatusCode.OK) { Content = JsonContent.Create(new { items = page, next }, options: PlatformJson.Options) };
            default:
                return new(HttpStatusCode.NotFound);
        }
    }

    private sealed class Answers(LandedFiles files) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = files.Answer(request.RequestUri!);
            answer.RequestMessage = request;
            return Task.FromResult(answer);
        }
    }
}
