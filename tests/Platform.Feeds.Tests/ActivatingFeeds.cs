using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Platform.Feeds.Tests;

public sealed class ActivatingFeeds(FeedsApp app)
{
    [Fact]
    public async Task The_table_is_a_shell_with_one_partition_key_comments_and_a_grant_for_readers()
    {
        var (id, table) = await app.KeyedFeedAsync();

        Assert.Equal("p", await app.ScalarAsync<string>($"select relkind::text from pg_class where oid = 'domain.\"{table}\"'::regclass"));
        Assert.Equal(1, await app.ScalarAsync<long>($"select count(*) from pg_inherits where inhparent = 'domain.\"{table}\"'::regclass"));
        Assert.True(await app.ScalarAsync<bool>($"select has_table_privilege('domain_reader', 'domain.\"{table}\"', 'select')"));
        Assert.Contains(id, await app.ScalarAsync<string>($"select obj_description('domain.\"{table}\"'::regclass)"));
        Assert.Equal("id|v|_load_id|_file_id|_row_no|_updated_at", await app.ScalarAsync<string>(
            $"select string_agg(attname, '|' order by attnum) from pg_attribute where attrelid = 'domain.\"{table}\"'::regclass and attnum > 0"));
    }

    [Fact]
    public async Task Without_a_primary_key_it_is_refused()
    {
        var created = await (await app.Operator.PostAsJsonAsync("/api/feeds", new { source = "Test", name = app.UniqueName(), fields = new[] { new { name = "id", type = "integer" } } })).ReadAsync(HttpStatusCode.Created);

        var refused = await (await app.Operator.PostAsJsonAsync($"/api/feeds/{created["id"]}/activate", new { })).ReadAsync(HttpStatusCode.BadRequest);

        Assert.Equal("$.primaryKey", (string?)refused["errors"]![0]!["path"]);
    }

    [Fact]
    public async Task The_sample_is_loaded_when_asked_for()
    {
        var sample = app.Land("select i as id, 'a' as v from range(5) r(i)");
        var created = await (await app.Operator.PostAsJsonAsync("/api/feeds", new { source = "Test", name = app.UniqueName(), sampleFileId = sample.FileId, primaryKey = new[] { "id" } })).ReadAsync(HttpStatusCode.Created);

        var activated = await (await app.Operator.PostAsJsonAsync($"/api/feeds/{created["id"]}/activate", new { loadSample = true })).ReadAsync(HttpStatusCode.OK);

        await app.EndOfAsync((string)activated["sampleLoadId"]!);
        Assert.Equal(5, (await app.RowsAsync((string)created["domainTable"]!)).Count);
    }

    [Fact]
    public async Task A_field_is_added_to_a_table_with_rows()
    {
        var (id, table) = await LoadedAsync();

        await DraftAsync(id, draft => draft["fields"]!.AsArray().Add(FeedsApp.Field("extra", "integer")));
        await ActivateAsync(id, new { }, HttpStatusCode.OK);
        var load = await app.LoadAsync(id, app.Land("select 2 as id, 'b' as v, 7 as extra"));

        Assert.Equal("loaded", (string?)load["state"]);
        Assert.Equal(["1|a|none", "2|b|7"], await app.RowsAsync(table, "id, v, coalesce(extra::text, 'none')"));
    }

    [Fact]
    public async Task What_would_lose_or_falsify_stored_rows_is_refused_all_at_once()
    {
        var (id, table) = await LoadedAsync();
        await DraftAsync(id, draft =>
        {
            draft["fields"] = new JsonArray(FeedsApp.Field("id", "string"), FeedsApp.Field("other", "string"));
            draft["primaryKey"] = new JsonArray("id", "other");
        });

        var refused = await ActivateAsync(id, new { }, HttpStatusCode.Conflict);

        Assert.Equal(["$.primaryKey", "$.fields"], refused["errors"]!.AsArray().Select(error => (string)error!["path"]!));
        Assert.Equal(["1|a"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task With_the_table_cleared_the_key_and_types_may_change_and_views_stay()
    {
        var (id, table) = await LoadedAsync();
        await app.ExecuteAsync($"create view domain.\"ids of {table}\" as select id from domain.\"{table}\"");
        await DraftAsync(id, draft =>
        {
            draft["fields"] = new JsonArray(FeedsApp.Field("id", "integer"), FeedsApp.Field("v", "boolean"), FeedsApp.Field("w", "string"));
            draft["primaryKey"] = new JsonArray("id", "w");
        });

        await ActivateAsync(id, new { clearTable = true }, HttpStatusCode.OK);
        var load = await app.LoadAsync(id, app.Land("select 1 as id, true as v, x as w from (values ('x'), ('y')) t(x)"));

        Assert.Equal("2 2 0 0 0 0 0", load.Counts());
        Assert.Equal(2, await app.ScalarAsync<long>($"select count(*) from domain.\"ids of {table}\""));
    }

    [Fact]
    public async Task A_change_of_the_first_key_column_makes_the_table_anew_unless_a_view_depends_on_it()
    {
        var (id, table) = await LoadedAsync();
        await app.ExecuteAsync($"create view domain.\"view of {table}\" as select id from domain.\"{table}\"");
        await DraftAsync(id, draft => draft["primaryKey"] = new JsonArray("v"));

        var refused = await ActivateAsync(id, new { clearTable = true }, HttpStatusCode.Conflict);
        Assert.Equal("/problems/views-depend", (string?)refused["type"]);
        Assert.Equal(["1|a"], await app.RowsAsync(table));
        await app.ExecuteAsync($"drop view domain.\"view of {table}\"");
        await ActivateAsync(id, new { clearTable = true }, HttpStatusCode.OK);

        await app.LoadAsync(id, app.Land("select i as id, 'same' as v from range(3) r(i)"));
        Assert.Equal(["2|same"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task A_dropped_field_goes_with_its_values_only_when_allowed()
    {
        var (id, table) = await LoadedAsync();
        await DraftAsync(id, draft => draft["fields"] = new JsonArray(FeedsApp.Field("id", "integer")));

        await ActivateAsync(id, new { }, HttpStatusCode.Conflict);
        await ActivateAsync(id, new { dropColumns = true }, HttpStatusCode.OK);

        Assert.Equal(["1"], await app.RowsAsync(table, "id"));
        Assert.Equal("1 0 0 1 0 0 0", (await app.LoadAsync(id, app.Land("select 1 as id, 'b' as v"))).Counts());
    }

    [Fact]
    public async Task A_real_last_updated_field_may_replace_a_generated_one_and_back()
    {
        var (id, table) = await LoadedAsync();
        await DraftAsync(id, draft =>
        {
            draft["fields"]!.AsArray().Add(FeedsApp.Field("at", "integer"));
            draft["lastUpdatedField"] = "at";
            draft["generateUpdatedField"] = false;
        });
        await ActivateAsync(id, new { }, HttpStatusCode.OK);
        await app.LoadAsync(id, app.Land("select 1 as id, 'b' as v, 5 as \"at\""));
        await DraftAsync(id, draft =>
        {
            draft["lastUpdatedField"] = null;
            draft["generateUpdatedField"] = true;
        });
        await ActivateAsync(id, new { }, HttpStatusCode.OK);

        var load = await app.LoadAsync(id, app.Land("select 1 as id, 'c' as v, 1 as \"at\""));

        Assert.Equal("1 0 1 0 0 0 0", load.Counts());
        Assert.Equal(1, await app.ScalarAsync<long>($"select count(*) from domain.\"{table}\" where _updated_at is not null and v = 'c'"));
    }

    [Fact]
    public async Task While_a_load_runs_it_is_refused()
    {
        var (id, table) = await LoadedAsync();
        await DraftAsync(id, draft => draft["fields"]!.AsArray().Add(FeedsApp.Field("extra", "integer")));
        await using var blocker = await app.HoldAsync(table, "access exclusive");
        var load = await app.SendLoadAsync(id, truncate: false, app.Land("select 2 as id, 'b' as v"));
        await app.PhaseAsync(load, "merging");
        var refused = await ActivateAsync(id, new { }, HttpStatusCode.Conflict);
        await blocker.DisposeAsync();

        Assert.Equal("/problems/feed-busy", (string?)refused["type"]);
        await app.EndOfAsync(load);
        await ActivateAsync(id, new { }, HttpStatusCode.OK);
    }

    private async Task<(string Id, string Table)> LoadedAsync()
    {
        var feed = await app.KeyedFeedAsync();
        await app.LoadAsync(feed.Id, app.Land("select 1 as id, 'a' as v"));
        return feed;
    }

    private async Task DraftAsync(string id, Action<JsonNode> change)
    {
        var draft = (await app.Operator.GetAsync($"/api/feeds/{id}", HttpStatusCode.OK))["draft"]!.DeepClone();
        change(draft);
        await (await app.Operator.PutAsJsonAsync($"/api/feeds/{id}", draft)).ReadAsync(HttpStatusCode.OK);
    }

    private async Task<JsonNode> ActivateAsync(string id, object how, HttpStatusCode expected) => await (await app.Operator.PostAsJsonAsync($"/api/feeds/{id}/activate", how)).ReadAsync(expected);
}
