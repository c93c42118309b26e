using System.Text.Json.Nodes;
using Xunit;

namespace Platform.OptimizelyBrevo.Tests.Results;

public sealed class ReportingResultsTests(OptimizelyBrevoApp app)
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);
    private readonly Customer _shop = new(app);

    [Fact]
    public async Task A_winner_is_told_only_after_the_experiment_has_concluded()
    {
        var experiment = Experiment("running");
        _shop.Optimizely.Objects["experiments"].Add(experiment);
        _shop.Optimizely.Results["10"] = new([(202, ""), (200, V2("better", 0.97)), (200, V2("better", 0.99))]);
        await _shop.ConnectAsync(settings => settings["winners"] = new JsonObject { ["attribute"] = "WINNING", ["listId"] = 7 });
        await _shop.DecideAsync(Customer.Decision("won@example.com", null, "exp_open", "on", Noon), Customer.Decision("lost@example.com", null, "exp_open", "off", Noon));
        await _shop.LastSyncAsync();

        var running = await ReportAsync(report => (string?)report["state"] == "ready");
        Assert.Contains("whoever leads may still lose", (string)running["message"]!, StringComparison.Ordinal);
        Assert.Equal("101", (string)running["latest"]!["metrics"]![0]!["best"]!["variationId"]!);
        Assert.Equal(1, (int)running["contacts"]!["on"]!);
        await _shop.SyncAsync();
        Assert.DoesNotContain("WINNING", _shop.Brevo.Contacts["won@example.com"].Attributes.Select(each => each.Key));

        experiment["status"] = "concluded";
        await app.Client.PostAsync($"/api/optimizely-brevo/experiments/refresh?connectionId={_shop.Id}", null, TestContext.Current.CancellationToken);
        var concluded = await ReportAsync(report => (string?)report["message"] == "Concluded; the winner is 'on'.");
        Assert.NotEmpty(concluded["history"]!.AsArray());
        await _shop.SyncAsync();
        Assert.Equal("exp_open: on", (string)_shop.Brevo.Contacts["won@example.com"].Attributes["WINNING"]!);
        Assert.Contains(7, _shop.Brevo.Contacts["won@example.com"].Lists);
        Assert.DoesNotContain(7, _shop.Brevo.Contacts["lost@example.com"].Lists);
        Assert.Empty(_shop.Optimizely.Violations);
    }

    [Fact]
    public async Task Results_in_the_seeds_shape_have_a_winner_too()
    {
        _shop.Optimizely.Objects["experiments"].Add(Experiment("concluded"));
        _shop.Optimizely.Results["10"] = new([(200, """
            {"metrics":[{"variation_name":"off","is_improvement":false,"statistical_significance":0.99},{"variation_name":"on","is_improvement":true,"statistical_significance":0.95}]}
            """)]);
        await _shop.ConnectAsync();
        await app.Client.PostAsync($"/api/optimizely-brevo/experiments/refresh?connectionId={_shop.Id}", null, TestContext.Current.CancellationToken);
        await ReportAsync(report => (string?)report["message"] == "Concluded; the winner is 'on'.");
    }

    [Fact]
    public async Task An_experiment_that_has_not_started_says_what_to_do()
    {
        _shop.Optimizely.Objects["experiments"].Add(Experiment("not_started"));
        await _shop.ConnectAsync();
        await app.Client.PostAsync($"/api/optimizely-brevo/experiments/refresh?connectionId={_shop.Id}", null, TestContext.Current.CancellationToken);
        var report = await ReportAsync(each => each["state"] is not null);
        Assert.Equal(("notStarted", "The experiment has not started: verify that its status is \"running\"."), ((string)report["state"]!, (string)report["message"]!));

        await _shop.DecideAsync(Customer.Decision("early@example.com", null, "exp_open", "on", Noon));
        var sync = await _shop.LastSyncAsync();
        Assert.Contains("exp_open' is not_started", (string)Assert.Single(await _shop.ChangesAsync((string)sync["id"]!, "skipped"))!["reason"]!, StringComparison.Ordinal);
    }

    private Task<JsonObject> ReportAsync(Func<JsonObject, bool> until) => Testing.Until.Is(
        async () => await (await app.Client.GetAsync($"/api/optimizely-brevo/experiments/10/report?connectionId={_shop.Id}", TestContext.Current.CancellationToken)).ReadAsync(), until, TimeSpan.FromSeconds(90));

    private static JsonObject Experiment(string status) => JsonNode.Parse($$"""
        {"id":10,"project_id":2,"key":"exp_open","name":"Open","status":"{{status}}","type":"feature","variations":[{"variation_id":101,"key":"on","name":"On","weight":5000},{"variation_id":102,"key":"off","name":"Off","weight":5000}]}
        """)!.AsObject();

    private static string V2(string status, double significance) => $$$$"""
        {"experiment_id":10,"metrics":[{"name":"purchase","aggregator":"unique","winning_direction":"increasing","results":{
          "101":{"variation_id":"101","name":"On","is_baseline":false,"rate":0.2,"samples":1000,"value":200,"lift":{"value":0.5,"significance":{{{{significance.ToString(System.Globalization.CultureInfo.InvariantCulture)}}}},"is_significant":true,"lift_status":"{{{{status}}}}"}},
          "102":{"variation_id":"102","name":"Off","is_baseline":true,"rate":0.13,"samples":1000,"value":130}}}]}
        """;
}
