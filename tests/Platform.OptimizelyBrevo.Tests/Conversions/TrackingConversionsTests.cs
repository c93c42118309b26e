using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Platform.PartnerStandIns;
using Xunit;

namespace Platform.OptimizelyBrevo.Tests.Conversions;

public sealed class TrackingConversionsTests(OptimizelyBrevoApp app)
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);
    private readonly Customer _shop = new(app);

    [Fact]
    public async Task Events_reach_Optimizely_in_one_batch_with_ids_that_repeat()
    {
        await _shop.ConnectAsync();
        var events = Enumerable.Range(0, 3).Select(i => Event($"order-{i}", "purchase", "u-1", null)).ToArray();
        Assert.Equal((3, 0), await QueueAsync("toOptimizely", events));
        Assert.Equal((0, 3), await QueueAsync("toOptimizely", events));
        await Testing.Until.True(() => _shop.Optimizely.EventBatches.Count > 0, TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await SettledAsync("sent", 3);

        var batch = Assert.Single(_shop.Optimizely.EventBatches);
        var visitor = Assert.Single(batch["visitors"]!.AsArray())!;
        Assert.Equal("u-1", (string)visitor["visitor_id"]!);
        var uuids = visitor["snapshots"]![0]!["events"]!.AsArray().Select(each => (string)each!["uuid"]!).ToList();
        Assert.Equal(3, uuids.Distinct().Count());
        Assert.Empty(_shop.Optimizely.Violations);
    }

    [Fact]
    public async Task Ten_thousand_events_are_one_call_and_more_are_refused()
    {
        await _shop.ConnectAsync();
        var events = Enumerable.Range(0, 10_001).Select(i => Event($"many-{i}", "page_view", $"u-{i % 100}", null)).ToArray();
        var refused = await app.Client.PostAsJsonAsync("/api/optimizely-brevo/conversions", Body("toOptimizely", events), TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Equal((10_000, 0), await QueueAsync("toOptimizely", [.. events.Take(10_000).Select(each => each.DeepClone().AsObject())]));
        await SettledAsync("sent", 10_000);
        Assert.Equal(10_000, Assert.Single(_shop.Optimizely.EventBatches)["visitors"]!.AsArray().Sum(visitor => visitor!["snapshots"]![0]!["events"]!.AsArray().Count));
    }

    [Fact]
    public async Task An_events_batch_whose_answer_got_lost_is_settled_by_asking_Brevo()
    {
        await _shop.ConnectAsync();
        _shop.Brevo.Play(new Fault("POST /v3/events/batch", 0, AfterWork: true));
        await QueueAsync("toBrevo", [.. Enumerable.Range(0, 5).Select(i => Event($"lost-{i}", "purchase", "u", $"lost{i}@example.com"))]);
        await SettledAsync("sent", 5);

        Assert.Equal(5, _shop.Brevo.Events.Count);
        Assert.Equal(5, _shop.Brevo.Events.Select(each => (string)each["event_properties"]!["event_id"]!).Distinct().Count());
        Assert.Equal(1, _shop.Brevo.Calls.Count(call => call is { Method: "POST", Path: "/v3/events/batch" }));
        Assert.Empty(_shop.Brevo.Violations);
    }

    [Fact]
    public async Task One_refused_event_has_its_reason_and_the_others_arrive_under_their_names()
    {
        await _shop.ConnectAsync(settings => settings["conversions"] = new JsonObject { ["names"] = new JsonObject { ["purchase"] = "order_completed" } });
        _shop.Brevo.BadEmails["bad@example.com"] = "identifiers are not valid for bad@example.com";
        await QueueAsync("toBrevo", [Event("a", "purchase", "u", "good@example.com"), Event("b", "purchase", "u", "bad@example.com"), Event("c", "purchase", "u", null)]);
        await SettledAsync("rejected", 1);

        var listed = (await (await app.Client.GetAsync($"/api/optimizely-brevo/conversions?connectionId={_shop.Id}", TestContext.Current.CancellationToken)).ReadAsync())["items"]!.AsArray();
        Assert.Equal("identifiers are not valid for b***@e***.com", (string)listed.Single(each => (string)each!["state"]! == "rejected")!["reason"]!);
        Assert.Contains("e-mail address", (string)listed.Single(each => (string)each!["state"]! == "skipped")!["reason"]!, StringComparison.Ordinal);
        Assert.Equal("order_completed", (string)Assert.Single(_shop.Brevo.Events)["event_name"]!);
    }

    private static JsonObject Event(string id, string key, string user, string? email) => new()
    {
        ["id"] = id,
        ["eventKey"] = key,
        ["userId"] = user,
        ["attributes"] = email is null ? [] : new JsonObject { ["email"] = email },
        ["timestamp"] = Noon.ToString("O"),
        ["revenue"] = 4200,
    };

    private JsonObject Body(string direction, JsonObject[] events) =>
        new() { ["connectionId"] = _shop.Id, ["direction"] = direction, ["events"] = new JsonArray([.. events.Select(each => each.DeepClone())]) };

    private async Task<(int Queued, int Repeated)> QueueAsync(string direction, JsonObject[] events)
    {
        var answer = await (await app.Client.PostAsJsonAsync("/api/optimizely-brevo/conversions", Body(direction, events), TestContext.Current.CancellationToken)).ReadAsync();
        Assert.True(answer.ContainsKey("queued"), answer.ToJsonString());
        return ((int)answer["queued"]!, (int)answer["repeated"]!);
    }

    private Task SettledAsync(string state, int events) => Testing.Until.True(async () =>
    {
        var counts = JsonNode.Parse(await app.Client.GetStringAsync($"/api/optimizely-brevo/conversions/counts?connectionId={_shop.Id}", TestContext.Current.CancellationToken))!.AsArray();
        return counts.Any(each => (string)each!["state"]! == state && (int)each["events"]! == events) && counts.All(each => (string)each!["state"]! != "queued");
    }, TimeSpan.FromSeconds(90), TestContext.Current.CancellationToken);
}
