using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Platform.PartnerStandIns;

/// <summary>Brevo's API v3 as far as it is used.</summary>
public sealed partial class BrevoStandIn(int port = 0)
    : StandIn<BrevoAccount>([("/v3", Specification.Read("events-2026.openapi.yaml")), ("/v3", Specification.Read("brevo-v3.swagger.yaml").WithList("getSegments", "segments"))], port)
{
    /// <inheritdoc/>
    protected override BrevoAccount? Owner(HttpContext context, string path, string body) => Accounts.FirstOrDefault(account => account.ApiKey == context.Request.Headers["api-key"]);

    /// <inheritdoc/>
    protected override (int Status, string Body) Refuse(string path) => (401, """{"code":"unauthorized","message":"Key not found"}""");

    /// <inheritdoc/>
    protected override (int Status, string Body)? Answer(BrevoAccount account, HttpContext context, string path, string body) => (context.Request.Method, path) switch
    {
        ("GET", "/v3/contacts/attributes") => account.ListAttributes(),
        ("POST", _) when AttributePath().Match(path) is { Success: true } match => account.CreateAttribute(match.Groups[1].Value, JsonNode.Parse(body)!.AsObject()),
        ("POST", "/v3/contacts") => account.Upsert(JsonNode.Parse(body)!.AsObject()),
        ("POST", "/v3/contacts/batch") => account.Update(JsonNode.Parse(body)!["contacts"]!.AsArray()),
        ("POST", "/v3/contacts/import") => account.Import(JsonNode.Parse(body)!.AsObject()),
        ("GET", "/v3/processes") => account.ListProcesses(),
        ("GET", "/v3/contacts/segments") => (200, """{"segments":[{"id":23,"segmentName":"Checkout testers","categoryName":"Experiments","updatedAt":"2026-01-13T17:05:09Z"}],"count":1}"""),
        ("GET", _) when ListMembersPath().Match(path) is { Success: true } match => account.Members(Number(match), context.Request.Query),
        ("GET", _) when ListPath().Match(path) is { Success: true } match => account.List(Number(match)),
        ("POST", "/v3/events/batch") => account.AddEvents(JsonNode.Parse(body)!["events"]!.AsArray()),
        ("GET", "/v3/events") => account.FindEvents(context.Request.Query),
        ("GET", _) when ContactPath().Match(path) is { Success: true } match => account.Find(match.Groups[1].Value),
        _ => null,
    };

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, TimeSpan Window, int Most)> LimitsOf(string method, string path) =>
        path.StartsWith("/v3/contacts", StringComparison.Ordinal) ? [("contacts/s", TimeSpan.FromSeconds(1), 10), ("contacts/h", TimeSpan.FromHours(1), 36_000)]
        : path.StartsWith("/v3/events", StringComparison.Ordinal) ? [("events/s", TimeSpan.FromSeconds(1), 10), ("events/h", TimeSpan.FromHours(1), 36_000)]
        : [("other/h", TimeSpan.FromHours(1), 100)];

    /// <inheritdoc/>
    protected override void AddLimitHeaders(HttpResponse response, TimeSpan reset)
    {
        response.Headers["x-sib-ratelimit-limit"] = "10";
        response.Headers["x-sib-ratelimit-remaining"] = "0";
        response.Headers["x-sib-ratelimit-reset"] = Math.Ceiling(reset.TotalSeconds).ToString(CultureInfo.InvariantCulture);
    }

    private static long Number(Match match) => long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex("^/v3/contacts/attributes/normal/([^/]+)$")]
    private static partial Regex AttributePath();

    [GeneratedRegex("^/v3/contacts/lists/([0-9]+)/contacts$")]
    private static partial Regex ListMembersPath();

    [GeneratedRegex("^/v3/contacts/lists/([0-9]+)$")]
    private static partial Regex ListPath();

    [GeneratedRegex("^/v3/contacts/([^/]+)$")]
    private static partial Regex ContactPath();
}
