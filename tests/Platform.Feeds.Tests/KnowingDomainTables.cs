using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Npgsql;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Xunit;

namespace Platform.Feeds.Tests;

/// <summary>F4, F6, F11: sample, profile, lineage, orphans, tags, comments, and the login for SQL clients.</summary>
public sealed class KnowingDomainTables(FeedsApp app)
{
    [Fact]
    public async Task A_profile_tells_nulls_distinct_values_and_extremes_of_every_type()
    {
        var (feed, table) = await app.ActiveFeedAsync(new()
        {
            ["fields"] = new JsonArray(FeedsApp.Field("id", "integer"), FeedsApp.Field("s", "string"), FeedsApp.Field("b", "boolean"), FeedsApp.Field("d", "date"), FeedsApp.Field("j", "json")),
            ["primaryKey"] = new JsonArray("id"),
        });
        await app.LoadAsync(feed, app.Land("select i as id, case when i < 2 then 'x' when i < 4 then 'y' end as s, i = 0 as b, date '2024-01-01' + i::int as d, [i] as j from range(5) r(i)"));

        var profile = await GetAsync(table, "profile");
        var one = await GetAsync(table, "profile?column=d");

        Assert.Equal((5L, true), ((long)profile["rowsLookedAt"]!, (bool)profile["exact"]!));
        Assert.Equal(["id 0 5 0 4", "s 1 2 x y", "b 0 2 false true", "d 0 5 2024-01-01 2024-01-05", "j 0 5  "],
            profile["columns"]!.AsArray().Select(column => $"{column!["column"]} {column["nulls"]} {column["distinct"]} {column["min"]} {column["max"]}"));
        Assert.Single(one["columns"]!.AsArray());
        Assert.Equal("column", (string?)(await app.Operator.GetAsync(Path(table, "profile?column=zz"), HttpStatusCode.BadRequest))["errors"]![0]!["path"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_name_of_a_field_is_in_the_way_of_a_load_or_a_question(bool keyless)
    {
        string[] names = ["id", "t", "s", "o", "n", "r", "f", "e", "row", "hash", "place", "rank", "ranked", "stored", "staged", "fate", "fates", "value", "values", "orphans", "select", "user", "oid", "copied", "target"];
        var (feed, table) = await app.ActiveFeedAsync(new()
        {
            ["fields"] = new JsonArray([.. names.Select(name => FeedsApp.Field(name, "integer"))]),
            ["primaryKey"] = keyless ? null : new JsonArray("id", "t"),
            ["keyless"] = keyless,
        });
        string Rows(int added, string from) => $"select {string.Join(", ", names.Select((name, i) => $"i + {(i < 2 ? 0 : i + added)} as \"{name}\""))} from {from}";

        var first = await app.LoadAsync(feed, app.Land(Rows(0, "range(3) r(i)")));
        var second = await app.LoadAsync(feed, app.Land(Rows(1, "(values (1), (1), (7)) r(i)")));

        Assert.Equal("3 3 0 0 0 0 0", first.Counts());
        Assert.Equal(keyless ? "3 3 0 0 0 0 0" : "3 1 1 0 1 0 0", second.Counts());
        var rows = (await GetAsync(table, "rows?limit=1"))["items"]!.AsArray();
        Assert.Equal(names, rows[0]!.AsObject().Select(member => member.Key).Take(names.Length));
        Assert.Equal(names, (await GetAsync(table, "sample?rows=1")).AsArray()[0]!.AsObject().Select(member => member.Key).Take(names.Length));
        Assert.Equal(names, (await GetAsync(table, "profile"))["columns"]!.AsArray().Select(column => (string)column!["column"]!).Take(names.Length));
        var key = keyless ? $"key={rows[0]!["_row_hash"]}&key={rows[0]!["_row_occurrence"]}" : "key=1&key=1";
        Assert.Equal(names, (await GetAsync(table, $"lineage?{key}"))["row"]!.AsObject().Select(member => member.Key).Take(names.Length));
        await GetAsync(table, "orphans");
    }

    [Fact]
    public async Task Columns_that_postgresql_has_itself_get_another_name_and_cannot_be_asked_for()
    {
        var sample = app.Land("select 1 as id, 2 as xmin, 3 as \"CTID\", 4 as xmin_2");
        var created = await (await app.Operator.PostAsJsonAsync("/api/feeds", new { source = "Test", name = app.UniqueName(), sampleFileId = sample.FileId, primaryKey = new[] { "id" } })).ReadAsync(HttpStatusCode.Created);
        await (await app.Operator.PostAsJsonAsync($"/api/feeds/{(string)created["id"]!}/activate", new { })).ReadAsync(HttpStatusCode.OK);

        await app.LoadAsync((string)created["id"]!, sample);
        var refused = await (await app.Operator.PostAsJsonAsync("/api/feeds", new { source = "Test", name = app.UniqueName(), fields = new[] { new { name = "tableoid", type = "integer" } } })).ReadAsync(HttpStatusCode.BadRequest);

        Assert.Equal(["1|2|3|4"], await app.RowsAsync((string)created["domainTable"]!, "id, xmin_2, \"CTID_2\", xmin_2_2"));
        Assert.Equal("$.fields[0].name", (string?)refused["errors"]![0]!["path"]);
    }

    [Fact]
    public async Task A_sample_has_so_many_rows_and_whole_ones()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select i as id, 'a' as v from range(30) r(i)"));

        var rows = (await GetAsync(table, "sample?rows=7")).AsArray();

        Assert.Equal(7, rows.Count);
        Assert.All(rows, row => Assert.Equal("a", (string?)row!["v"]));
        await app.Operator.GetAsync(Path(table, "sample?rows=0"), HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_row_is_followed_to_its_load_file_and_run()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        var (first, second) = (app.Land("select i as id, 'a' as v from range(3) r(i)"), app.Land("select 2 as id, 'b' as v"));
        var run = await app.LoadAsync(feed, first, second);

        var lineage = await GetAsync(table, "lineage?key=2");

        Assert.Equal((second.FileId, second.Source, 1L, (string)run["runId"]!, (string)run["id"]!, "b"),
            ((string)lineage["fileId"]!, (string)lineage["source"]!, (long)lineage["rowNo"]!, (string)lineage["runId"]!, (string)lineage["load"]!["id"]!, (string)lineage["row"]!["v"]!));
        await app.Operator.GetAsync(Path(table, "lineage?key=77"), HttpStatusCode.NotFound);
        await app.Operator.GetAsync(Path(table, "lineage?key=x"), HttpStatusCode.BadRequest);
        await app.Operator.GetAsync(Path(table, "lineage"), HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Rows_that_point_to_nothing_are_reported_and_never_refused()
    {
        var tag = $"fk-{app.UniqueName("customer").ToLowerInvariant().Replace(' ', '-')}";
        var (customers, customerTable) = await TaggedAsync("id", tag);
        var (orders, orderTable) = await TaggedAsync("customer", tag);
        await app.LoadAsync(customers, app.Land("select i as id, 0 as customer from range(3) r(i)"));
        await app.LoadAsync(orders, app.Land("select i as id, case when i < 6 then i end as customer from range(8) r(i)"));

        var report = (await GetAsync(orderTable, "orphans")).AsArray();

        Assert.Equal((customerTable, "id", 3L), ((string)report[0]!["references"]!, (string)report[0]!["referencedColumn"]!, (long)report[0]!["orphans"]!));
        Assert.Equal(["3", "4", "5"], report[0]!["examples"]!.AsArray().Select(value => (string)value!));
        Assert.Empty((await GetAsync(customerTable, "orphans")).AsArray());
    }

    [Fact]
    public async Task Descriptions_become_comments_of_table_and_columns()
    {
        var (_, table) = await app.ActiveFeedAsync(new()
        {
            ["description"] = "Who bought what.",
            ["fields"] = new JsonArray(new JsonObject { ["name"] = "id", ["type"] = "integer", ["description"] = "Number of the 'order'" }),
            ["primaryKey"] = new JsonArray("id"),
        });

        Assert.StartsWith("Who bought what. Feed df-", await app.ScalarAsync<string>($"select obj_description('domain.\"{table}\"'::regclass)"));
        Assert.StartsWith("Number of the 'order'; ", await app.ScalarAsync<string>($"select col_description('domain.\"{table}\"'::regclass, 1)"));
    }

    [Fact]
    public async Task Tags_are_suggested_by_name_and_a_slip_of_the_pen_is_pointed_out()
    {
        var suggested = await app.Operator.GetAsync("/api/feeds/semantic-tags?name=Last%20Name", HttpStatusCode.OK);
        var feed = await (await app.Operator.PostAsJsonAsync("/api/feeds", new JsonObject
        {
            ["source"] = "Test",
            ["name"] = app.UniqueName(),
            ["fields"] = new JsonArray(
                new JsonObject { ["name"] = "a", ["type"] = "string", ["semanticTags"] = new JsonArray("surnam") },
                new JsonObject { ["name"] = "b", ["type"] = "string", ["semanticTags"] = new JsonArray("our-own-tag", "fk-order", "email") }),
        })).ReadAsync(HttpStatusCode.Created);

        Assert.Equal("surname", (string?)suggested[0]!["tag"]);
        Assert.True((await app.Operator.GetAsync("/api/feeds/semantic-tags", HttpStatusCode.OK)).AsArray().Count > 50);
        Assert.Equal("$.fields[0].semanticTags[0]", (string?)feed["warnings"]!.AsArray().Single()!["path"]);
    }

    [Fact]
    public async Task Readers_get_a_password_once_and_may_read_domain_tables_only()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select 1 as id, 'a' as v"));
        using var admin = app.As(Roles.Admin);
        await RunReaderScriptAsync();

        var shown = await app.Operator.GetAsync("/api/domain-tables-access", HttpStatusCode.OK);
        var first = await (await admin.PostAsync("/api/domain-tables-access/password", null)).ReadAsync(HttpStatusCode.OK);

        Assert.Null(shown["password"]);
        Assert.Equal(HttpStatusCode.Forbidden, (await app.Operator.PostAsync("/api/domain-tables-access/password", null)).StatusCode);
        await using var reader = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder
        {
            Host = (string)first["host"]!,
            Port = (int)first["port"]!,
            Database = (string)first["database"]!,
            Username = (string)first["user"]!,
            Password = (string)first["password"]!,
            Pooling = false,
        });
        await using var select = reader.CreateCommand($"select v from domain.\"{table}\"");
        Assert.Equal("a", await select.ExecuteScalarAsync(TestContext.Current.CancellationToken));
        foreach (var forbidden in new[] { "select count(*) from public.feeds", $"delete from domain.\"{table}\"", "create table domain.mine (id int)", "select table_reader.set_verifier('x')" })
        {
            await using var command = reader.CreateCommand(forbidden);
            await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
        }
    }

    private async Task RunReaderScriptAsync()
    {
        var server = new NpgsqlConnectionStringBuilder(app.AdminConnectionString);
        var start = new ProcessStartInfo("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", server.Host!, "-p", $"{server.Port}", "-U", server.Username!, "-d", server.Database!,
            "-f", Repository.PathOf("deploy", "lib", "table-reader.sql")])
        {
            RedirectStandardError = true,
            Environment = { ["PGPASSWORD"] = server.Password },
        };
        using var psql = Process.Start(start)!;
        var errors = await psql.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await psql.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(psql.ExitCode == 0, errors);
    }

    private Task<(string Id, string Table)> TaggedAsync(string field, string tag)
    {
        var fields = new JsonArray(FeedsApp.Field("id", "integer"), FeedsApp.Field("customer", "integer"));
        fields.Single(one => (string?)one!["name"] == field)!["semanticTags"] = new JsonArray(tag);
        return app.ActiveFeedAsync(new() { ["fields"] = fields, ["primaryKey"] = new JsonArray("id") });
    }

    private static string Path(string table, string what) => $"/api/domain-tables/{Uri.EscapeDataString(table)}/{what}";

    private Task<JsonNode> GetAsync(string table, string what) => app.Operator.GetAsync(Path(table, what), HttpStatusCode.OK);
}
