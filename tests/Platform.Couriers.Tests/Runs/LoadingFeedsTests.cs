using System.Net;
using System.Text.Json.Nodes;
using Platform.Contracts.Couriers;
using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;
using Platform.ServiceDefaults;
using Xunit;

namespace Platform.Couriers.Tests.Runs;

public sealed class LoadingFeedsTests(CouriersApp app)
{
    private static readonly RowCounts Balanced = new() { Read = 10, Inserted = 4, Updated = 3, Unchanged = 1, Superseded = 1, Rejected = 1 };

    [Fact]
    public async Task Feeds_are_loaded_in_the_order_of_the_operations_and_their_counts_add_up()
    {
        var (courier, events, decisions) = await CourierWithFeedsAsync();
        var id = await app.StartAsync(courier);
        await CouriersApp.Eventually(() => app.Feeds.LoadsOf(id).Count == 2);

        var loads = new[] { app.Feeds.LoadOf(id, events), app.Feeds.LoadOf(id, decisions) };
        Assert.Equal([events, decisions], (await app.GetRunAsync(id))["loads"]!.AsArray().Select(load => (string)load!["feedId"]!));
        Assert.Equal([true, false], loads.Select(load => load.Truncate));
        Assert.Equal(["events"], loads[0].Tags);
        var waiting = await app.GetRunAsync(id);
        Assert.Equal(("running", "load"), ((string)waiting["state"]!, (string)waiting["phase"]!));

        await app.Feeds.PublishAsync(new LoadProgressed { LoadId = loads[0].LoadId, RunId = id, Phase = "reading", RowsRead = 7 });
        await Testing.Until.Is(() => app.GetRunAsync(id), run => (long)run["progress"]!["rowsRead"]! == 7, null, TestContext.Current.CancellationToken);
        await app.Feeds.SucceedAsync(loads[0], Balanced);
        await app.Feeds.SucceedAsync(loads[1], Balanced);

        var run = await app.WaitAsync(id);
        Assert.Equal(20, (long)run["rows"]!["read"]!);
        Assert.Equal("merge", (string)run["loads"]![0]!["strategy"]!);
        await CouriersApp.Eventually(() => app.Feeds.Ended.Any(ended => ended.RunId == id && ended.Rows.Inserted == 8 && ended.State == RunState.Succeeded));
    }

    [Fact]
    public async Task Counts_that_do_not_balance_never_succeed()
    {
        var (courier, _, _) = await CourierWithFeedsAsync();
        var id = await app.StartAsync(courier);
        await CouriersApp.Eventually(() => app.Feeds.LoadsOf(id).Count == 2);
        var loads = app.Feeds.LoadsOf(id);
        await app.Feeds.SucceedAsync(loads[0], Balanced);
        await app.Feeds.SucceedAsync(loads[1], Balanced with { Read = 11 });

        var run = await app.WaitAsync(id, "failed");

        Assert.Equal("bug", (string)run["failure"]!["category"]!);
        Assert.Contains("do not balance", (string)run["message"]!);
    }

    [Fact]
    public async Task An_unknown_feed_lets_files_land_and_then_fails_in_two_lines()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutDayAsync(bucket);
        var body = app.NewOptimizelyCourier(bucket, Operations(("df-xxxxxx", false, "events")));
        var created = await app.PostAsync("/api/couriers", body, HttpStatusCode.Created);
        Assert.Contains("df-xxxxxx", created["warnings"]!.ToJsonString());

        var run = await app.RunAsync((string)created["id"]!, state: "failed");

        Assert.Equal("Error running load-operations task\nCannot find required feeds: \"df-xxxxxx\"", (string)run["message"]!);
        Assert.Equal("load", (string)run["phase"]!);
        Assert.Equal(3, (int)run["files"]!["pulled"]!);
        Assert.Equal(3, (await app.GetAsync($"/api/landed-files?runId={run["id"]}"))["items"]!.AsArray().Count);

        // The seed's way: make the feed, correct the operations, run again; here by restarting what failed.
        var feed = NewFeed();
        body["loadOperations"] = Operations((feed, false, "events"));
        await app.PutAsync($"/api/couriers/{created["id"]}", body);
        await app.PostAsync($"/api/courier-runs/{run["id"]}/restart", null, HttpStatusCode.Accepted);
        await CouriersApp.Eventually(() => app.Feeds.LoadsOf((string)run["id"]!).Count == 1);
        await app.Feeds.SucceedAsync(app.Feeds.LoadsOf((string)run["id"]!)[0], Balanced);
        Assert.Equal(3, (int)(await app.WaitAsync((string)run["id"]!))["files"]!["pulled"]!);
    }

    [Fact]
    public async Task A_restart_repeats_only_the_load_that_failed()
    {
        var (courier, events, decisions) = await CourierWithFeedsAsync();
        var id = await app.StartAsync(courier);
        await CouriersApp.Eventually(() => app.Feeds.LoadsOf(id).Count == 2);
        var loads = new[] { app.Feeds.LoadOf(id, events), app.Feeds.LoadOf(id, decisions) };
        await app.Feeds.FailAsync(loads[0], FailureCategory.BadFile, "The file is truncated.");
        await app.Feeds.SucceedAsync(loads[1], Balanced);
        var failed = await app.WaitAsync(id, "failed");
        Assert.Equal($"Loading the feed {events} failed: The file is truncated.", (string)failed["message"]!);
        Assert.Equal("badFile", (string)failed["failure"]!["category"]!);

        await app.PostAsync($"/api/courier-runs/{id}/restart", null, HttpStatusCode.Accepted);
        await CouriersApp.Eventually(() => app.Feeds.LoadsOf(id).Count == 3);
        var repeated = app.Feeds.LoadsOf(id).Except(loads).Single();
        Assert.Equal(events, repeated.FeedId);
        await app.Feeds.SucceedAsync(repeated, Balanced);

        var run = await app.WaitAsync(id);
        Assert.Equal(20, (long)run["rows"]!["read"]!);
        Assert.Equal(2, run["loads"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_held_load_is_told_with_its_remedy_until_a_person_has_decided()
    {
        var (courier, events, decisions) = await CourierWithFeedsAsync();
        var id = await app.StartAsync(courier);
        await CouriersApp.Eventually(() => app.Feeds.LoadsOf(id).Count == 2);
        var held = app.Feeds.LoadOf(id, events);
        await app.Feeds.SucceedAsync(app.Feeds.LoadOf(id, decisions), Balanced);
        await app.Feeds.PublishAsync(new FeedLoadHeld
        {
            LoadId = held.LoadId,
            RunId = id,
            FeedId = events,
            DomainTable = "Test:Events",
            TableRows = 100,
            RowsAfter = 0,
            Reason = "The table would lose 100 of 100 rows; at most 50 % are allowed. Approve with POST /api/loads/x/approve.",
        });

        var waiting = await Testing.Until.Is(() => app.GetRunAsync(id), run => (string)run["loads"]![0]!["state"]! == "held", null, TestContext.Current.CancellationToken);
        Assert.Equal("running", (string)waiting["state"]!);
        Assert.Contains("Approve with", (string)waiting["message"]!);
        Assert.Contains("Approve with", (string)waiting["loads"]![0]!["heldReason"]!);

        await app.Feeds.SucceedAsync(held, Balanced);
        var run = await app.WaitAsync(id);
        Assert.Null(run["loads"]![0]!["heldReason"]);
        Assert.Equal(20, (long)run["rows"]!["read"]!);
    }

    [Fact]
    public async Task The_error_threshold_can_be_raised_for_one_run_and_for_its_restart()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutDayAsync(bucket);
        var courier = await app.CreateAsync(app.NewOptimizelyCourier(bucket, Operations((NewFeed(), false, "events"))));
        var refused = await app.PostAsync($"/api/couriers/{courier}/runs", new JsonObject { ["mode"] = "all", ["errorThresholdPercent"] = 101 }, HttpStatusCode.BadRequest);
        Assert.Equal("$.errorThresholdPercent", (string)refused["errors"]![0]!["path"]!);

        var id = (string)(await app.PostAsync($"/api/couriers/{courier}/runs", new JsonObject { ["mode"] = "day", ["date"] = "2020-09-14", ["errorThresholdPercent"] = 2.5 }, HttpStatusCode.Accepted))["id"]!;
        await CouriersApp.Eventually(() => app.Feeds.LoadsOf(id).Count == 1);
        var first = app.Feeds.LoadsOf(id)[0];
        Assert.Equal(2.5m, first.ErrorThresholdPercent);
        await app.Feeds.FailAsync(first, FailureCategory.BadFile, "3 % of the rows were rejected.");
        await app.WaitAsync(id, "failed");

        await app.PostAsync($"/api/courier-runs/{id}/restart", new JsonObject { ["errorThresholdPercent"] = 4 }, HttpStatusCode.Accepted);
        await CouriersApp.Eventually(() => app.Feeds.LoadsOf(id).Count == 2);
        var second = app.Feeds.LoadsOf(id).Single(load => load.LoadId != first.LoadId);
        Assert.Equal(4m, second.ErrorThresholdPercent);
        await app.Feeds.SucceedAsync(second, Balanced);
        Assert.Equal(4, (decimal)(await app.WaitAsync(id))["errorThresholdPercent"]!);
    }

    [Fact]
    public async Task A_command_on_the_bus_starts_one_run_however_often_it_comes()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutDayAsync(bucket);
        var courier = await app.CreateAsync(app.NewOptimizelyCourier(bucket));
        var command = new RunCourier { RunId = PublicId.Sequential("run"), CourierId = courier, Mode = RunMode.Day, Date = new(2020, 9, 14), RequestedBy = "test" };

        await app.Feeds.PublishAsync(command);
        await app.Feeds.PublishAsync(command);

        await CouriersApp.Eventually(() => app.Feeds.Ended.Any(ended => ended.RunId == command.RunId && ended.State == RunState.Succeeded));
        Assert.Single((await app.GetAsync($"/api/courier-runs?courierId={courier}"))["items"]!.AsArray());
    }

    [Fact]
    public async Task A_command_for_an_unknown_courier_is_answered_by_a_failed_run()
    {
        var command = new RunCourier { RunId = PublicId.Sequential("run"), CourierId = "cr-unknown", Mode = RunMode.All, RequestedBy = "test" };

        await app.Feeds.PublishAsync(command);

        await CouriersApp.Eventually(() => app.Feeds.Ended.Any(ended => ended.RunId == command.RunId && ended.State == RunState.Failed));
    }

    [Fact]
    public async Task A_command_cancels_a_run_that_waits_for_its_feeds_and_changes_no_ended_one()
    {
        var (courier, _, _) = await CourierWithFeedsAsync();
        var run = await app.StartAsync(courier);
        await CouriersApp.Eventually(() => app.Feeds.LoadsOf(run).Count == 2);

        await app.Feeds.PublishAsync(new CancelCourierRun { RunId = run, RequestedBy = "test" });
        await app.WaitAsync(run, "cancelled");
        await app.Feeds.PublishAsync(new CancelCourierRun { RunId = run, RequestedBy = "test" });
        await app.Feeds.PublishAsync(new CancelCourierRun { RunId = "run-unknown", RequestedBy = "test" });

        Assert.NotEmpty((await app.GetAsync($"/api/courier-runs?courierId={courier}&state=cancelled"))["items"]!.AsArray());
        await CouriersApp.Eventually(() => app.Feeds.Ended.Any(ended => ended.RunId == run && ended.State == RunState.Cancelled));
    }

    [Fact]
    public async Task Runs_of_a_courier_wait_for_each_other()
    {
        var (courier, _, _) = await CourierWithFeedsAsync();
        var first = await app.StartAsync(courier);
        await CouriersApp.Eventually(() => app.Feeds.LoadsOf(first).Count == 2);
        var second = await app.StartAsync(courier);

        Assert.Equal("queued", (string)(await app.GetRunAsync(second))["state"]!);
        foreach (var load in app.Feeds.LoadsOf(first))
        {
            await app.Feeds.SucceedAsync(load, Balanced);
        }

        await app.WaitAsync(first);
        await CouriersApp.Eventually(() => app.Feeds.LoadsOf(second).Count == 2);
        await app.PostAsync($"/api/courier-runs/{second}/cancel", null, HttpStatusCode.Accepted);
        await app.WaitAsync(second, "cancelled");
    }

    internal static JsonObject Operations(params (string Feed, bool Truncate, string Tag)[] operations)
    {
        var json = new JsonObject();
        foreach (var (feed, truncate, tag) in operations)
        {
            json[feed] = truncate
                ? new JsonArray(new JsonObject { ["type"] = "load", ["file"] = tag }, new JsonObject { ["type"] = "truncate" })
                : new JsonArray(new JsonObject { ["type"] = "load", ["file"] = tag });
        }

        return json;
    }

    private string NewFeed()
    {
        var feed = PublicId.Short("df");
        app.Sisters.Feeds[feed] = true;
        return feed;
    }

    private async Task<(string Courier, string Events, string Decisions)> CourierWithFeedsAsync()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutDayAsync(bucket);
        var (events, decisions) = (NewFeed(), NewFeed());
        return (await app.CreateAsync(app.NewOptimizelyCourier(bucket, Operations((events, true, "events"), (decisions, false, "decisions")))), events, decisions);
    }
}
