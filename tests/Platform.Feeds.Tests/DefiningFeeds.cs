using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.Feeds.Tests;

public sealed class DefiningFeeds(FeedsApp app)
{
    [Fact]
    public async Task Fields_are_inferred_from_a_landed_sample_with_suggested_tags()
    {
        var sample = app.Land("select 1::bigint as id, 'a@b' as \"Email Address\", timestamp '2026-01-01' as seen, 1.5::double as amount, 1.25::decimal(10,2) as price, true as ok, date '2026-01-01' as day, [1] as list",
            partitions: new Dictionary<string, string> { ["event"] = "add_to_cart" });

        var feed = await CreateAsync(new() { ["sampleFileId"] = sample.FileId, ["primaryKey"] = new JsonArray("id"), ["lastUpdatedField"] = "seen" }, HttpStatusCode.Created);

        Assert.Equal(
            ["id integer", "Email_Address string", "seen datetime", "amount float", "price decimal", "ok boolean", "day date", "list json", "event string"],
            feed["draft"]!["fields"]!.AsArray().Select(field => $"{field!["name"]} {field["type"]}"));
        Assert.Equal("Email Address", (string?)feed["draft"]!["fields"]![1]!["incomingName"]);
        Assert.Equal("email", (string?)feed["draft"]!["fields"]![1]!["semanticTags"]![0]);
        Assert.Equal("draft", (string?)feed["state"]);
    }

    [Fact]
    public async Task Every_problem_is_reported_with_its_place()
    {
        var problem = await (await app.Operator.PostAsJsonAsync("/api/feeds", JsonNode.Parse("""
            { "source": "a:b", "fields": [ { "name": "_x", "type": "string" }, { "name": "y" }, { "name": "Y", "type": "string", "precision": 3 }, null,
              { "name": "d", "type": "decimal", "precision": 5, "scale": 6 }, { "name": "j", "type": "json", "semanticTags": ["Not A Tag"] } ],
              "primaryKey": ["j", "nope"], "lastUpdatedField": "y", "generateUpdatedField": true, "errorThresholdPercent": 101 }
            """))).ReadAsync(HttpStatusCode.BadRequest);

        Assert.Equal(
            ["$.source", "$.name", "$.fields[0].name", "$.fields[1].type", "$.fields[2].precision", "$.fields[2].name", "$.fields[2].incomingName", "$.fields[3]", "$.fields[4].scale",
             "$.fields[5].semanticTags[0]", "$.primaryKey[0]", "$.primaryKey[1]", "$.lastUpdatedField", "$.generateUpdatedField", "$.errorThresholdPercent"],
            problem["errors"]!.AsArray().Select(error => (string)error!["path"]!));
    }

    [Fact]
    public async Task An_unknown_sample_and_one_that_cannot_be_read_are_told_apart()
    {
        var unknown = await CreateAsync(new() { ["sampleFileId"] = "lf-none" }, HttpStatusCode.BadRequest);
        Assert.Equal("$.sampleFileId", (string?)unknown["errors"]![0]!["path"]);

        var file = app.Land("select 1 as id");
        await File.WriteAllTextAsync(Path.Combine(app.LandingRoot, file.Location), "no parquet at all");
        var unreadable = await CreateAsync(new() { ["sampleFileId"] = app.LandExisting(file.Location).FileId }, HttpStatusCode.UnprocessableEntity);
        Assert.Contains(file.FileName, (string)unreadable["detail"]!);
    }

    [Theory]
    [InlineData("", "Events", "$.source")]
    [InlineData("Test", "a/b", "$.name")]
    [InlineData("Test", " leading", "$.name")]
    [InlineData("Test", "quote\"", "$.name")]
    [InlineData("Test", "0123456789012345678901234567890123456789012345678901234567890123456789", "$.name")]
    public async Task Names_that_make_no_table_are_refused(string source, string name, string path)
    {
        var problem = await (await app.Operator.PostAsJsonAsync("/api/feeds", new { source, name, fields = new[] { new { name = "id", type = "integer" } } })).ReadAsync(HttpStatusCode.BadRequest);

        Assert.Equal(path, (string?)problem["errors"]![0]!["path"]);
    }

    [Fact]
    public async Task A_name_is_taken_whatever_its_case()
    {
        var name = app.UniqueName("Taken");
        await CreateAsync(new() { ["name"] = name, ["fields"] = new JsonArray(FeedsApp.Field("id", "integer")) }, HttpStatusCode.Created);

        var refused = await CreateAsync(new() { ["name"] = name.ToUpperInvariant(), ["fields"] = new JsonArray(FeedsApp.Field("id", "integer")) }, HttpStatusCode.Conflict);

        Assert.Equal("/problems/name-taken", (string?)refused["type"]);
    }

    [Fact]
    public async Task The_draft_comes_back_as_it_was_put_and_leaves_the_active_definition_alone()
    {
        var (id, _) = await app.KeyedFeedAsync();
        var feed = await app.Operator.GetAsync($"/api/feeds/{id}", HttpStatusCode.OK);
        var draft = feed["draft"]!.DeepClone();
        draft["fields"]!.AsArray().Add(FeedsApp.Field("extra", "decimal"));

        var replaced = await (await app.Operator.PutAsJsonAsync($"/api/feeds/{id}", draft)).ReadAsync(HttpStatusCode.OK);

        Assert.Equal("changed", (string?)replaced["state"]);
        Assert.Equal(3, replaced["draft"]!["fields"]!.AsArray().Count);
        Assert.True(JsonNode.DeepEquals(feed["active"], replaced["active"]));
    }

    [Fact]
    public async Task The_name_of_an_active_feed_is_fixed()
    {
        var (id, _) = await app.KeyedFeedAsync();

        var refused = await (await app.Operator.PutAsJsonAsync($"/api/feeds/{id}", new { name = "Another", fields = new[] { new { name = "id", type = "integer" } } })).ReadAsync(HttpStatusCode.Conflict);

        Assert.Equal("/problems/name-fixed", (string?)refused["type"]);
    }

    [Fact]
    public async Task Deleting_a_feed_with_rows_must_be_meant()
    {
        var (id, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(id, app.Land("select 1 as id, 'a' as v"));

        var refused = await (await app.Operator.DeleteAsync($"/api/feeds/{id}")).ReadAsync(HttpStatusCode.Conflict);
        Assert.Equal("/problems/table-has-rows", (string?)refused["type"]);
        Assert.Equal(HttpStatusCode.NoContent, (await app.Operator.DeleteAsync($"/api/feeds/{id}?withData=true")).StatusCode);

        await app.Operator.GetAsync($"/api/feeds/{id}", HttpStatusCode.NotFound);
        Assert.False(await app.ScalarAsync<bool>($"select exists (select from pg_tables where tablename = '{table}')"));
    }

    [Fact]
    public async Task Feeds_are_listed_in_pages_and_by_source()
    {
        var source = app.UniqueName("Source");
        foreach (var name in new[] { "A", "B", "C" })
        {
            await CreateAsync(new() { ["source"] = source, ["name"] = name, ["fields"] = new JsonArray(FeedsApp.Field("id", "integer")) }, HttpStatusCode.Created);
        }

        var first = await app.Operator.GetAsync($"/api/feeds?source={source}&limit=2", HttpStatusCode.OK);
        var second = await app.Operator.GetAsync($"/api/feeds?source={source}&limit=2&after={first["next"]}", HttpStatusCode.OK);

        Assert.Equal(["A", "B", "C"], first["items"]!.AsArray().Concat(second["items"]!.AsArray()).Select(feed => (string)feed!["name"]!).Order());
        Assert.Null(second["next"]);
        await app.Operator.GetAsync("/api/feeds?limit=0", HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Sister_services_learn_which_feeds_exist()
    {
        var (id, table) = await app.KeyedFeedAsync();

        var answer = await (await app.AsService("couriers").PostAsJsonAsync("/internal/feeds/resolve", new { ids = new[] { "df-missing1", id } })).ReadAsync(HttpStatusCode.OK);

        Assert.Equal(("df-missing1", id, table, true), ((string)answer["missing"]![0]!, (string)answer["feeds"]![0]!["id"]!, (string)answer["feeds"]![0]!["domainTable"]!, (bool)answer["feeds"]![0]!["active"]!));
        Assert.Equal(HttpStatusCode.Forbidden, (await app.Operator.PostAsJsonAsync("/internal/feeds/resolve", new { ids = new[] { id } })).StatusCode);
    }

    [Fact]
    public async Task Viewers_read_and_only_operators_write()
    {
        using var viewer = app.As(Roles.Viewer);

        Assert.Equal(HttpStatusCode.OK, (await viewer.GetAsync("/api/feeds")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await viewer.PostAsJsonAsync("/api/feeds", new { })).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.Anonymous().GetAsync("/api/feeds")).StatusCode);
    }

    private async Task<JsonNode> CreateAsync(JsonObject feed, HttpStatusCode expected)
    {
        feed["source"] ??= "Test";
        feed["name"] ??= app.UniqueName();
        return await (await app.Operator.PostAsJsonAsync("/api/feeds", feed)).ReadAsync(expected);
    }
}
