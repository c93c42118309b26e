using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Platform.PartnerStandIns;

/// <summary>Optimizely's REST v2, datafile CDN, OAuth token endpoint and Event API, as far as they are used.</summary>
public sealed partial class OptimizelyStandIn(int port = 0)
    : StandIn([("/v2", Specification.Read("rest-v2.openapi.json")), ("/v1", Specification.Read("event-api.openapi.json"))], port)
{
    private readonly Lock _gate = new();
    private readonly List<JsonObject> _batches = [];

    /// <summary>The accepted personal access token.</summary>
    public string Token { get; set; } = "2:personal-token";

    /// <summary>The accepted refresh token; each use buys the next access token.</summary>
    public string RefreshToken { get; set; } = "refresh-1";

    /// <summary>Access tokens that were bought.</summary>
    public HashSet<string> BoughtTokens { get; } = new(StringComparer.Ordinal);

    /// <summary>Datafiles by SDK key.</summary>
    public Dictionary<string, string> Datafiles { get; } = new(StringComparer.Ordinal);

    /// <summary>Objects of <c>/projects</c>, <c>/experiments</c>, <c>/features</c>, <c>/audiences</c>, <c>/events</c>.</summary>
    public Dictionary<string, List<JsonObject>> Objects { get; } = new(StringComparer.Ordinal)
    {
        ["projects"] = [],
        ["experiments"] = [],
        ["features"] = [],
        ["audiences"] = [],
        ["events"] = [],
    };

    /// <summary>Answers of the results endpoint by experiment, the last of which stays.</summary>
    public Dictionary<string, Queue<(int Status, string Body)>> Results { get; } = new(StringComparer.Ordinal);

    /// <summary>Event batches it got.</summary>
    public IReadOnlyList<JsonObject> EventBatches
    {
        get
        {
            lock (_gate)
            {
                return [.. _batches];
            }
        }
    }

    /// <inheritdoc/>
    protected override (int Status, string Body)? Answer(HttpContext context, string path, string body)
    {
        lock (_gate)
        {
            if (DatafilePath().Match(path) is { Success: true } datafile)
            {
                return Datafile(context, Uri.UnescapeDataString(datafile.Groups[1].Value));
            }

            if (path == "/oauth2/token")
            {
                return Buy(body);
            }

            if (path == "/v1/events")
            {
                _batches.Add(JsonNode.Parse(body)!.AsObject());
                return (204, "");
            }

            if (!path.StartsWith("/v2/", StringComparison.Ordinal))
            {
                return null;
            }

            var given = context.Request.Headers.Authorization.ToString();
            if (given != $"Bearer {Token}" && !(given.StartsWith("Bearer ", StringComparison.Ordinal) && BoughtTokens.Contains(given["Bearer ".Length..])))
            {
                return (401, """{"code":"unauthorized","message":"Authentication failed.","uuid":"0f3b7a40-0000-4000-8000-000000000001"}""");
            }

            return ResultsPath().Match(path) is { Success: true } results ? ResultsOf(results.Groups[1].Value)
                : ListPath().Match(path) is { Success: true } list ? List(list.Groups[1].Value, context.Request.Query)
                : ObjectPath().Match(path) is { Success: true } one ? One(one.Groups[1].Value, one.Groups[2].Value)
                : null;
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, TimeSpan Window, int Most)> LimitsOf(string method, string path)
    {
        if (path.StartsWith("/v2/", StringComparison.Ordinal))
        {
            yield return ("rest", TimeSpan.FromMinutes(1), 50);
            if (path.EndsWith("/results", StringComparison.Ordinal))
            {
                yield return ("results", TimeSpan.FromMinutes(1), 10);
            }
        }
    }

    /// <inheritdoc/>
    protected override void AddLimitHeaders(HttpResponse response, TimeSpan reset) =>
        response.Headers.RetryAfter = Math.Ceiling(reset.TotalSeconds).ToString(CultureInfo.InvariantCulture);

    private (int, string) Datafile(HttpContext context, string key)
    {
        if (!Datafiles.TryGetValue(key, out var datafile))
        {
            return (403, "");
        }

        var etag = $"\"{Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(datafile)))}\"";
        context.Response.Headers.ETag = etag;
        return context.Request.Headers.IfNoneMatch == etag ? (304, "") : (200, datafile);
    }

    private (int, string) Buy(string form)
    {
        if (!form.Contains($"refresh_token={Uri.EscapeDataString(RefreshToken)}", StringComparison.Ordinal))
        {
            return (400, """{"error":"invalid_grant"}""");
        }

        var token = $"bought-{BoughtTokens.Count + 1}";
        BoughtTokens.Add(token);
        return (200, new JsonObject { ["access_token"] = token, ["token_type"] = "bearer", ["expires_in"] = 7200 }.ToJsonString());
    }

    private (int, string) ResultsOf(string experimentId) => Results.TryGetValue(experimentId, out var answers)
        ? answers.Count > 1 ? answers.Dequeue() : answers.Peek()
        : (204, "");

    private (int, string) List(string kind, IQueryCollection query)
    {
        var page = int.Parse(query["page"].FirstOrDefault() ?? "1", CultureInfo.InvariantCulture);
        var size = Math.Min(100, int.Parse(query["per_page"].FirstOrDefault() ?? "25", CultureInfo.InvariantCulture));
        var project = query["project_id"].FirstOrDefault();
        if (kind != "projects" && project is null)
        {
            return (400, """{"code":"bad_request","message":"project_id is required","uuid":"0f3b7a40-0000-4000-8000-000000000002"}""");
        }

        var found = Objects[kind].Where(each => kind == "projects" || each["project_id"]!.ToString() == project).Skip((page - 1) * size).Take(size);
        return (200, new JsonArray([.. found.Select(each => each.DeepClone())]).ToJsonString());
    }

    private (int, string) One(string kind, string id) => Objects[kind].Find(each => each["id"]!.ToString() == id) is { } found
        ? (200, found.ToJsonString())
        : (404, """{"code":"not_found","message":"Not found","uuid":"0f3b7a40-0000-4000-8000-000000000003"}""");

    [GeneratedRegex("^/datafiles/(.+)\\.json$")]
    private static partial Regex DatafilePath();

    [GeneratedRegex("^/v2/experiments/([0-9]+)/results$")]
    private static partial Regex ResultsPath();

    [GeneratedRegex("^/v2/(projects|experiments|features|audiences|events)$")]
    private static partial Regex ListPath();

    [GeneratedRegex("^/v2/(projects|experiments|features|audiences|events)/([0-9]+)$")]
    private static partial Regex ObjectPath();
}
