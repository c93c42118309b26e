using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Platform.PartnerStandIns;

/// <summary>An account at Optimizely: tokens, datafiles and what the REST API tells.</summary>
public sealed class OptimizelyAccount : StandInAccount
{
    private readonly List<JsonObject> _batches = [];

    /// <summary>Its number: by it the Event API knows whose events come.</summary>
    public required string AccountId { get; init; }

    /// <summary>The accepted personal access token.</summary>
    public required string Token { get; set; }

    /// <summary>The accepted refresh token; each use buys the next access token.</summary>
    public string RefreshToken { get; init; } = $"refresh-{Guid.CreateVersion7():n}";

    /// <summary>Access tokens that were bought.</summary>
    public HashSet<string> BoughtTokens { get; } = new(StringComparer.Ordinal);

    /// <summary>Datafiles by SDK key.</summary>
    public ConcurrentDictionary<string, string> Datafiles { get; } = new(StringComparer.Ordinal);

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
            lock (Gate)
            {
                return [.. _batches];
            }
        }
    }

    internal bool Takes(string authorization) =>
        authorization.StartsWith("Bearer ", StringComparison.Ordinal) && authorization["Bearer ".Length..] is var token && (token == Token || BoughtTokens.Contains(token));

    internal void Track(JsonObject batch) => _batches.Add(batch);

    internal (int, string) Datafile(HttpContext context, string key)
    {
        if (!Datafiles.TryGetValue(key, out var datafile))
        {
            return (403, "");
        }

        var etag = $"\"{Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(datafile)))}\"";
        context.Response.Headers.ETag = etag;
        return context.Request.Headers.IfNoneMatch == etag ? (304, "") : (200, datafile);
    }

    internal (int, string) Buy()
    {
        var token = $"{RefreshToken}-{BoughtTokens.Count + 1}";
        BoughtTokens.Add(token);
        return (200, new JsonObject { ["access_token"] = token, ["token_type"] = "bearer", ["expires_in"] = 7200 }.ToJsonString());
    }

    internal (int, string) ResultsOf(string experimentId) => Results.TryGetValue(experimentId, out var answers)
        ? answers.Count > 1 ? answers.Dequeue() : answers.Peek()
        : (204, "");

    internal (int, string) List(string kind, IQueryCollection query)
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

    internal (int, string) One(string kind, string id) => Objects[kind].Find(each => each["id"]!.ToString() == id) is { } found
        ? (200, found.ToJsonString())
        : (404, """{"code":"not_found","message":"Not found","uuid":"0f3b7a40-0000-4000-8000-000000000003"}""");
}
