using System.Globalization;
using System.Text.Json.Nodes;
using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.EndToEnd.Tests;

/// <summary>Courier groups from the schedule to the table (S2-S4): the scheduler, the couriers and the feeds as they run, through the gateway.</summary>
public sealed class RunningGroups(RunningPlatform platform)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly ExportBucket _bucket = new(platform.S3);
    private readonly DateOnly _today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_group_waits_for_the_late_file_of_one_courier_and_the_next_group_starts_after_it()
    {
        using var user = await PlatformUser.OfAsync(platform);
        var punctual = await CourierAsync(user, "punctual");
        var late = await CourierAsync(user, "late");
        await _bucket.PutEventsAsync("punctual", Day(0), ExportBucket.Events(0, 100));
        var nightly = await GroupAsync(user, "nightly", new JsonObject
        {
            ["couriers"] = new JsonArray(new JsonObject { ["courierId"] = punctual.Courier }, new JsonObject { ["courierId"] = late.Courier, ["wait"] = "10 minutes" }),
        });
        var report = await GroupAsync(user, "report", new JsonObject
        {
            ["couriers"] = new JsonArray(new JsonObject { ["courierId"] = punctual.Courier }),
            ["constraints"] = new JsonArray(new JsonObject { ["groupId"] = nightly, ["wait"] = "10 minutes" }),
        });

        var downstream = await user.PostAsync($"/api/courier-groups/{report}/runs");
        Assert.Equal("waiting", (string)downstream["state"]!);
        var run = await user.PostAsync($"/api/courier-groups/{nightly}/runs");
        var waiting = (await Until.Is(() => NewestRunAsync(user, late.Courier), found => found?["nextLookAt"] is not null, Patience, Cancelled))!;
        Assert.Contains($"date={Day(0)}", (string)waiting["missingFiles"]![0]!);
        Assert.Equal(run["id"]!.ToString(), waiting["groupRunId"]!.ToString());
        await Until.Is(() => user.GetAsync($"/api/group-runs/{run["id"]}"), found => (string)found["couriers"]![0]!["state"]! == "succeeded", Patience, Cancelled);
        Assert.Equal(("running", "waiting"), (await StateAsync(user, run), await StateAsync(user, downstream)));

        await _bucket.PutEventsAsync("late", Day(0), ExportBucket.Events(0, 250));
        var ended = await EndedAsync(user, run);
        Assert.Equal("succeeded", (string)ended["state"]!);
        Assert.Equal("250", await platform.AskAsync(late.Table, $"select count(*) from {{table}} where \"date\"::text = '{Day(0)}'"));
        var after = await EndedAsync(user, downstream);
        Assert.Equal(("succeeded", run["id"]!.ToString()), ((string)after["state"]!, after["constraints"]![0]!["metBy"]!.ToString()));
        Assert.True(At(after, "startedAt") >= At(ended, "endedAt"));
    }

    [Fact]
    public async Task A_group_with_a_deleted_courier_is_refused_and_a_run_names_it()
    {
        using var user = await PlatformUser.OfAsync(platform);
        var credential = await user.CredentialAsync();
        var courier = await user.CourierAsync(credential, "deleted", ["events"]);
        var group = await GroupAsync(user, "deleted", new JsonObject { ["couriers"] = new JsonArray(new JsonObject { ["courierId"] = courier }) });
        await user.DeleteAsync($"/api/couriers/{courier}");

        var problem = await user.RefusedAsync(System.Net.HttpStatusCode.BadRequest, HttpMethod.Post, "/api/courier-groups",
            System.Net.Http.Json.JsonContent.Create(new { name = user.Unique("refused"), couriers = new[] { new { courierId = courier } } }));
        Assert.Equal("$.couriers[0].courierId", (string)problem["errors"]![0]!["path"]!);
        Assert.Contains(courier, (string)problem["errors"]![0]!["problem"]!);

        var ended = await EndedAsync(user, await user.PostAsync($"/api/courier-groups/{group}/runs"));
        Assert.Contains($"There is no courier '{courier}'; it may have been deleted.", (string)ended["message"]!);
    }

    /// <summary>A courier for the events of an account, with a feed made from a day before the group's window.</summary>
    private async Task<(string Courier, string Table)> CourierAsync(PlatformUser user, string account)
    {
        await _bucket.PutEventsAsync(account, Day(-5), ExportBucket.Events(0, 10));
        var courier = await user.CourierAsync(await user.CredentialAsync(), account, ["events"]);
        await user.RunAsync(courier, PlatformUser.Day(Day(-5)));
        var feed = await user.FeedAsync(courier, "events");
        await user.LoadIntoAsync(courier, ("events", feed.Id));
        return (courier, feed.Table);
    }

    private static async Task<string> GroupAsync(PlatformUser user, string name, JsonObject group)
    {
        group["name"] = user.Unique(name);
        return (string)(await user.PostAsync("/api/courier-groups", group))["id"]!;
    }

    private static async Task<JsonNode?> NewestRunAsync(PlatformUser user, string courier) =>
        (await user.GetAsync($"/api/courier-runs?courierId={courier}&limit=1"))["items"]!.AsArray().FirstOrDefault();

    private static Task<JsonNode> EndedAsync(PlatformUser user, JsonNode run) =>
        Until.Is(() => user.GetAsync($"/api/group-runs/{run["id"]}"), found => found["endedAt"] is not null, Patience, Cancelled);

    private static async Task<string> StateAsync(PlatformUser user, JsonNode run) => (string)(await user.GetAsync($"/api/group-runs/{run["id"]}"))["state"]!;

    private static DateTimeOffset At(JsonNode run, string name) => DateTimeOffset.Parse((string)run[name]!, CultureInfo.InvariantCulture);

    private string Day(int fromToday) => _today.AddDays(fromToday).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
