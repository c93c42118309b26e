using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;
using static Platform.EndToEnd.Tests.RealExports;

namespace Platform.EndToEnd.Tests;

/// <summary>What a person asks of a run, and what a run does about days that are late, written again, missing or dirty (R5, R8, R10), through the gateway.</summary>
public sealed class SteeringRuns(RunningPlatform platform)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly ExportBucket _export = new(platform.S3);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Late_rewritten_and_missing_days()
    {
        using var user = await PlatformUser.OfAsync(platform);
        await _export.PutEventsAsync("steered", "2026-03-01", ExportBucket.Events(0, 100));
        var (courier, table) = await CourierAsync(user, "steered", "2026-03-01");

        // The second day is not complete yet: the run waits for its marker, and takes it when it comes.
        await _export.PutEventsAsync("steered", "2026-03-02", ExportBucket.Events(100, 150), success: false);
        var waits = await user.StartAsync(courier, With(Period("2026-03-01", "2026-03-03"), "wait", "10 minutes"));
        var waiting = await Until.Is(() => user.GetAsync($"/api/courier-runs/{waits}"), found => found["nextLookAt"] is not null || found["endedAt"] is not null, Patience, Cancelled);
        Assert.Contains("date=2026-03-02/_SUCCESS", (string)waiting["missingFiles"]![0]!);
        await _export.SucceedAsync("steered", "2026-03-02");
        var late = await user.EndOfAsync(waits);
        Assert.Equal(("succeeded", 1, 1), ((string)late["state"]!, (int)late["files"]!["pulled"]!, (int)late["files"]!["unchanged"]!));

        // The first day is written again: that file alone is pulled again; with force, both are.
        await _export.PutEventsAsync("steered", "2026-03-01", $"{ExportBucket.Events(0, 100, revenueAdded: 1, minutesLater: 5)} UNION ALL {ExportBucket.Events(1000, 1010)}");
        var rewritten = await user.RunAsync(courier, Period("2026-03-01", "2026-03-03"));
        Assert.Equal((1, 1), ((int)rewritten["files"]!["pulled"]!, (int)rewritten["files"]!["unchanged"]!));
        Assert.Equal("160 read, 10 inserted, 100 updated, 50 unchanged, 0 superseded, 0 rejected", Counts(rewritten));
        var forced = await user.RunAsync(courier, With(Period("2026-03-01", "2026-03-03"), "force", true));
        Assert.Equal((2, "160"), ((int)forced["files"]!["pulled"]!, await platform.AskAsync(table, "select count(*) from {table}")));

        // A third day has nothing: the run fails by its name, or passes it over when told to.
        var failed = await user.RunAsync(courier, Period("2026-03-02", "2026-03-04"));
        Assert.Equal("failed", (string)failed["state"]!);
        Assert.Contains("2026-03-03", (string)failed["missingFiles"]![0]!);
        var skipping = await user.RunAsync(courier, With(With(Period("2026-03-02", "2026-03-04"), "skipMissingFiles", true), "ingestOnly", true));
        Assert.Equal(("succeeded", true), ((string)skipping["state"]!, (bool)skipping["ingestOnly"]!));
        Assert.NotEmpty(skipping["warnings"]!.AsArray());
    }

    [Fact]
    public async Task Runs_of_one_courier_follow_each_other_and_are_cancelled_soon()
    {
        using var user = await PlatformUser.OfAsync(platform);
        await _export.PutEventsAsync("queued", "2026-03-01", ExportBucket.Events(0, 100));
        var (courier, table) = await CourierAsync(user, "queued", "2026-03-01");

        var both = await Task.WhenAll(user.StartAsync(courier, PlatformUser.Day("2026-03-01")), user.StartAsync(courier, PlatformUser.Day("2026-03-01")));
        var ended = (await Task.WhenAll(both.Select(user.EndOfAsync))).OrderBy(run => At(run, "startedAt")).ToArray();
        Assert.Equal(["succeeded", "succeeded"], ended.Select(run => (string)run["state"]!));
        Assert.True(At(ended[1], "startedAt") >= At(ended[0], "endedAt"), "the two runs overlapped");
        Assert.Equal("100", await platform.AskAsync(table, "select count(*) from {table}"));

        var waits = await user.StartAsync(courier, With(PlatformUser.Day("2026-03-02"), "wait", "10 minutes"));
        await Until.Is(() => user.GetAsync($"/api/courier-runs/{waits}"), found => found["nextLookAt"] is not null, Patience, Cancelled);
        await user.PostAsync($"/api/courier-runs/{waits}/cancel");
        var since = Stopwatch.StartNew();
        Assert.Equal("cancelled", (string)(await user.EndOfAsync(waits))["state"]!);
        Assert.InRange(since.Elapsed, TimeSpan.Zero, Patience);
    }

    [Fact]
    public async Task A_run_above_the_error_threshold_is_restarted_with_a_higher_one_and_pulls_nothing_again()
    {
        using var user = await PlatformUser.OfAsync(platform);
        await _export.PutEventsAsync("dirty", "2026-03-01", ExportBucket.Events(0, 100));
        var (courier, table) = await CourierAsync(user, "dirty", "2026-03-01");
        await _export.PutEventsAsync("dirty", "2026-03-02", ExportBucket.Events(200, 300, "CASE WHEN i < 205 THEN NULL ELSE md5('e' || i)::UUID::VARCHAR END"));

        var failed = await user.RunAsync(courier, PlatformUser.Day("2026-03-02"));
        Assert.Equal(("failed", "load"), ((string)failed["state"]!, (string)failed["phase"]!));
        Assert.Contains("5 of 100 rows were rejected (5 %)", (string)failed["message"]!);
        Assert.Equal("0", await platform.AskAsync(table, "select count(*) from {table}"));

        await user.PostAsync($"/api/courier-runs/{failed["id"]}/restart", new JsonObject { ["errorThresholdPercent"] = 6 });
        var again = await user.EndOfAsync((string)failed["id"]!);
        Assert.Equal("100 read, 95 inserted, 0 updated, 0 unchanged, 0 superseded, 5 rejected", Counts(again));
        Assert.Single((await user.GetAsync($"/api/landed-files?runId={failed["id"]}"))["items"]!.AsArray());

        // The next run has the feed's own threshold again.
        await _export.PutEventsAsync("dirty", "2026-03-03", ExportBucket.Events(300, 400, "CASE WHEN i < 305 THEN NULL ELSE md5('e' || i)::UUID::VARCHAR END"));
        Assert.Equal("failed", (string)(await user.RunAsync(courier, PlatformUser.Day("2026-03-03")))["state"]!);
        Assert.Equal("succeeded", (string)(await user.RunAsync(courier, With(PlatformUser.Day("2026-03-03"), "errorThresholdPercent", 5)))["state"]!);
    }

    /// <summary>A courier for an account's events, with a feed made of one day and not loaded yet.</summary>
    private static async Task<(string Courier, string Table)> CourierAsync(PlatformUser user, string account, string day)
    {
        var courier = await user.CourierAsync(await user.CredentialAsync(), account, ["events"]);
        await user.RunAsync(courier, PlatformUser.Day(day));
        var feed = await user.FeedAsync(courier, "events");
        await user.LoadIntoAsync(courier, ("events", feed.Id));
        return (courier, feed.Table);
    }

    private static JsonObject Period(string start, string end) => new() { ["mode"] = "period", ["start"] = start, ["end"] = end };

    private static JsonObject With(JsonObject request, string name, JsonNode value)
    {
        request[name] = value;
        return request;
    }

    private static DateTimeOffset At(JsonNode run, string name) => DateTimeOffset.Parse((string)run[name]!, CultureInfo.InvariantCulture);
}
