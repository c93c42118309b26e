using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Platform.Feeds.Couriers;
using Platform.Testing;
using Xunit;

namespace Platform.Feeds.Tests;

/// <summary>F10: a SELECT over the files of a run shapes what is loaded, and sees nothing else.</summary>
public sealed class IngestQueries(FeedsApp app)
{
    [Fact]
    public async Task Nested_data_is_flattened_files_are_joined_and_the_result_is_loaded()
    {
        var (feed, table) = await FeedAsync("""
            with flat as (select order_id, unnest(items) as item from orders)
            select order_id * 100 + item.no as id, c.name || ' ' || item.sku as v from flat join customers c using (order_id) where item.no < 3 -- the rest is noise
            """);
        var orders = app.Land("select 1 as order_id, [{'no': 1, 'sku': 'a'}, {'no': 2, 'sku': 'b'}, {'no': 3, 'sku': 'c'}] as items") with { Tag = "orders" };
        var more = app.Land("select 2 as order_id, [{'no': 1, 'sku': 'd'}] as items") with { Tag = "orders" };
        var customers = app.Land("select * from (values (1, 'Ann'), (2, 'Bob')) t(order_id, name)") with { Tag = "customers" };

        var load = await app.LoadAsync(feed, orders, more, customers);

        Assert.Equal("3 3 0 0 0 0 0", load.Counts());
        Assert.Equal(["101|Ann a", "102|Ann b", "201|Bob d"], await app.RowsAsync(table));
        Assert.Equal("3 0 0 3 0 0 0", (await app.LoadAsync(feed, orders, more, customers)).Counts());
    }

    [Fact]
    public async Task Files_of_different_formats_are_joined_each_packed_or_not()
    {
        var (feed, table) = await FeedAsync("""
            select cast(p.id as bigint) as id, p.name || ', ' || (k.kind ->> 'name') || ' ' || k.numbers || ': ' || w.temp || ', ' || coalesce(x.note, '-') as v
            from people p
            join (select id, kind, string_agg(tag ->> 'no', '+' order by tag ->> 'no') as numbers from (select *, unnest(cast(tags as json[])) as tag from kinds) group by id, kind) k on cast(k.id as bigint) = cast(p.id as bigint)
            join weather w using (station) left join notes x on cast(x.id as bigint) = cast(p.id as bigint)
            where w.time = (select max(time) from weather l where l.station = w.station)
            """);
        var people = LandText("csv", "text/csv", "id;name;station\n1;\"Ann; the first\";011990-99999\n2;Bob;012650-99999\n") with { Tag = "people" };
        var kinds = LandText("ndjson.gz", "application/x-ndjson", "{\"id\":1,\"kind\":{\"name\":\"gold\"},\"tags\":[{\"no\":1},{\"no\":2}]}\n{\"id\":2,\"kind\":{\"name\":\"free\"},\"tags\":[{\"no\":3}]}\n") with { Tag = "kinds" };
        var notes = LandText("xml", "application/xml", "<notes><row><id>2</id><note>late</note></row><row><id>3</id><note>none</note></row></notes>") with { Tag = "notes" };
        var name = $"{Guid.CreateVersion7()}.avro";
        File.Copy(SharedData.Path("avro", "apache-avro", "weather.avro"), Path.Combine(app.LandingRoot, name));
        var weather = app.Landed.Add(app.LandExisting(name) with { ContentType = "application/avro", Tag = "weather" });

        var load = await app.LoadAsync(feed, people, kinds, notes, weather);

        Assert.True((string?)load["state"] == "loaded", load.ToJsonString());
        Assert.Equal(["1|Ann; the first, gold 1+2: -11, -", "2|Bob, free 3: 78, late"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task Values_of_paths_are_columns_of_the_views()
    {
        var (feed, table) = await FeedAsync("select id, day as v from tag");

        await app.LoadAsync(feed, app.Land("select 1 as id", partitions: new Dictionary<string, string> { ["day"] = "2024-01-01" }), app.Land("select 2 as id", partitions: new Dictionary<string, string> { ["day"] = "2024-01-02" }));

        Assert.Equal(["1|2024-01-01", "2|2024-01-02"], await app.RowsAsync(table));
    }

    [Theory]
    [InlineData("select 1 as id; select 2 as id")]
    [InlineData("drop view tag")]
    [InlineData("select * from read_csv('/etc/passwd')")]
    [InlineData("select * from '/etc/passwd'")]
    [InlineData("select (select content from read_text('/etc/passwd')) as v, 1 as id")]
    [InlineData("select * from duckdb_settings()")]
    [InlineData("select * from information_schema.tables")]
    [InlineData("select current_setting('memory_limit') as v, 1 as id")]
    [InlineData("select * from glob('/*')")]
    [InlineData("from (show tables)")]
    [InlineData("select * from query('select 1')")]
    [InlineData("with tag2 as (select * from sniff_csv('/etc/passwd')) select * from tag2")]
    [InlineData("select * from nowhere")]
    [InlineData("select 1 where exists (from read_blob('/etc/passwd'))")]
    [InlineData("select * from duckdb_views, (with duckdb_views as (select 1 as one) select * from duckdb_views)")]
    [InlineData("attach '/tmp/x.db'")]
    [InlineData("copy tag to '/tmp/x.csv'")]
    [InlineData("pragma database_list")]
    [InlineData("install httpfs")]
    [InlineData("set memory_limit = '100GB'")]
    [InlineData("select getenv('HOME') as v, 1 as id")]
    [InlineData("this is no sql")]
    public async Task What_sees_more_than_the_files_of_the_run_is_refused(string query)
    {
        var file = app.Land("select 1 as id");

        var refused = await PreviewAsync(query, file, HttpStatusCode.BadRequest);

        Assert.Equal("$.query", (string?)refused["errors"]![0]!["path"]);
        Assert.DoesNotContain("root:", refused.ToJsonString());
    }

    [Theory]
    [InlineData("1", "+1", 5_000)]
    [InlineData("", "(", 15_000)]
    [InlineData("", "- ", 9_000)]
    public async Task One_without_measure_is_refused(string begin, string part, int times)
    {
        var file = app.Land("select 1 as id");

        var refused = await PreviewAsync($"select {begin}{string.Concat(Enumerable.Repeat(part, times))}", file, HttpStatusCode.BadRequest);

        Assert.Equal("$.query", (string?)refused["errors"]![0]!["path"]);
    }

    [Fact]
    public async Task A_preview_shows_fields_and_first_rows()
    {
        var file = app.Land("select i as id, 'a' || i as v, [i] as list from range(10) r(i)");

        var preview = await PreviewAsync("select id, upper(v) as name, list[1] + 0.5::decimal(10,2) as price, null::date as day from tag order by id desc;", file, HttpStatusCode.OK);

        Assert.Equal(["id integer", "name string", "price decimal", "day date"], preview["fields"]!.AsArray().Select(field => $"{field!["name"]} {field["type"]}"));
        Assert.Equal("[9,\"A9\",9.50,null]", preview["rows"]![0]!.ToJsonString());
        Assert.Equal(2, preview["rows"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_query_that_fails_says_so_without_the_value_and_changes_nothing()
    {
        var (feed, table) = await FeedAsync("select v::integer as id, 'x' as v from tag");

        var load = await app.LoadAsync(feed, app.Land("select 'secret@example.com' as v"));

        Assert.Equal(("failed", "configuration"), ((string?)load["state"], (string?)load["failure"]));
        Assert.DoesNotContain("secret", (string)load["reason"]!);
        Assert.Empty(await app.RowsAsync(table));
    }

    [Fact]
    public async Task One_that_takes_too_much_memory_ends_alone()
    {
        var (feed, _) = await FeedAsync("select len(range(300000000)) as id, 'x' as v from tag");

        var load = await app.LoadAsync(feed, app.Land("select 1 as id"));

        Assert.Equal("failed", (string?)load["state"]);
        var (other, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(other, app.Land("select 1 as id, 'a' as v"));
        Assert.Equal(["1|a"], await app.RowsAsync(table));
    }

    private LandedFile LandText(string extension, string contentType, string text)
    {
        var name = $"{Guid.CreateVersion7()}.{extension}";
        using (var file = File.Create(Path.Combine(app.LandingRoot, name)))
        using (Stream target = extension.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file)
        {
            target.Write(Encoding.UTF8.GetBytes(text));
        }

        return app.Landed.Add(app.LandExisting(name) with { ContentType = contentType });
    }

    private Task<(string Id, string Table)> FeedAsync(string query) => app.ActiveFeedAsync(new()
    {
        ["fields"] = new JsonArray(FeedsApp.Field("id", "integer"), FeedsApp.Field("v", "string")),
        ["primaryKey"] = new JsonArray("id"),
        ["ingestQuery"] = query,
    });

    private async Task<JsonNode> PreviewAsync(string query, LandedFile file, HttpStatusCode expected) =>
        await (await app.Operator.PostAsJsonAsync("/api/feeds/ingest-query-preview", new { query, files = new[] { new { fileId = file.FileId } }, rows = 2 })).ReadAsync(expected);
}
