using System.Net;
using Platform.Contracts.Couriers;
using Platform.Contracts.Feeds;
using Platform.ServiceDefaults;
using Platform.Testing;
using Xunit;

namespace Platform.Couriers.Tests.Runs;

public sealed class CancellingRunsTests(CouriersApp app)
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task While_loading_the_load_is_given_up()
    {
        var id = await LoadingRunAsync();

        await app.PostAsync($"/api/courier-runs/{id}/cancel", null, HttpStatusCode.Accepted);
        await Until.Is(() => app.GetRunAsync(id), run => (string)run["state"]! == "cancelled", Promised, TestContext.Current.CancellationToken);

        Assert.Contains(app.Feeds.LoadsOf(id).Single().LoadId, app.Feeds.Cancelled);
        await CouriersApp.Eventually(() => app.Feeds.Ended.Any(ended => ended.RunId == id && ended.State == RunState.Cancelled));
        await app.PostAsync($"/api/courier-runs/{id}/cancel", null, HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task A_load_that_was_committed_before_the_cancel_arrived_counts()
    {
        var id = await LoadingRunAsync();
        app.Feeds.Deaf[id] = true;

        await app.PostAsync($"/api/courier-runs/{id}/cancel", null, HttpStatusCode.Accepted);
        await app.Feeds.SucceedAsync(app.Feeds.LoadsOf(id).Single(), new RowCounts { Read = 1, Inserted = 1 });

        Assert.Equal(1, (long)(await app.WaitAsync(id))["rows"]!["inserted"]!);
    }

    [Fact]
    public async Task A_feed_that_does_not_answer_holds_nobody_up()
    {
        var id = await LoadingRunAsync();
        app.Feeds.Deaf[id] = true;

        await app.PostAsync($"/api/courier-runs/{id}/cancel", null, HttpStatusCode.Accepted);
        await Until.Is(() => app.GetRunAsync(id), run => (string)run["state"]! == "cancelled", Promised + TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);

        // The truth arrives late, and is kept.
        await app.Feeds.SucceedAsync(app.Feeds.LoadsOf(id).Single(), new RowCounts { Read = 1, Inserted = 1 });
        var run = await Until.Is(() => app.GetRunAsync(id), run => (string)run["loads"]![0]!["state"]! == "loaded", null, TestContext.Current.CancellationToken);
        Assert.Equal("cancelled", (string)run["state"]!);
    }

    [Fact]
    public async Task While_landing_nothing_half_stays_and_a_restart_pulls_only_the_rest()
    {
        await using var stalling = await StallingS3.StartAsync(app.S3.Endpoint, "slow");
        app.Sisters.Credentials["cred-stalling"] = app.Credential(app.S3.SecretKey, endpoint: stalling.Address);
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "in/quick.csv", "quick");
        await app.PutAsync(bucket, "in/slow.csv", new string('x', 100_000));
        var body = app.NewS3Courier(bucket, "'in/*.csv'");
        body["credentialId"] = "cred-stalling";
        var courier = await app.CreateAsync(body);
        var id = await app.StartAsync(courier, new { mode = "all" });
        await Until.Is(() => app.GetRunAsync(id), run => (int)run["files"]!["pulled"]! == 1, null, TestContext.Current.CancellationToken);

        await app.PostAsync($"/api/courier-runs/{id}/cancel", null, HttpStatusCode.Accepted);
        var cancelled = await Until.Is(() => app.GetRunAsync(id), run => (string)run["state"]! == "cancelled", Promised, TestContext.Current.CancellationToken);
        Assert.Equal("land", (string)cancelled["phase"]!);
        await CouriersApp.Eventually(() => Directory.GetFiles(Path.Combine(app.LandingRoot, courier, id)).Length == 1);

        stalling.Release();
        await app.PostAsync($"/api/courier-runs/{id}/restart", null, HttpStatusCode.Accepted);
        var run = await app.WaitAsync(id);
        Assert.Equal(2, (int)run["files"]!["pulled"]!);
        Assert.Equal(2, Directory.GetFiles(Path.Combine(app.LandingRoot, courier, id)).Length);
    }

    [Fact]
    public async Task A_queued_run_is_cancelled_before_it_begins()
    {
        var first = await LoadingRunAsync();
        var courier = (string)(await app.GetRunAsync(first))["courierId"]!;
        var second = await app.StartAsync(courier);

        await app.PostAsync($"/api/courier-runs/{second}/cancel", null, HttpStatusCode.Accepted);

        Assert.Equal("cancelled", (string)(await app.GetRunAsync(second))["state"]!);
        await app.PostAsync($"/api/courier-runs/{first}/cancel", null, HttpStatusCode.Accepted);
        await app.WaitAsync(first, "cancelled");
    }

    private async Task<string> LoadingRunAsync()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutDayAsync(bucket);
        var feed = PublicId.Short("df");
        app.Sisters.Feeds[feed] = true;
        var courier = await app.CreateAsync(app.NewOptimizelyCourier(bucket, LoadingFeedsTests.Operations((feed, false, "events"))));
        var id = await app.StartAsync(courier);
        await CouriersApp.Eventually(() => app.Feeds.LoadsOf(id).Count == 1);
        return id;
    }
}
