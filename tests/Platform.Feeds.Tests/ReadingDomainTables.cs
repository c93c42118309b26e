using System.Net;
using System.Text.Json.Nodes;
using Xunit;

namespace Platform.Feeds.Tests;

public sealed class ReadingDomainTables(FeedsApp app)
{
    [Fact]
    public async Task Rows_come_in_key_order_page_by_page_with_every_digit_and_their_origin()
    {
        var (feed, table) = await app.ActiveFeedAsync(new()
        {
            ["fields"] = new JsonArray(FeedsApp.Field("k", "string"), FeedsApp.Field("n", "integer"), new JsonObject { ["name"] = "d", ["type"] = "decimal", ["precision"] = 38, ["scale"] = 10 }, FeedsApp.Field("j", "json")),
            ["primaryKey"] = new JsonArray("k", "n"),
        });
        var load = await app.LoadAsync(feed, app.Land("select chr(97 + (i % 2)::int) as k, 9007199254740993 + i as n, 1234567890123456789012345678.0123456789::decimal(38,10) as d, {'x': [i]} as j from range(5) r(i)"));
        var path = $"/api/domain-tables/{Uri.EscapeDataString(table)}/rows";

        var keys = new List<string>();
        string? after = null;
        do
        {
            var page = await app.Operator.GetAsync($"{path}?limit=2{(after is null ? "" : $"&after={after}")}", HttpStatusCode.OK);
            keys.AddRange(page["items"]!.AsArray().Select(row => $"{row!["k"]}{row["n"]!.ToJsonString()}"));
            after = (string?)page["next"];
        }
        while (after is not null);

        Assert.Equal(["a9007199254740993", "a9007199254740995", "a9007199254740997", "b9007199254740994", "b9007199254740996"], keys);
        var row = (await app.Operator.GetAsync($"{path}?limit=1", HttpStatusCode.OK))["items"]![0]!;
        Assert.Equal("1234567890123456789012345678.0123456789", row["d"]!.ToJsonString());
        Assert.Equal("{\"x\":[0]}", row["j"]!.ToJsonString());
        Assert.Equal(((long)load["loadSeq"]!, 1L), ((long)row["_load_id"]!, (long)row["_row_no"]!));
    }

    [Fact]
    public async Task A_table_tells_its_columns_and_exact_row_count()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select i as id, 'a' as v from range(17) r(i)"));

        var view = await app.Operator.GetAsync($"/api/domain-tables/{Uri.EscapeDataString(table)}", HttpStatusCode.OK);

        Assert.Equal((17L, feed), ((long)view["rowCount"]!, (string)view["feedId"]!));
        Assert.Equal(["id bigint", "v text", "_load_id bigint", "_file_id bigint", "_row_no bigint", "_updated_at timestamp with time zone"],
            view["columns"]!.AsArray().Select(column => $"{column!["name"]} {column["type"]}"));
    }

    [Fact]
    public async Task The_load_history_is_newest_first_and_says_how_and_why()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        var file = app.Land("select i as id, 'a' as v from range(3) r(i)");
        await app.LoadAsync(feed, file);
        await app.LoadAsync(feed, file);

        var loads = await app.Operator.GetAsync($"/api/domain-tables/{Uri.EscapeDataString(table)}/loads?limit=1", HttpStatusCode.OK);
        var older = await app.Operator.GetAsync($"/api/domain-tables/{Uri.EscapeDataString(table)}/loads?after={loads["next"]}", HttpStatusCode.OK);

        Assert.Equal("merge", (string?)loads["items"]![0]!["strategy"]);
        Assert.Equal("swap", (string?)older["items"]![0]!["strategy"]);
        Assert.Contains("the table is empty", (string)older["items"]![0]!["strategyReason"]!);
        Assert.Equal(["list", "copy", "index", "count", "swap"], older["items"]![0]!["seconds"]!.AsObject().Select(step => step.Key));
        Assert.Equal(["list", "copy", "deduplicate", "classify", "apply"], loads["items"]![0]!["seconds"]!.AsObject().Select(step => step.Key));
    }

    [Theory]
    [InlineData("/api/domain-tables/No:Table", 404)]
    [InlineData("/api/domain-tables/No:Table/rows", 404)]
    [InlineData("/api/domain-tables/No:Table/loads", 404)]
    [InlineData("/api/loads/ld-none", 404)]
    [InlineData("/api/loads/ld-none/rejected-rows", 404)]
    [InlineData("/api/loads/ld-none/rejected-rows.csv", 404)]
    [InlineData("/api/domain-tables?limit=201", 400)]
    public async Task What_does_not_exist_is_answered_as_such(string path, int status) => await app.Operator.GetAsync(path, (HttpStatusCode)status);

    [Theory]
    [InlineData("!!")]
    [InlineData("WyJhIl0")]
    [InlineData("WyJhIiwiYiJd")]
    [InlineData("bnVsbA")]
    public async Task A_made_up_cursor_is_refused(string cursor)
    {
        var (_, table) = await app.KeyedFeedAsync();

        var problem = await app.Operator.GetAsync($"/api/domain-tables/{Uri.EscapeDataString(table)}/rows?after={Uri.EscapeDataString(cursor)}", HttpStatusCode.BadRequest);

        Assert.Equal("$.after", (string?)problem["errors"]![0]!["path"]);
    }
}
