using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Platform.Contracts.Couriers;
using Platform.Contracts.Feeds;
using Platform.Contracts.Scheduler;
using Platform.Scheduler.Tests.Kit;
using Xunit;

namespace Platform.Scheduler.Tests.Runs;

public sealed class RunningAGroupTests(SchedulerApp app) : IClassFixture<SchedulerApp>
{
    private readonly string _name = $"g{Guid.CreateVersion7():n}";

    [Fact]
    public async Task Couriers_run_in_parallel_and_downstream_starts_after_the_last_of_them()
    {
        var id = await app.CreateGroupAsync(new { name = _name, couriers = Couriers("a", "b") });
        var run = await app.PostAsync($"/api/courier-groups/{id}/runs", expected: HttpStatusCode.Accepted);
        Assert.Equal("running", (string?)run["state"]);
        var (a, b) = (await StartedAsync("a"), await StartedAsync("b"));

        await app.Couriers.PublishAsync(CouriersOnTheBus.Success(a));
        await Wait.Until(async () => (string?)(await app.GetAsync($"/api/group-runs/{run["id"]}"))["couriers"]![0]!["state"] == "succeeded");
        Assert.DoesNotContain(app.Couriers.Ended, ended => ended.GroupId == id);

        await app.Couriers.PublishAsync(CouriersOnTheBus.Success(b));
        var ended = await Wait.For(() => Task.FromResult(app.Couriers.Ended.FirstOrDefault(ended => ended.GroupId == id)), ended => ended is not null);
        Assert.Equal(GroupRunState.Succeeded, ended!.State);
        Assert.True(ended is { RefreshDownstream: true, SendDownstream: true, Trigger: GroupRunTrigger.Manual });
        Assert.StartsWith("Completed in ", ended.Message);
        await Wait.Until(() => app.Couriers.Changes.Count(change => change.GroupId == id) == 2);
        Assert.Equal([(null, GroupRunState.Running), (GroupRunState.Running, GroupRunState.Succeeded)],
            app.Couriers.Changes.Where(change => change.GroupId == id).OrderBy(change => change.At).Select(change => (change.From, change.To)));
    }

    [Fact]
    public async Task A_failed_courier_fails_the_group_with_its_reason_after_the_others_ended()
    {
        var id = await app.CreateGroupAsync(new { name = _name, couriers = Couriers("a", "b") });
        await app.PostAsync($"/api/courier-groups/{id}/runs", expected: HttpStatusCode.Accepted);
        await app.Couriers.PublishAsync(CouriersOnTheBus.Failure(await StartedAsync("a")));
        var b = await StartedAsync("b");
        await Wait.Until(async () => (string?)(await app.RunsAsync(id))[0]["couriers"]![0]!["state"] == "failed");
        Assert.Equal("running", (string?)(await app.RunsAsync(id))[0]["state"]);

        await app.Couriers.PublishAsync(CouriersOnTheBus.Success(b));
        var run = await app.UntilAsync(id, "failed");
        Assert.Equal($"Courier {_name}-a: users.csv: 3 columns, expected 4", (string?)run["message"]);
        var notification = (await app.GetAsync($"/api/notifications?groupId={id}"))["items"]![0]!;
        Assert.Equal(("error", "failed"), ((string?)notification["severity"], (string?)notification["event"]));
        Assert.Contains("3 columns", (string?)notification["why"]);
        Assert.Contains($"/api/courier-groups/{id}/runs", (string?)notification["whatToDo"]);
    }

    [Fact]
    public async Task A_courier_that_is_not_required_may_fail()
    {
        var id = await app.CreateGroupAsync(new { name = _name, couriers = new object[] { new { courierId = $"{_name}-a", required = false }, new { courierId = $"{_name}-b" } } });
        await app.PostAsync($"/api/courier-groups/{id}/runs", expected: HttpStatusCode.Accepted);
        await app.Couriers.PublishAsync(CouriersOnTheBus.Failure(await StartedAsync("a")));
        await app.Couriers.PublishAsync(CouriersOnTheBus.Success(await StartedAsync("b")));
        Assert.Contains("1 of the couriers that are not required did not complete", (string?)(await app.UntilAsync(id, "succeeded"))["message"]);
    }

    [Fact]
    public async Task Late_files_are_waited_for_and_the_first_arrival_ends_the_wait()
    {
        var id = await app.CreateGroupAsync(new { name = _name, couriers = Couriers("a"), wait = "2 hours" });
        await app.PostAsync($"/api/courier-groups/{id}/runs", expected: HttpStatusCode.Accepted);
        var first = await StartedAsync("a");
        Assert.NotNull(first.WaitUntil);
        await app.Couriers.PublishAsync(CouriersOnTheBus.Misses(first, "users-2026-05-02.csv"));
        await Wait.Until(async () => (string?)(await app.RunsAsync(id))[0]["couriers"]![0]!["state"] == "waitingForFiles");

        app.Clock.Advance(TimeSpan.FromMinutes(6));
        await Wait.Until(() => app.Couriers.RunsOf($"{_name}-a").Count == 2);
        await app.Couriers.PublishAsync(CouriersOnTheBus.Success(app.Couriers.RunsOf($"{_name}-a")[1]));
        var run = await app.UntilAsync(id, "succeeded");
        Assert.Equal(2, (int)run["couriers"]![0]!["attempts"]!);
    }

    [Fact]
    public async Task When_files_do_not_come_the_group_stops_and_cancels_its_other_couriers()
    {
        var id = await app.CreateGroupAsync(new { name = _name, couriers = Couriers("a", "b"), wait = "10 minutes" });
        await app.PostAsync($"/api/courier-groups/{id}/runs", expected: HttpStatusCode.Accepted);
        var b = await StartedAsync("b");
        await app.Couriers.PublishAsync(CouriersOnTheBus.Misses(await StartedAsync("a"), "users-2026-05-02.csv"));
        await Wait.Until(async () => (string?)(await app.RunsAsync(id))[0]["couriers"]![0]!["state"] == "waitingForFiles");
        app.Clock.Advance(TimeSpan.FromMinutes(11));
        await Wait.Until(() => app.Couriers.RunsOf($"{_name}-a").Count == 2);
        await app.Couriers.PublishAsync(CouriersOnTheBus.Misses(app.Couriers.RunsOf($"{_name}-a")[1], "users-2026-05-02.csv"));

        var run = await app.UntilAsync(id, "failed");
        Assert.Contains("users-2026-05-02.csv", (string?)run["message"]);
        await Wait.Until(() => app.Couriers.Cancelled.Any(cancelled => cancelled.RunId == b.RunId));
        Assert.Contains((await app.GetAsync($"/api/notifications?groupId={id}"))["items"]!.AsArray(), each => (string?)each!["event"] == "missing");
    }

    [Fact]
    public async Task Or_the_courier_goes_on_without_them_and_says_so()
    {
        var id = await app.CreateGroupAsync(new { name = _name, couriers = Couriers("a"), whenMissing = "alert", wait = "5 minutes" });
        await app.PostAsync($"/api/courier-groups/{id}/runs", expected: HttpStatusCode.Accepted);
        var first = await StartedAsync("a");
        Assert.False(first.SkipMissingFiles);
        app.Clock.Advance(TimeSpan.FromMinutes(6));
        await app.Couriers.PublishAsync(CouriersOnTheBus.Misses(first, "users-2026-05-02.csv"));
        await Wait.Until(() => app.Couriers.RunsOf($"{_name}-a").Count == 2);
        var second = app.Couriers.RunsOf($"{_name}-a")[1];
        Assert.True(second.SkipMissingFiles);
        await app.Couriers.PublishAsync(CouriersOnTheBus.Success(second) with { MissingFiles = ["users-2026-05-02.csv"] });
        await app.UntilAsync(id, "succeeded");
        Assert.Contains((await app.GetAsync($"/api/notifications?groupId={id}&severity=warning"))["items"]!.AsArray(), each => ((string)each!["what"]!).Contains("users-2026-05-02.csv"));
    }

    [Theory]
    [InlineData("wait", "running")]
    [InlineData("goOn", "succeeded")]
    public async Task A_held_load_is_waited_for_or_passed_over_and_never_told_as_completed(string whenHeld, string state)
    {
        var id = await app.CreateGroupAsync(new { name = _name, couriers = Couriers("a", "b"), whenHeld });
        await app.PostAsync($"/api/courier-groups/{id}/runs", expected: HttpStatusCode.Accepted);
        var (a, b) = (await StartedAsync("a"), await StartedAsync("b"));
        await app.Couriers.PublishAsync(new FeedLoadHeld
        {
            LoadId = $"ld-{_name}",
            RunId = a.RunId,
            FeedId = "df-x",
            DomainTable = "Shop:Orders",
            TableRows = 1000,
            RowsAfter = 10,
            Reason = "990 of 1000 rows would go",
        });
        await Wait.Until(async () => ((string?)(await app.RunsAsync(id))[0]["couriers"]![0]!["message"])!.StartsWith("Held: 990 of 1000", StringComparison.Ordinal));
        await app.Couriers.PublishAsync(CouriersOnTheBus.Success(b));
        await Wait.Until(async () => (string?)(await app.RunsAsync(id))[0]["couriers"]![1]!["state"] == "succeeded");
        Assert.Equal(state, (string?)(await app.UntilAsync(id, state))["state"]);
        Assert.Contains($"/api/loads/ld-{_name}", (string?)(await app.GetAsync($"/api/notifications?groupId={id}&severity=warning"))["items"]![0]!["whatToDo"]);

        if (whenHeld == "goOn")
        {
            var ended = await Wait.For(() => Task.FromResult(app.Couriers.Ended.FirstOrDefault(ended => ended.GroupId == id)), ended => ended is not null);
            Assert.Equal([(false, true), (true, (bool?)null)], ended!.Couriers.Select(courier => (courier.Succeeded, courier.Held)));
            return;
        }

        Assert.DoesNotContain(app.Couriers.Ended, ended => ended.GroupId == id);
        await app.Couriers.PublishAsync(CouriersOnTheBus.Success(a));
        await app.UntilAsync(id, "succeeded");
    }

    [Fact]
    public async Task Cancelling_a_run_cancels_its_couriers()
    {
        var id = await app.CreateGroupAsync(new { name = _name, couriers = Couriers("a") });
        var run = await app.PostAsync($"/api/courier-groups/{id}/runs", expected: HttpStatusCode.Accepted);
        var a = await StartedAsync("a");
        Assert.Equal("cancelled", (string?)(await app.PostAsync($"/api/group-runs/{run["id"]}/cancel"))["state"]);
        await Wait.Until(() => app.Couriers.Cancelled.Any(cancelled => cancelled.RunId == a.RunId));
        var problem = await app.PostAsync($"/api/group-runs/{run["id"]}/cancel", expected: HttpStatusCode.Conflict);
        Assert.Equal("/problems/run-already-ended", (string?)problem["type"]);
    }

    [Fact]
    public async Task A_run_by_hand_takes_the_days_asked_for_and_its_type()
    {
        var id = await app.CreateGroupAsync(new { name = _name, couriers = Couriers("a"), status = "disabled" });
        await app.PostAsync($"/api/courier-groups/{id}/runs", new { start = "2026-05-01", end = "2026-05-03", runType = "source", force = true }, HttpStatusCode.Accepted);
        var a = await StartedAsync("a");
        Assert.True(a is { Mode: RunMode.Period, IngestOnly: true, Force: true });

        // The group's offset holds for runs by hand too, from the start of the last day.
        Assert.Equal((new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 5, 2, 23, 59, 59, TimeSpan.Zero).AddMicroseconds(999_999)), (a.AcceptFrom, a.AcceptThrough));
        Assert.Equal((new DateOnly(2026, 5, 1), new DateOnly(2026, 5, 3)), (a.Start, a.End));
        await app.Couriers.PublishAsync(CouriersOnTheBus.Success(a));
        await app.UntilAsync(id, "succeeded");
        await Wait.Until(() => app.Couriers.Ended.Any(ended => ended.GroupId == id));
        Assert.True(app.Couriers.Ended.Single(ended => ended.GroupId == id) is { RunType: GroupRunType.Source, RefreshDownstream: false, SendDownstream: false });
    }

    private async Task<RunCourier> StartedAsync(string courier)
    {
        await Wait.Until(() => app.Couriers.RunsOf($"{_name}-{courier}").Count > 0, what: $"courier {courier} is started");
        return app.Couriers.RunsOf($"{_name}-{courier}")[0];
    }

    private JsonArray Couriers(params string[] names) => [.. names.Select(name => new JsonObject { ["courierId"] = string.Create(CultureInfo.InvariantCulture, $"{_name}-{name}") })];
}
