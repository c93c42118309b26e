using System.Text.Json.Nodes;
using Xunit;

namespace Platform.Feeds.Tests;

public sealed class RejectingRows(FeedsApp app)
{
    [Fact]
    public async Task A_null_key_and_a_value_of_the_wrong_type_are_kept_with_place_and_reason()
    {
        var (feed, table) = await app.KeyedFeedAsync(threshold: 50);
        var file = app.Land("select * from (values ('1', 'a'), (null, 'b'), ('x', 'c'), ('4', 'd')) t(id, v)");

        var load = await app.LoadAsync(feed, file);

        Assert.Equal("4 2 0 0 0 2 0", load.Counts());
        Assert.Equal(["1|a", "4|d"], await app.RowsAsync(table));
        var rejected = (await app.Operator.GetAsync($"/api/loads/{load["id"]}/rejected-rows", System.Net.HttpStatusCode.OK))["items"]!.AsArray();
        Assert.Equal([2L, 3L], rejected.Select(row => (long)row!["rowNo"]!));
        Assert.All(rejected, row => Assert.Equal((file.FileId, "id"), ((string)row!["fileId"]!, (string)row["field"]!)));
        Assert.Equal("x", (string?)rejected[1]!["value"]);
        Assert.All(rejected, row => Assert.NotEmpty((string)row!["reason"]!));
    }

    [Fact]
    public async Task Above_the_threshold_nothing_changes_and_the_reason_says_so()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select 1 as id, 'a' as v"));

        var load = await app.LoadAsync(feed, app.Land("select case when i < 2 then null else i end as id, 'b' as v from range(100) r(i)"));

        Assert.Equal(("failed", "badFile"), ((string)load["state"]!, (string)load["failure"]!));
        Assert.Contains("2 of 100 rows were rejected (2 %); the feed allows 1 %", (string)load["reason"]!);
        Assert.Equal((100, 2), ((long)load["rows"]!["read"]!, (long)load["rows"]!["rejected"]!));
        Assert.Equal(["1|a"], await app.RowsAsync(table));
        Assert.Equal(2, (await app.Operator.GetAsync($"/api/loads/{load["id"]}/rejected-rows", System.Net.HttpStatusCode.OK))["items"]!.AsArray().Count);
    }

    [Fact]
    public async Task Exactly_at_the_threshold_the_rest_is_loaded()
    {
        var (feed, _) = await app.KeyedFeedAsync();

        var load = await app.LoadAsync(feed, app.Land("select case when i = 7 then null else i end as id, 'b' as v from range(100) r(i)"));

        Assert.Equal("loaded", (string?)load["state"]);
        Assert.Equal("100 99 0 0 0 1 0", load.Counts());
    }

    [Fact]
    public async Task The_error_log_of_a_feed_or_of_one_file_is_a_csv()
    {
        var (feed, _) = await app.KeyedFeedAsync(threshold: 100);
        var one = app.Land("select * from (values ('a,\"b\"', 'v')) t(id, v)");
        var two = app.Land("select * from (values ('zwei', 'v'), ('2', 'v')) t(id, v)");
        var load = await app.LoadAsync(feed, one, two);

        var all = (await app.Operator.GetStringAsync($"/api/loads/{load["id"]}/rejected-rows.csv")).Split("\r\n");
        var second = (await app.Operator.GetStringAsync($"/api/loads/{load["id"]}/rejected-rows.csv?fileId={two.FileId}")).Split("\r\n");

        Assert.Equal("file,row,field,value,reason", all[0]);
        Assert.StartsWith($"{one.FileName},1,id,\"a,\"\"b\"\"\",", all[1]);
        Assert.StartsWith($"{two.FileName},1,id,zwei,", all[2]);
        Assert.Equal(3, second.Length);
        Assert.Equal(all[2], second[1]);
    }

    [Fact]
    public async Task Files_tell_their_own_counts_and_columns_nobody_asked_for()
    {
        var (feed, _) = await app.KeyedFeedAsync(threshold: 50);
        var load = await app.LoadAsync(feed, app.Land("select i as id, 'a' as v, 7 as extra from range(3) r(i)", partitions: new Dictionary<string, string> { ["date"] = "2020-09-14" }), app.Land("select * from (values (5, 'x'), (null, 'x')) t(id, v)"));

        var files = (await app.Operator.GetAsync($"/api/loads/{load["id"]}/files", System.Net.HttpStatusCode.OK))["items"]!.AsArray();

        Assert.Equal([(3L, 0L), (2L, 1L)], files.Select(file => ((long)file!["read"]!, (long)file["rejected"]!)));
        Assert.Equal(["extra"], files[0]!["unknownColumns"]!.AsArray().Select(name => (string)name!));
        Assert.True((long)files[0]!["fileNo"]! < (long)files[1]!["fileNo"]!);
    }

    [Fact]
    public async Task An_unknown_column_ends_the_load_when_drift_is_to_fail()
    {
        var (feed, table) = await app.ActiveFeedAsync(new()
        {
            ["fields"] = new JsonArray(FeedsApp.Field("id", "integer")),
            ["primaryKey"] = new JsonArray("id"),
            ["drift"] = "fail",
        });

        var load = await app.LoadAsync(feed, app.Land("select 1 as id, 2 as surprise"));

        Assert.Equal("badFile", (string?)load["failure"]);
        Assert.Contains("surprise", (string)load["reason"]!);
        Assert.Empty(await app.RowsAsync(table, "id"));
    }
}
