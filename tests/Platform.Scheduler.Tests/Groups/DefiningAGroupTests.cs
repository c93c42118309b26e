using System.Net;
using System.Text.Json.Nodes;
using Platform.Scheduler.Tests.Kit;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.Scheduler.Tests.Groups;

public sealed class DefiningAGroupTests(SchedulerApp app) : IClassFixture<SchedulerApp>
{
    private readonly string _name = $"g{Guid.CreateVersion7():n}";

    [Fact]
    public async Task Couriers_that_are_gone_are_named_and_those_that_cannot_be_asked_for_are_a_warning()
    {
        app.GoneCouriers[$"{_name}-gone"] = true;
        var problem = await app.PostAsync("/api/courier-groups", new { name = _name, couriers = new[] { new { courierId = "cr-1" }, new { courierId = $"{_name}-gone" } } }, HttpStatusCode.BadRequest);
        Assert.Equal("$.couriers[1].courierId", (string?)problem["errors"]![0]!["path"]);
        Assert.Contains($"no courier '{_name}-gone'; it may have been deleted", (string?)problem["errors"]![0]!["problem"]);

        app.UnclearCouriers[$"{_name}-unclear"] = true;
        var group = await app.PostAsync("/api/courier-groups", new { name = _name, couriers = new[] { new { courierId = $"{_name}-unclear" } } }, HttpStatusCode.Created);
        Assert.Contains("could not be checked", (string?)group["warnings"]![0]);
    }

    [Fact]
    public async Task A_group_is_shown_with_its_schedule_in_words_and_its_next_runs()
    {
        app.Clock.Set(new(2026, 3, 27, 12, 0, 0, TimeSpan.Zero));
        var group = await app.PostAsync("/api/courier-groups", new
        {
            name = _name,
            cron = "30 2 * * *",
            timeZone = "Europe/Berlin",
            status = "enabled",
            couriers = new[] { new { courierId = "cr-1", wait = "2 hours" } },
            offset = "1 week",
            sla = new { maxDuration = "90 minutes", finishBy = "09:00:00" },
        }, HttpStatusCode.Created);
        Assert.Equal("At 02:30 every day (Europe/Berlin)", (string?)group["schedule"]);
        var next = group["nextRuns"]!.AsArray();
        Assert.Equal(10, next.Count);
        Assert.Equal("2026-03-29T03:00:00+02:00", (string?)next[1]!["local"]);
        Assert.Contains("goes forward by 1 hour", (string?)next[1]!["note"]);
        Assert.Null(next[2]!["note"]);
        Assert.Equal(("2 hours", "1 week", "stop"), ((string?)group["couriers"]![0]!["wait"], (string?)group["couriers"]![0]!["offset"], (string?)group["couriers"]![0]!["whenMissing"]));
        Assert.Equal("1 hour 30 minutes", (string?)group["sla"]!["maxDuration"]);
        Assert.Null(group["warnings"]);

        var stored = await app.GetAsync($"/api/courier-groups/{group["id"]}");
        Assert.Equal(group["nextRuns"]!.ToJsonString(), stored["nextRuns"]!.ToJsonString());
    }

    [Fact]
    public async Task Both_passes_of_an_hour_that_occurs_twice_are_marked()
    {
        var preview = await app.GetAsync("/api/courier-groups/preview?cron=30+*+*+*+*&timeZone=America/New_York&from=2026-11-01T04:45:00Z&count=3");
        Assert.Equal("At minute 30 of every hour, every day", (string?)preview["words"]);
        Assert.Equal(["first pass of an hour that occurs twice", "second pass of an hour that occurs twice", null], preview["nextRuns"]!.AsArray().Select(next => (string?)next!["note"]));
    }

    [Fact]
    public async Task Every_problem_is_reported_at_once_with_its_place()
    {
        var problem = await app.PostAsync("/api/courier-groups", new
        {
            cron = "30 25 * * *",
            timeZone = "Europe/Berlni",
            couriers = new object[] { new { courierId = "cr-1" }, new { courierId = "cr-1" }, new { courierId = "cr-2", wait = "soon" } },
            constraints = new[] { new { groupId = "cg-none" } },
            offset = "500 days",
            sla = new { },
            alerts = new { channels = new[] { "ac-none" } },
        }, HttpStatusCode.BadRequest);
        var errors = problem["errors"]!.AsArray().ToDictionary(error => (string)error!["path"]!, error => (string)error!["problem"]!);
        Assert.Equal(
            ["$.alerts.channels[0]", "$.constraints[0].groupId", "$.couriers[1].courierId", "$.couriers[2].wait", "$.cron", "$.name", "$.offset", "$.sla", "$.timeZone"],
            errors.Keys.Order(StringComparer.Ordinal));
        Assert.Contains("The field hour is '25'", errors["$.cron"]);
        Assert.Contains("Europe/Berlin", errors["$.timeZone"]);
    }

    [Theory]
    [InlineData("0 8 30 2 *", "never occurs: At 08:00 on day 30 of the month in February")]
    [InlineData("0 8 * *", "Found 4 fields, expected 5")]
    [InlineData("0 8 * * SUNDAY", "The field day of week is 'SUNDAY'")]
    [InlineData("@reboot", "'@reboot' is not known")]
    public async Task A_schedule_that_cannot_be_is_refused(string cron, string says)
    {
        var problem = await app.PostAsync("/api/courier-groups", new { name = _name, cron, status = "disabled", couriers = new[] { new { courierId = "cr-1" } } }, HttpStatusCode.BadRequest);
        Assert.Contains(says, (string?)problem["errors"]![0]!["problem"]);
        Assert.Contains(says, (string?)(await app.GetAsync($"/api/courier-groups/preview?cron={Uri.EscapeDataString(cron)}", HttpStatusCode.BadRequest))["errors"]![0]!["problem"]);
    }

    [Fact]
    public async Task Groups_cannot_wait_for_each_other_in_a_circle()
    {
        var a = await app.CreateGroupAsync(Group("a"));
        var b = await app.CreateGroupAsync(Group("b", a));
        var c = await app.CreateGroupAsync(Group("c", b));
        var problem = await app.PutAsync($"/api/courier-groups/{a}", Group("a", c), HttpStatusCode.BadRequest);
        Assert.Contains($"'{_name}-a' → '{_name}-c' → '{_name}-b' → '{_name}-a'", (string?)problem["errors"]![0]!["problem"]);
        Assert.Equal("A group cannot wait for itself.", (string?)(await app.PutAsync($"/api/courier-groups/{a}", Group("a", a), HttpStatusCode.BadRequest))["errors"]![0]!["problem"]);
        Assert.Equal(HttpStatusCode.Conflict, await app.DeleteAsync($"/api/courier-groups/{b}"));
        Assert.Equal(HttpStatusCode.NoContent, await app.DeleteAsync($"/api/courier-groups/{c}"));
        Assert.Equal(HttpStatusCode.NoContent, await app.DeleteAsync($"/api/courier-groups/{b}"));
        await app.GetAsync($"/api/courier-groups/{b}", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_name_is_taken_once_and_free_again_when_its_group_is_gone()
    {
        var id = await app.CreateGroupAsync(Group("a"));
        Assert.Equal("/problems/name-taken", (string?)(await app.PostAsync("/api/courier-groups", Group("a"), HttpStatusCode.Conflict))["type"]);
        await app.DeleteAsync($"/api/courier-groups/{id}");
        await app.CreateGroupAsync(Group("a"));
    }

    [Fact]
    public async Task What_is_unknown_or_cannot_be_is_answered_as_such()
    {
        await app.GetAsync("/api/courier-groups/cg-none", HttpStatusCode.NotFound);
        await app.GetAsync("/api/group-runs/gr-none", HttpStatusCode.NotFound);
        await app.PostAsync("/api/courier-groups/cg-none/runs", expected: HttpStatusCode.NotFound);
        await app.GetAsync("/api/group-runs?state=asleep", HttpStatusCode.BadRequest);
        await app.GetAsync("/api/group-runs?limit=201", HttpStatusCode.BadRequest);
        var id = await app.CreateGroupAsync(Group("a"));
        await app.PostAsync($"/api/courier-groups/{id}/runs", new { date = "2026-05-01", start = "2026-05-02", end = "2026-05-02" }, HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_viewer_reads_and_changes_nothing()
    {
        var viewer = app.As(Roles.Viewer);
        Assert.Equal(HttpStatusCode.OK, (await viewer.GetAsync("/api/courier-groups")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await viewer.PostAsync("/api/courier-groups", new StringContent("{}", System.Text.Encoding.UTF8, "application/json"))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await viewer.PostAsync("/api/courier-groups/cg-any/runs", null)).StatusCode);
    }

    private JsonObject Group(string name, params string[] waitsFor) => new()
    {
        ["name"] = $"{_name}-{name}",
        ["couriers"] = new JsonArray(new JsonObject { ["courierId"] = "cr-1" }),
        ["constraints"] = new JsonArray([.. waitsFor.Select(id => new JsonObject { ["groupId"] = id })]),
    };
}
