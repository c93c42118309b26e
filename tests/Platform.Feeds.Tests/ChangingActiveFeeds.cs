using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Platform.Contracts.Feeds;
using Xunit;

namespace Platform.Feeds.Tests;

/// <summary>F3, F4, F7: what an activation does to a table with rows, and what else can be done with a feed.</summary>
public sealed class ChangingActiveFeeds(FeedsApp app)
{
    [Theory]
    [InlineData("integer", "7::bigint", "decimal", "7")]
    [InlineData("integer", "7::bigint", "string", "7")]
    [InlineData("integer", "7::bigint", "float", "7")]
    [InlineData("float", "7::double", "integer", "7")]
    [InlineData("string", "'12'", "integer", "12")]
    [InlineData("string", "'12.5'", "float", "12.5")]
    [InlineData("string", "'TRUE'", "boolean", "true")]
    [InlineData("string", "'2024-02-29'", "date", "2024-02-29")]
    [InlineData("string", "'2024-02-29T10:00:00+02:00'", "datetime", "2024-02-29 08:00:00+00")]
    [InlineData("date", "date '2024-02-29'", "datetime", "2024-02-29 00:00:00+00")]
    [InlineData("datetime", "timestamp '2024-02-29 00:00:00'", "date", "2024-02-29")]
    [InlineData("datetime", "timestamp '2024-02-29 10:00:00.25'", "string", "2024-02-29T10:00:00.250000Z")]
    [InlineData("json", "[1]", "string", "[1]")]
    [InlineData("boolean", "true", "integer", "1")]
    public async Task A_type_changes_when_every_stored_value_fits(string from, string value, string to, string expected)
    {
        var (feed, table) = await LoadedAsync(from, value);
        await app.ExecuteAsync($"comment on column domain.\"{table}\".id is 'mine'; create view domain.\"view of {table}\" as select id from domain.\"{table}\"");
        await DraftAsync(feed, draft => draft["fields"]![1]!["type"] = to);

        var preview = await PostAsync($"/api/feeds/{feed}/activation-preview", new { }, HttpStatusCode.OK);
        await PostAsync($"/api/feeds/{feed}/activate", new { }, HttpStatusCode.OK);

        Assert.Equal(("rewrite", 1, 0), ((string?)preview["action"], (long)preview["rows"]!, preview["problems"]!.AsArray().Count));
        Assert.Equal(expected, await app.ScalarAsync<string>($"set timezone = 'UTC'; select x::text from domain.\"{table}\""));
        Assert.Equal(1, await app.ScalarAsync<long>($"select count(*) from domain.\"view of {table}\""));
        Assert.Equal("1 0 0 1 0 0 0", (await app.LoadAsync(feed, app.Land($"select 1 as id, x from (select {Source(to, expected)} as x)"))).Counts());
    }

    [Theory]
    [InlineData("decimal", "7.5::decimal(10,2)", "integer")]
    [InlineData("string", "'2023-02-29'", "date")]
    [InlineData("string", "'1e5'", "integer")]
    [InlineData("datetime", "timestamp '2024-02-29 10:00:00'", "date")]
    [InlineData("boolean", "true", "date")]
    public async Task A_type_that_a_stored_value_does_not_fit_is_refused_with_the_field(string from, string value, string to)
    {
        var (feed, table) = await LoadedAsync(from, value);
        var before = await app.RowsAsync(table, "id, x");
        await DraftAsync(feed, draft =>
        {
            draft["fields"]![1]!["type"] = to;
            draft["fields"]![1]!.AsObject().Remove("precision");
            draft["fields"]![1]!.AsObject().Remove("scale");
        });

        var preview = await PostAsync($"/api/feeds/{feed}/activation-preview", new { }, HttpStatusCode.OK);
        var refused = await PostAsync($"/api/feeds/{feed}/activate", new { }, HttpStatusCode.Conflict);

        Assert.Equal("$.fields[1].type", (string?)preview["problems"]![0]!["path"]);
        Assert.True(JsonNode.DeepEquals(preview["problems"], refused["errors"]));
        Assert.Equal(before, await app.RowsAsync(table, "id, x"));
    }

    [Fact]
    public async Task Fields_are_renamed_even_crosswise_and_keep_their_values()
    {
        var (feed, table) = await app.ActiveFeedAsync(new()
        {
            ["fields"] = new JsonArray(Named("id", "id", "integer"), Named("a", "first", "string"), Named("b", "second", "string")),
            ["primaryKey"] = new JsonArray("id"),
        });
        await app.LoadAsync(feed, app.Land("select 1 as id, 'x' as first, 'y' as second"));
        await DraftAsync(feed, draft =>
        {
            draft["fields"] = new JsonArray(Named("key", "id", "integer"), Named("c", "first", "string"), Named("d", "second", "string"));
            draft["primaryKey"] = new JsonArray("key");
        });

        var preview = await PostAsync($"/api/feeds/{feed}/activation-preview", new { }, HttpStatusCode.OK);
        await PostAsync($"/api/feeds/{feed}/activate", new { }, HttpStatusCode.OK);

        Assert.Equal("alter", (string?)preview["action"]);
        Assert.Equal(["rename column \"id\" to \"key\"", "rename column \"a\" to \"c\"", "rename column \"b\" to \"d\""], preview["steps"]!.AsArray().Select(step => (string)step!));
        Assert.Equal(["1|x|y"], await app.RowsAsync(table, "key, c, d"));
        Assert.Equal("1 0 0 1 0 0 0", (await app.LoadAsync(feed, app.Land("select 1 as id, 'x' as first, 'y' as second"))).Counts());
    }

    [Fact]
    public async Task A_swap_keeps_the_indexes_of_foreign_keys_and_of_people()
    {
        var (feed, table) = await app.ActiveFeedAsync(new()
        {
            ["fields"] = new JsonArray(FeedsApp.Field("id", "integer"), new JsonObject { ["name"] = "customer", ["type"] = "string", ["semanticTags"] = new JsonArray("fk-customer") }),
            ["primaryKey"] = new JsonArray("id"),
            ["holdTruncateAbovePercent"] = 100,
        });
        await app.ExecuteAsync($"create index \"by customer, reversed\" on domain.\"{table}\" (reverse(customer)) where id > 0");
        await app.LoadAsync(feed, truncate: true, app.Land($"select i as id, repeat('long', 2000) || i as customer from range(3) r(i)"));

        Assert.Equal(3, await app.ScalarAsync<long>($"select count(*) from pg_index where indrelid = (select inhrelid from pg_inherits where inhparent = 'domain.\"{table}\"'::regclass) and indisvalid"));
        Assert.Equal(3, await app.ScalarAsync<long>($"select count(*) from pg_inherits i join pg_index x on x.indexrelid = i.inhparent where x.indrelid = 'domain.\"{table}\"'::regclass"));

        await DraftAsync(feed, draft => draft["fields"]![1]!["semanticTags"] = new JsonArray());
        await PostAsync($"/api/feeds/{feed}/activate", new { }, HttpStatusCode.OK);
        Assert.Equal(2, await app.ScalarAsync<long>($"select count(*) from pg_index where indrelid = 'domain.\"{table}\"'::regclass"));
    }

    [Fact]
    public async Task A_file_that_does_not_match_an_existing_feed_is_refused_with_every_differing_field()
    {
        var (feed, _) = await app.ActiveFeedAsync(new()
        {
            ["fields"] = new JsonArray(FeedsApp.Field("id", "integer"), FeedsApp.Field("day", "date"), FeedsApp.Field("gone", "string"), FeedsApp.Field("amount", "decimal")),
            ["primaryKey"] = new JsonArray("id"),
        });
        var other = app.Land("select 1.5::double as id, date '2024-01-01' as day, 1::int as amount, 'x' as fresh");
        var fitting = app.Land("select 1 as id, date '2024-01-01' as day, 'x' as gone, 1::int as amount");

        var match = await PostAsync($"/api/feeds/{feed}/match", new { sampleFileId = other.FileId }, HttpStatusCode.OK);
        var draft = (await app.Operator.GetAsync($"/api/feeds/{feed}", HttpStatusCode.OK))["draft"]!.DeepClone();
        draft["sampleFileId"] = other.FileId;
        var refused = await (await app.Operator.PutAsJsonAsync($"/api/feeds/{feed}", draft)).ReadAsync(HttpStatusCode.UnprocessableEntity);

        Assert.Equal(["$.fields[0].type", "$.fields[2].incomingName", "$.fields"], match["differences"]!.AsArray().Select(problem => (string)problem!["path"]!));
        Assert.True(JsonNode.DeepEquals(match["differences"], refused["errors"]));
        Assert.True((bool)(await PostAsync($"/api/feeds/{feed}/match", new { sampleFileId = fitting.FileId }, HttpStatusCode.OK))["matches"]!);
    }

    [Fact]
    public async Task A_copy_has_the_definition_under_another_name()
    {
        var (feed, _) = await app.KeyedFeedAsync();
        var name = app.UniqueName("Copy");

        var copy = await PostAsync($"/api/feeds/{feed}/copy", new { name }, HttpStatusCode.Created);
        var original = await app.Operator.GetAsync($"/api/feeds/{feed}", HttpStatusCode.OK);

        Assert.Equal(("draft", name), ((string?)copy["state"], (string?)copy["name"]));
        Assert.True(JsonNode.DeepEquals(original["active"], copy["draft"]));
        await PostAsync($"/api/feeds/{feed}/copy", new { name }, HttpStatusCode.Conflict);
        await PostAsync($"/api/feeds/{feed}/copy", new { }, HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_deactivated_feed_keeps_its_table_and_takes_loads_again_once_activated()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        var file = app.Land("select 1 as id, 'a' as v");
        await app.LoadAsync(feed, file);

        var inactive = await PostAsync($"/api/feeds/{feed}/deactivate", new { }, HttpStatusCode.OK);
        var refused = Assert.IsType<FeedLoadFailed>(await app.EndOfAsync(await app.SendLoadAsync(feed, truncate: false, file)));
        await PostAsync($"/api/feeds/{feed}/activate", new { }, HttpStatusCode.OK);

        Assert.Equal("inactive", (string?)inactive["state"]);
        Assert.Contains("deactivated", refused.Reason);
        Assert.Equal(["1|a"], await app.RowsAsync(table));
        Assert.Equal("1 0 0 1 0 0 0", (await app.LoadAsync(feed, file)).Counts());
    }

    [Fact]
    public async Task Emptying_a_table_must_be_meant_and_is_a_load_like_others()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select i as id, 'a' as v from range(3) r(i)"));

        await PostAsync($"/api/feeds/{feed}/truncate", new { confirm = "x" }, HttpStatusCode.BadRequest);
        var load = await PostAsync($"/api/feeds/{feed}/truncate", new { confirm = table }, HttpStatusCode.Accepted);
        await app.EndOfAsync((string)load["id"]!);

        Assert.Equal("0 0 0 0 0 0 3", (await app.Operator.GetAsync($"/api/loads/{load["id"]}", HttpStatusCode.OK)).Counts());
        Assert.Empty(await app.RowsAsync(table));
    }

    private static JsonObject Named(string name, string incoming, string type) => new() { ["name"] = name, ["incomingName"] = incoming, ["type"] = type };

    private static string Source(string type, string text) => type switch
    {
        "string" => $"'{text}'",
        "datetime" => $"timestamp '{text[..^3]}'",
        "date" => $"date '{text}'",
        "integer" or "decimal" => $"{text}::bigint",
        _ => $"'{text}'::{(type == "float" ? "double" : type)}",
    };

    private async Task<(string Id, string Table)> LoadedAsync(string type, string value)
    {
        var field = FeedsApp.Field("x", type);
        if (type == "decimal")
        {
            (field["precision"], field["scale"]) = (10, 2);
        }

        var feed = await app.ActiveFeedAsync(new() { ["fields"] = new JsonArray(FeedsApp.Field("id", "integer"), field), ["primaryKey"] = new JsonArray("id") });
        Assert.Equal("loaded", (string?)(await app.LoadAsync(feed.Id, app.Land($"select 1 as id, {value} as x")))["state"]);
        return feed;
    }

    private async Task DraftAsync(string id, Action<JsonNode> change)
    {
        var draft = (await app.Operator.GetAsync($"/api/feeds/{id}", HttpStatusCode.OK))["draft"]!.DeepClone();
        change(draft);
        await (await app.Operator.PutAsJsonAsync($"/api/feeds/{id}", draft)).ReadAsync(HttpStatusCode.OK);
    }

    private async Task<JsonNode> PostAsync(string path, object body, HttpStatusCode expected) => await (await app.Operator.PostAsJsonAsync(path, body)).ReadAsync(expected);
}
