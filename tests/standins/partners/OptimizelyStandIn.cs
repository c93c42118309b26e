using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Platform.PartnerStandIns;

/// <summary>Optimizely's REST v2, datafile CDN, OAuth token endpoint and Event API, as far as they are used.</summary>
public sealed partial class OptimizelyStandIn(int port = 0)
    : StandIn<OptimizelyAccount>([("/v2", Specification.Read("rest-v2.openapi.json")), ("/v1", Specification.Read("event-api.openapi.json").With("EventBatch", "enrich_decisions", "boolean").With("EventBatch", "revision", "string"))], port)
{
    /// <inheritdoc/>
    protected override OptimizelyAccount? Owner(HttpContext context, string path, string body) =>
        DatafilePath().Match(path) is { Success: true } datafile ? Accounts.FirstOrDefault(account => account.Datafiles.ContainsKey(Uri.UnescapeDataString(datafile.Groups[1].Value)))
        : path == "/oauth2/token" ? Accounts.FirstOrDefault(account => body.Contains($"refresh_token={Uri.EscapeDataString(account.RefreshToken)}", StringComparison.Ordinal))
        : path == "/v1/events" ? Accounts.FirstOrDefault(account => (string?)JsonNode.Parse(body)!["account_id"] == account.AccountId)
        : Accounts.FirstOrDefault(account => account.Takes(context.Request.Headers.Authorization.ToString()));

    /// <inheritdoc/>
    protected override (int Status, string Body) Refuse(string path) => path switch
    {
        "/oauth2/token" => (400, """{"error":"invalid_grant"}"""),
        _ when DatafilePath().IsMatch(path) => (403, ""),
        _ => (401, """{"code":"unauthorized","message":"Authentication failed.","uuid":"0f3b7a40-0000-4000-8000-000000000001"}"""),
    };

    /// <inheritdoc/>
    protected override (int Status, string Body)? Answer(OptimizelyAccount account, HttpContext context, string path, string body)
    {
        if (path == "/v1/events")
        {
            account.Track(JsonNode.Parse(body)!.AsObject());
            return (204, "");
        }

        return path == "/oauth2/token" ? account.Buy()
            : DatafilePath().Match(path) is { Success: true } datafile ? account.Datafile(context, Uri.UnescapeDataString(datafile.Groups[1].Value))
            : ResultsPath().Match(path) is { Success: true } results ? account.ResultsOf(results.Groups[1].Value)
            : ListPath().Match(path) is { Success: true } list ? account.List(list.Groups[1].Value, context.Request.Query)
            : ObjectPath().Match(path) is { Success: true } one ? account.One(one.Groups[1].Value, one.Groups[2].Value)
            : null;
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

    [GeneratedRegex("^/datafiles/(.+)\\.json$")]
    private static partial Regex DatafilePath();

    [GeneratedRegex("^/v2/experiments/([0-9]+)/results$")]
    private static partial Regex ResultsPath();

    [GeneratedRegex("^/v2/(projects|experiments|features|audiences|events)$")]
    private static partial Regex ListPath();

    [GeneratedRegex("^/v2/(projects|experiments|features|audiences|events)/([0-9]+)$")]
    private static partial Regex ObjectPath();
}
