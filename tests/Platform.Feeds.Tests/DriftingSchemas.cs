using System.Net;
using System.Text.Json.Nodes;
using Platform.Contracts.Feeds;
using Platform.ServiceDefaults;
using Xunit;

namespace Platform.Feeds.Tests;

/// <summary>F12, and what is kept of a load: drift by policy, thresholds for one run, error logs, rows as they were.</summary>
public sealed class DriftingSchemas(FeedsApp app)
{
    [Fact]
    public async Task An_unknown_column_is_reported_and_passed_over()
    {
        var (feed, table) = await FeedAsync("ignore");

        var load = await app.LoadAsync(feed, app.Land("select 1 as id, 'a' as v, 5 as extra"));

        Assert.Equal("ignored extra INTEGER", Note(load));
        Assert.Equal(["1|a"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task With_the_policy_add_it_becomes_a_field_before_the_load()
    {
        var (feed, table) = await FeedAsync("add");
        await app.LoadAsync(feed, app.Land("select 1 as id, 'a' as v"));

        var load = await app.LoadAsync(feed, app.Land("select 2 as id, 'b' as v, 5 as \"Extra Column\", [1] as nested"));
        var view = await app.Operator.GetAsync($"/api/feeds/{feed}", HttpStatusCode.OK);

        Assert.Equal("loaded", (string?)load["state"]);
        Assert.Equal("added Extra Column INTEGER", Note(load));
        Assert.Equal(["1|a", "2|b|5|[1]"], await app.RowsAsync(table, "id, v, \"Extra_Column\", nested"));
        Assert.Equal(("active", 2), ((string?)view["state"], (int)view["version"]!));
    }

    [Fact]
    public async Task With_the_policy_fail_the_load_ends_and_names_it()
    {
        var (feed, _) = await FeedAsync("fail");

        var load = await app.LoadAsync(feed, app.Land("select 1 as id, 'a' as v, 5 as extra"));

        Assert.Equal(("failed", "badFile"), ((string?)load["state"], (string?)load["failure"]));
        Assert.Equal("failed extra INTEGER", Note(load));
        Assert.Contains("extra", (string)load["reason"]!);
    }

    [Fact]
    public async Task A_wider_type_in_the_file_is_explained()
    {
        var (feed, _) = await FeedAsync("ignore", threshold: 100);

        var load = await app.LoadAsync(feed, app.Land("select x as id, 'a' as v from (values (1.0::decimal(10,2)), (1.5)) t(x)"));

        Assert.Equal("2 1 0 0 0 1 0", load.Counts());
        Assert.Equal("kept id DECIMAL(10,2)", Note(load));
        Assert.Contains("Widen the field", (string)load["drift"]![0]!["explanation"]!);
    }

    [Fact]
    public async Task The_threshold_can_be_raised_for_one_run()
    {
        var (feed, table) = await FeedAsync("ignore", threshold: 0);
        var file = app.Land("select x as id, 'a' as v from (values (1), (null)) t(x)");
        var refused = await app.LoadAsync(feed, file);
        var command = new LoadFiles { LoadId = PublicId.Sequential("ld"), RunId = PublicId.Sequential("run"), CourierId = "cr-test", FeedId = feed, Tags = ["tag"], ErrorThresholdPercent = 50 };
        app.Landed.Run(command.RunId, [file]);

        await app.SendAsync(command);
        await app.EndOfAsync(command.LoadId);

        Assert.Equal("failed", (string?)refused["state"]);
        Assert.Equal(["1|a"], await app.RowsAsync(table));
        var log = await app.Operator.GetStringAsync($"/api/feeds/{feed}/rejected-rows.csv", TestContext.Current.CancellationToken);
        Assert.Equal(["load,run,ended,file,row,field,value,reason", $"{command.LoadId},{command.RunId}", (string)refused["id"]! + ","],
            log.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Select((line, i) => i == 0 ? line : line[..(i == 1 ? command.LoadId.Length + 1 + command.RunId.Length : ((string)refused["id"]!).Length + 1)]));
    }

    [Fact]
    public async Task Rows_that_a_merge_changed_are_kept_as_they_were()
    {
        var (feed, _) = await FeedAsync("ignore");
        await app.LoadAsync(feed, app.Land("select i as id, 'a' || i as v from range(3) r(i)"));

        var load = await app.LoadAsync(feed, app.Land("select i as id, 'b' as v from range(1, 5) r(i)"));

        var kept = await app.ScalarAsync<string>($"select name from detached_partitions where load_id = '{load["id"]}' and kind = 'before-images'");
        Assert.Equal("1|a1 2|a2", await app.ScalarAsync<string>($"select string_agg(id || '|' || v, ' ' order by id) from domain_parts.\"{kept}\""));
    }

    private static string Note(JsonNode load) => $"{load["drift"]![0]!["action"]} {load["drift"]![0]!["column"]} {load["drift"]![0]!["fileType"]}";

    private Task<(string Id, string Table)> FeedAsync(string drift, int threshold = 1) => app.ActiveFeedAsync(new()
    {
        ["fields"] = new JsonArray(FeedsApp.Field("id", "integer"), FeedsApp.Field("v", "string")),
        ["primaryKey"] = new JsonArray("id"),
        ["drift"] = drift,
        ["errorThresholdPercent"] = threshold,
    });
}
