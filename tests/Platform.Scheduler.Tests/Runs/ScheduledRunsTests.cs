using System.Globalization;
using System.Text.Json.Nodes;
using Platform.Scheduler.Tests.Kit;
using Xunit;

namespace Platform.Scheduler.Tests.Runs;

/// <summary>Days and weeks go by on a clock the test sets; one test after another, for they share it.</summary>
public sealed class ScheduledRunsTests(SchedulerApp app) : IClassFixture<SchedulerApp>
{
    private readonly string _name = $"g{Guid.CreateVersion7():n}";

    [Theory]
    [InlineData("Europe/Berlin", "2026-03-27T12:00:00Z", "2026-03-28T01:30 2026-03-29T01:00 2026-03-30T00:30")]
    [InlineData("Europe/Berlin", "2026-10-23T12:00:00Z", "2026-10-24T00:30 2026-10-25T00:30 2026-10-26T01:30")]
    [InlineData("America/New_York", "2026-03-06T12:00:00Z", "2026-03-07T07:30 2026-03-08T07:00 2026-03-09T06:30")]
    [InlineData("Australia/Lord_Howe", "2026-10-02T00:00:00Z", "2026-10-02T16:00 2026-10-03T15:30 2026-10-04T15:30")]
    public async Task Each_day_has_one_run_across_a_clock_change(string zone, string start, string slots)
    {
        app.Clock.Set(Instant(start));
        app.Couriers.Answer = CouriersOnTheBus.Success;
        var id = await app.CreateGroupAsync(Group(new() { ["cron"] = "30 2 * * *", ["timeZone"] = zone, ["fileDates"] = "groupZone" }));
        var expected = slots.Split(' ').Select(slot => Instant(slot + ":00Z")).ToList();
        foreach (var (i, slot) in expected.Index())
        {
            app.Clock.Set(slot.AddSeconds(1));
            await Wait.Until(async () => (await app.RunsAsync(id)) is { } runs && runs.Count == i + 1 && (string?)runs[i]["state"] == "succeeded", $"run {i} of {zone}");
        }

        Assert.Equal(expected, (await app.RunsAsync(id)).Select(run => (DateTimeOffset)run["slot"]!));

        // The file dates of each slot are the local day and the one before, whatever the clock does.
        var local = await LocalDaysAsync(zone, expected);
        Assert.Equal(local.Select(day => (day.AddDays(-1), day.AddDays(1))), app.Couriers.RunsOf($"{_name}-a").Select(run => (run.Start!.Value, run.End!.Value)));
        Assert.All(app.Couriers.RunsOf($"{_name}-a"), run => Assert.Equal(zone, run.FileTimeZone));
    }

    [Fact]
    public async Task After_a_downtime_one_run_covers_every_day_since_the_last()
    {
        app.Couriers.Answer = CouriersOnTheBus.Success;
        app.Clock.Set(Instant("2026-05-01T08:00:00Z"));
        var id = await app.CreateGroupAsync(Group(new() { ["cron"] = "30 8 * * *" }));
        app.Clock.Set(Instant("2026-05-01T08:30:01Z"));
        await app.UntilAsync(id, "succeeded");

        app.Clock.Set(Instant("2026-05-06T10:00:00Z"));
        await Wait.Until(async () => (await app.RunsAsync(id)).Count == 2);
        var run = await app.UntilAsync(id, "succeeded");
        Assert.Equal(("catchUp", 4), ((string?)run["trigger"], (int)run["missed"]!));
        Assert.Equal(Instant("2026-05-06T08:30:00Z"), (DateTimeOffset)run["slot"]!);
        var asked = app.Couriers.RunsOf($"{_name}-a")[1];
        Assert.Equal((new DateOnly(2026, 5, 2), new DateOnly(2026, 5, 7)), (asked.Start, asked.End));
        Assert.Equal((Instant("2026-05-05T08:30:00Z"), Instant("2026-05-06T08:30:00Z")), (asked.AcceptFrom, asked.AcceptThrough));
    }

    [Fact]
    public async Task The_clock_set_back_runs_no_slot_again_and_set_forward_none_twice()
    {
        app.Couriers.Answer = CouriersOnTheBus.Success;
        app.Clock.Set(Instant("2026-06-01T08:00:00Z"));
        var id = await app.CreateGroupAsync(Group(new() { ["cron"] = "0 * * * *" }));
        app.Clock.Set(Instant("2026-06-01T09:00:01Z"));
        await Wait.Until(async () => (await app.RunsAsync(id)).Count == 1);

        app.Clock.Set(Instant("2026-06-01T07:30:00Z"));
        await TouchAsync(id);
        app.Clock.Set(Instant("2026-06-01T08:00:01Z"));
        await Wait.Until(async () => (await app.RunsAsync(id)).Count == 2);
        app.Clock.Set(Instant("2026-06-01T09:00:01Z"));
        var marker = await app.CreateGroupAsync(Group(new() { ["name"] = _name + "-marker", ["cron"] = "* * * * *" }));
        app.Clock.Set(Instant("2026-06-01T09:01:01Z"));
        await Wait.Until(async () => (await app.RunsAsync(marker)).Count >= 1);
        Assert.Equal(["2026-06-01T09:00", "2026-06-01T08:00"], (await app.RunsAsync(id)).Select(run => ((DateTimeOffset)run["slot"]!).ToString("yyyy-MM-ddTHH:mm", CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData("skip", "running skipped")]
    [InlineData("queue", "running waiting")]
    [InlineData("cancelPrevious", "cancelled running")]
    public async Task A_run_that_is_due_while_another_is_on_follows_the_policy(string overlap, string states)
    {
        app.Couriers.Answer = null;
        app.Clock.Set(Instant("2026-07-01T08:00:30Z"));
        var id = await app.CreateGroupAsync(Group(new() { ["cron"] = "* * * * *", ["overlap"] = overlap }));
        app.Clock.Set(Instant("2026-07-01T08:01:01Z"));
        await app.UntilAsync(id, "running");
        app.Clock.Set(Instant("2026-07-01T08:02:01Z"));
        await Wait.Until(async () => (await app.RunsAsync(id)).Count == 2);
        Assert.Equal(states.Split(' '), (await app.RunsAsync(id)).Select(run => (string?)run["state"]));
        if (overlap == "queue")
        {
            await app.Couriers.PublishAsync(CouriersOnTheBus.Success(app.Couriers.RunsOf($"{_name}-a")[0]));
            await app.UntilAsync(id, "running");
        }

        await app.PutAsync($"/api/courier-groups/{id}", Group(new() { ["status"] = "disabled" }));
    }

    [Fact]
    public async Task A_group_waits_for_another_groups_run_of_the_same_day()
    {
        app.Couriers.Answer = null;
        app.Clock.Set(Instant("2026-08-01T07:00:00Z"));
        var first = await app.CreateGroupAsync(Group(new() { ["name"] = _name + "-first", ["couriers"] = Courier($"{_name}-first") }));
        var second = await app.CreateGroupAsync(Group(new() { ["cron"] = "0 8 * * *", ["constraints"] = new JsonArray(new JsonObject { ["groupId"] = first, ["wait"] = "2 hours" }) }));
        app.Clock.Set(Instant("2026-08-01T08:00:01Z"));
        var waiting = await app.UntilAsync(second, "waiting");
        Assert.Contains(first, (string?)waiting["message"]);
        Assert.Empty(app.Couriers.RunsOf($"{_name}-a"));

        await app.PostAsync($"/api/courier-groups/{first}/runs", expected: System.Net.HttpStatusCode.Accepted);
        await Wait.Until(() => app.Couriers.RunsOf($"{_name}-first").Count == 1);
        await app.Couriers.PublishAsync(CouriersOnTheBus.Success(app.Couriers.RunsOf($"{_name}-first")[0]));
        var run = await app.UntilAsync(second, "running");
        Assert.Equal((string?)(await app.RunsAsync(first))[0]["id"], (string?)run["constraints"]![0]!["metBy"]);

        await app.Couriers.PublishAsync(CouriersOnTheBus.Success(app.Couriers.RunsOf($"{_name}-a")[0]));
        await app.UntilAsync(second, "succeeded");

        // The next day nobody runs the first group.
        app.Clock.Set(Instant("2026-08-02T08:00:01Z"));
        await app.UntilAsync(second, "waiting");
        app.Clock.Set(Instant("2026-08-02T10:00:02Z"));
        Assert.Contains("came until 2026-08-02 10:00", (string?)(await app.UntilAsync(second, "failed"))["message"]);
    }

    [Fact]
    public async Task A_run_that_takes_longer_than_agreed_or_is_not_done_by_the_time_agreed_is_told_of_once()
    {
        app.Couriers.Answer = null;
        app.Clock.Set(Instant("2026-09-01T07:59:00Z"));
        var id = await app.CreateGroupAsync(Group(new() { ["cron"] = "0 8 * * *", ["sla"] = new JsonObject { ["maxDuration"] = "30 minutes", ["finishBy"] = "09:00:00" } }));
        app.Clock.Set(Instant("2026-09-01T08:00:01Z"));
        await app.UntilAsync(id, "running");
        app.Clock.Set(Instant("2026-09-01T08:31:00Z"));
        await Wait.Until(() => app.Couriers.Overdue.Any(overdue => overdue.GroupId == id));
        app.Clock.Set(Instant("2026-09-01T09:00:01Z"));
        await Wait.Until(() => app.Couriers.Overdue.Count(overdue => overdue.GroupId == id) == 2);
        Assert.Equal(["take at most 30 minutes", "finish by 2026-09-01 09:00 (UTC)"], app.Couriers.Overdue.Where(overdue => overdue.GroupId == id).Select(overdue => overdue.Agreed));
        Assert.Equal("running", (string?)(await app.RunsAsync(id))[0]["state"]);
        Assert.Equal(2, (await app.GetAsync($"/api/notifications?groupId={id}&severity=Warning"))["items"]!.AsArray().Count(each => (string?)each!["event"] == "overdue"));
    }

    // Saving with another description computes no new slot; toggling the status does, from the clock's present.
    private async Task TouchAsync(string id)
    {
        await app.PutAsync($"/api/courier-groups/{id}", Group(new() { ["cron"] = "0 * * * *", ["status"] = "disabled" }));
        await app.PutAsync($"/api/courier-groups/{id}", Group(new() { ["cron"] = "0 * * * *" }));
    }

    private JsonObject Group(JsonObject with)
    {
        var group = new JsonObject { ["name"] = _name, ["status"] = "enabled", ["couriers"] = Courier($"{_name}-a") };
        foreach (var (key, value) in with)
        {
            group[key] = value?.DeepClone();
        }

        return group;
    }

    private async Task<List<DateOnly>> LocalDaysAsync(string zone, List<DateTimeOffset> slots)
    {
        var preview = await app.GetAsync($"/api/courier-groups/preview?cron=30+2+*+*+*&timeZone={zone}&from={slots[0].AddMinutes(-1).UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}&count={slots.Count}");
        return [.. preview["nextRuns"]!.AsArray().Select(next => DateOnly.FromDateTime(((DateTimeOffset)next!["local"]!).DateTime))];
    }

    private static JsonArray Courier(string id) => [new JsonObject { ["courierId"] = id }];

    private static DateTimeOffset Instant(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
