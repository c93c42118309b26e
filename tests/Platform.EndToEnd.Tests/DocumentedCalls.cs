using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Platform.PartnerStandIns;
using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.EndToEnd.Tests;

/// <summary>Makes the calls of <c>docs/optimizely-brevo.md</c> through the gateway, in their order, against stand-ins of both partners.</summary>
public sealed partial class DocumentedCalls(RunningPlatform platform) : IAsyncLifetime
{
    private readonly OptimizelyStandIn _optimizely = new();
    private readonly BrevoStandIn _brevo = new();

    private Dictionary<string, string> Addresses => new()
    {
        ["Partners:OptimizelyApi"] = _optimizely.Address + "v2/",
        ["Partners:OptimizelyCdn"] = _optimizely.Address,
        ["Partners:OptimizelyEvents"] = _optimizely.Address + "v1/events",
        ["Partners:BrevoApi"] = _brevo.Address + "v3/",
    };

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await Task.WhenAll(_optimizely.StartAsync(), _brevo.StartAsync());
        await platform.StopAsync("optimizely-brevo");
        foreach (var (key, address) in Addresses)
        {
            platform.Configure("optimizely-brevo", key, address);
        }

        await platform.StartAsync("optimizely-brevo");
    }

    public async ValueTask DisposeAsync()
    {
        // The next tests of the shared platform must meet neither partners that are gone nor connections to them, whose calls would try for long.
        using (var user = await PlatformUser.OfAsync(platform))
        {
            foreach (var connection in (await user.GetAsync("/api/optimizely-brevo/connections"))["items"]!.AsArray())
            {
                await user.DeleteAsync($"/api/optimizely-brevo/connections/{connection!["id"]}");
            }
        }

        await platform.StopAsync("optimizely-brevo");
        foreach (var key in Addresses.Keys)
        {
            platform.Unconfigure("optimizely-brevo", key);
        }

        await platform.StartAsync("optimizely-brevo");
        await _optimizely.DisposeAsync();
        await _brevo.DisposeAsync();
    }

    [Fact]
    public async Task Each_of_the_seeds_examples_has_its_call()
    {
        var shop = _optimizely.Open(new() { AccountId = "12345678", Token = $"2:{Guid.CreateVersion7():n}" });
        var mails = _brevo.Open(new() { ApiKey = $"xkeysib-{Guid.CreateVersion7():n}" });
        var sdkKey = $"sdk-{Guid.CreateVersion7():n}";
        shop.Datafiles[sdkKey] = await File.ReadAllTextAsync(Repository.PathOf("deploy", "demo", "datafile.json"), Cancelled);
        shop.Objects["projects"].Add(Parse("""{"id":12345678,"name":"Shop","account_id":1,"status":"active","platform":"custom"}"""));
        shop.Objects["experiments"].Add(Parse("""
            {"id":9300000000101,"project_id":12345678,"key":"checkout_button","name":"Checkout button","status":"running","type":"feature","variations":[{"variation_id":93000000001011,"key":"treatment","name":"Treatment","weight":5000}]}
            """));
        shop.Objects["features"].Add(Parse("""{"id":6101,"project_id":12345678,"key":"checkout_button","name":"Checkout button"}"""));
        var words = new Dictionary<string, string>(StringComparer.Ordinal) { ["token"] = shop.Token, ["sdk"] = sdkKey, ["brevo"] = mails.ApiKey };
        using var client = await platform.ClientAsync();
        var calls = Rows().ToList();
        Assert.True(calls.Count >= 20, $"{calls.Count} calls");
        foreach (var (call, body, answer) in calls)
        {
            var (method, path) = (call.Split(' ')[0], Filled(call.Split(' ')[1], words));
            using var request = new HttpRequestMessage(new(method), path);
            if (body is not null)
            {
                request.Content = new StringContent(Filled(body, words), Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
            }

            using var response = await client.SendAsync(request, Cancelled);
            var text = await response.Content.ReadAsStringAsync(Cancelled);
            Assert.True((int)response.StatusCode == int.Parse(answer.Split(',')[0], CultureInfo.InvariantCulture), $"{method} {path}: {(int)response.StatusCode} {text}");
            if (path.EndsWith("/test", StringComparison.Ordinal))
            {
                Assert.True((bool)JsonNode.Parse(text)!["success"]!, $"{text}{Environment.NewLine}{Errors("credentials")}{Errors("optimizely-brevo")}");
            }

            if (Kept().Match(answer) is { Success: true } kept)
            {
                words[kept.Groups["word"].Value] = (string)JsonNode.Parse(text)![kept.Groups["member"].Value]!;
            }
        }

        await Until.True(() => Holds(mails, "jane@shop.example", "EXPERIMENT_NAME", "checkout_button") && Holds(mails, "jane@shop.example", "VARIATION_NAME", "treatment"), TimeSpan.FromSeconds(90), Cancelled);
        await Until.True(() => mails.Contacts.ContainsKey("joe@shop.example") && mails.Events.Count == 1 && shop.EventBatches.Count == 1, TimeSpan.FromSeconds(90), Cancelled);
        Assert.Empty(mails.Violations.Concat(shop.Violations));
    }

    private string Errors(string service) => string.Join(Environment.NewLine, platform.LogOf(service).Split('\n').Where(line => line.Contains("\"Error\"", StringComparison.Ordinal)).TakeLast(3));

    private static bool Holds(BrevoAccount account, string email, string attribute, string value) =>
        account.Contacts.TryGetValue(email, out var contact) && (string?)contact.Attributes[attribute] == value;

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();

    private static string Filled(string text, Dictionary<string, string> words) => Word().Replace(text, word => words.TryGetValue(word.Groups[1].Value, out var value) ? value : word.Value);

    private static IEnumerable<(string Call, string? Body, string Answer)> Rows()
    {
        foreach (var line in File.ReadLines(Repository.PathOf("docs", "optimizely-brevo.md")))
        {
            if (Row().Match(line) is { Success: true } row)
            {
                yield return (row.Groups["call"].Value, row.Groups["body"].Value.Trim('`') is { Length: > 1 } body ? body : null, row.Groups["answer"].Value.Replace("`", "", StringComparison.Ordinal));
            }
        }
    }

    [GeneratedRegex(@"^\| .+ \| `(?<call>(?:GET|POST|PUT|DELETE) /[^`]+)` \| (?<body>`\{.*\}`|–) \| (?<answer>[0-9]{3}.*) \|$")]
    private static partial Regex Row();

    [GeneratedRegex("(?<member>[a-z]+) is \\{(?<word>[a-z-]+)\\}")]
    private static partial Regex Kept();

    [GeneratedRegex("(?<!\\$)\\{([a-z-]+)\\}")]
    private static partial Regex Word();
}
