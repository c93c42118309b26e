using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Platform.Feeds.Tests;

/// <summary>Feeds with more fields than a row of PostgreSQL holds: as many as fit are columns, the rest shares one, told before the activation.</summary>
public sealed class WideTables(FeedsApp app)
{
    /// <summary>The longest text PostgreSQL may leave inside a row, where a longer one would move out.</summary>
    private const string Stubborn = "23 characters, not more";
    private const int Texts = 400;

    [Fact]
    public async Task What_does_not_fit_a_row_shares_a_column_and_keeps_every_value()
    {
        // After the texts, which fill the row, a field of each type.
        JsonObject[] last =
        [
            FeedsApp.Field("flag", "boolean"), FeedsApp.Field("day", "date"), FeedsApp.Field("moment", "datetime"), FeedsApp.Field("price", "decimal"), FeedsApp.Field("ratio", "float"),
            FeedsApp.Field("number", "integer"), FeedsApp.Field("words", "string"), FeedsApp.Field("nested", "json"),
        ];
        last[3]["precision"] = 38;
        last[3]["scale"] = 10;
        var created = await (await app.Operator.PostAsJsonAsync("/api/feeds", new JsonObject
        {
            ["source"] = "Test",
            ["name"] = app.UniqueName("Wide"),
            ["fields"] = new JsonArray([FeedsApp.Field("id", "integer"), .. Enumerable.Range(0, Texts).Select(i => FeedsApp.Field($"t{i}", "string")), .. last]),
            ["primaryKey"] = new JsonArray("id"),
        })).ReadAsync(HttpStatusCode.Created);
        var (id, table) = ((string)created["id"]!, (string)created["domainTable"]!);

        var told = await (await app.Operator.PostAsJsonAsync($"/api/feeds/{id}/activation-preview", new { })).ReadAsync(HttpStatusCode.OK);
        await (await app.Operator.PostAsJsonAsync($"/api/feeds/{id}/activate", new { })).ReadAsync(HttpStatusCode.OK);

        var beyond = told["beyond"]!.AsArray().Select(name => (string)name!).ToList();
        Assert.InRange(beyond.Count, last.Length + 1, Texts);
        Assert.Contains($"keep {beyond.Count} fields together in the column _more", (string)told["steps"]![1]!);
        var texts = string.Concat(Enumerable.Range(0, Texts).Select(i => $", '{Stubborn}' as t{i}"));
        var parquet = app.Land($$"""
            select i as id{{texts}}, i = 1 as flag, date '2024-02-29' as day, timestamp '2020-09-14 17:32:22.123456' as moment, '-1234567890123456789012345678.0123456789'::decimal(38,10) as price,
                   case i when 1 then 'nan' when 2 then '-inf' when 3 then '-0' else '1e-300' end::double as ratio, -9223372036854775807 as number, 'a"\' || chr(10) || 'ü' as words, {'x': [1.50, null]} as nested
            from range(1, 5) r(i)
            """);
        Assert.Equal("4 4 0 0 0 0 0", (await app.LoadAsync(id, parquet)).Counts());
        var view = await app.Operator.GetAsync($"/api/domain-tables/{Uri.EscapeDataString(table)}", HttpStatusCode.OK);
        string Value(string field) => (string)view["columns"]!.AsArray().First(column => (string)column!["name"]! == field)!["expression"]!;
        Assert.True(await app.ScalarAsync<bool>($$"""
            select bool_and({{Value("flag")}} = (id = 1) and {{Value("day")}} = '2024-02-29' and {{Value("moment")}} = '2020-09-14 17:32:22.123456+00' and {{Value("price")}} = -1234567890123456789012345678.0123456789
                and {{Value("ratio")}} = (array['NaN', '-Infinity', '-0', '1e-300']::double precision[])[id] and {{Value("number")}} = -9223372036854775807
                and {{Value("words")}} = E'a"\\\nü' and {{Value("nested")}} = '{"x": [1.50, null]}' and {{Value("t399")}} = '{{Stubborn}}') from domain."{{table}}"
            """));

        var all = (await app.Operator.GetAsync($"/api/domain-tables/{Uri.EscapeDataString(table)}/profile", HttpStatusCode.OK))["columns"]!.AsArray();
        Assert.Equal(1 + Texts + last.Length, all.Count);
        Assert.Equal("0 1 -9223372036854775807", string.Join(' ', all.Where(column => (string)column!["column"]! == "number").Select(column => $"{column!["nulls"]} {column["distinct"]} {column["min"]}")));

        // The same as text changes nothing; another value and a null change one row each; a bad value is judged like that of any field.
        var text = new StringBuilder("id").AppendJoin("", Enumerable.Range(0, Texts).Select(i => $",t{i}")).AppendLine(",flag,day,moment,price,ratio,number,words,nested");
        string[] ends =
        [
            "true,2024-02-29,2020-09-14T17:32:22.123456Z,-1234567890123456789012345678.0123456789,NaN,-9223372036854775807,\"a\"\"\\\nü\",\"{\"\"x\"\":[1.5,null]}\"",
            "false,2024-02-29,2020-09-14T17:32:22.123456Z,-1234567890123456789012345678.0123456789,-Infinity,5,\"a\"\"\\\nü\",\"{\"\"x\"\":[1.5,null]}\"",
            "false,,2020-09-14T17:32:22.123456Z,-1234567890123456789012345678.0123456789,-0,-9223372036854775807,\"a\"\"\\\nü\",\"{\"\"x\"\":[1.5,null]}\"",
            "false,2024-02-30,2020-09-14T17:32:22.123456Z,1,1,1,,",
        ];
        for (var row = 0; row < ends.Length; row++)
        {
            text.Append(row + 1).AppendJoin("", Enumerable.Repeat($",\"{Stubborn}\"", Texts)).Append(',').AppendLine(ends[row]);
        }

        await DraftAsync(id, draft => draft["errorThresholdPercent"] = 50);
        await ActivateAsync(id, new { });
        Assert.Equal("4 0 2 1 0 1 0", (await app.LoadAsync(id, LandCsv(text.ToString()))).Counts());
        Assert.Equal(["1|-9223372036854775807|2024-02-29", "2|5|2024-02-29", "3|-9223372036854775807", "4|-9223372036854775807|2024-02-29"], await app.RowsAsync(table, $"id, {Value("number")}, {Value("day")}"));
        var profile = await app.Operator.GetAsync($"/api/domain-tables/{Uri.EscapeDataString(table)}/profile?column=number", HttpStatusCode.OK);
        Assert.Equal((0, 2, "5"), ((int)profile["columns"]![0]!["nulls"]!, (int)profile["columns"]![0]!["distinct"]!, (string)profile["columns"]![0]!["max"]!));
    }

    [Fact]
    public async Task Fields_are_added_renamed_and_dropped_there_and_stored_values_stay()
    {
        var fields = new JsonArray([FeedsApp.Field("id", "integer"), .. Enumerable.Range(0, Texts).Select(i => FeedsApp.Field($"t{i}", "string"))]);
        var (id, table) = await app.ActiveFeedAsync(new() { ["fields"] = fields, ["primaryKey"] = new JsonArray("id") });
        await app.LoadAsync(id, app.Land("select 1 as id, 'a' as t0, 'b' as t397, 'c' as t398, 'd' as t399"));

        await DraftAsync(id, draft =>
        {
            var all = draft["fields"]!.AsArray();
            all.RemoveAt(Texts);
            all[Texts - 1]!["name"] = "renamed";
            all.Add(FeedsApp.Field("extra", "integer"));
        });
        var kept = await (await app.Operator.PostAsJsonAsync($"/api/feeds/{id}/activate", new { })).ReadAsync(HttpStatusCode.Conflict);
        await ActivateAsync(id, new { dropColumns = true });
        Assert.Equal("$.fields", (string)kept["errors"]![0]!["path"]!);
        Assert.Equal("""{"t397": "b", "renamed": "c"}""", await app.ScalarAsync<string>($"select _more::text from domain.\"{table}\""));
        await app.LoadAsync(id, app.Land("select 2 as id, 'e' as t398, 7 as extra"));

        Assert.Equal(["1|a|b|c", "2|e|7"], await app.RowsAsync(table, "id, t0, _more ->> 't397', _more ->> 'renamed', _more ->> 'extra'"));

        // What the platform compares or indexes needs a column: that takes loading again.
        await DraftAsync(id, draft => draft["fields"]![Texts - 1]!["semanticTags"] = new JsonArray("fk-other"));
        var refused = await (await app.Operator.PostAsJsonAsync($"/api/feeds/{id}/activate", new { })).ReadAsync(HttpStatusCode.Conflict);
        Assert.Equal($"$.fields[{Texts - 1}]", (string)refused["errors"]![0]!["path"]!);
        await ActivateAsync(id, new { clearTable = true });
        Assert.Equal("1 1 0 0 0 0 0", (await app.LoadAsync(id, app.Land("select 2 as id, 'e' as t398, 7 as extra"))).Counts());
        Assert.Equal(["2|e|7"], await app.RowsAsync(table, "id, renamed, _more ->> 'extra'"));
    }

    [Fact]
    public async Task Rows_without_a_key_are_known_by_the_shared_column_too()
    {
        var fields = new JsonArray([.. Enumerable.Range(0, Texts).Select(i => FeedsApp.Field($"t{i}", "string"))]);
        var (id, table) = await app.ActiveFeedAsync(new() { ["fields"] = fields, ["keyless"] = true });
        var file = app.Land("select 'a' as t0, x as t399 from (values ('b'), ('b'), ('c')) r(x)");

        Assert.Equal("3 3 0 0 0 0 0", (await app.LoadAsync(id, file)).Counts());
        Assert.Equal("3 0 0 3 0 0 0", (await app.LoadAsync(id, file)).Counts());
        Assert.Equal(["a|b|1", "a|b|2", "a|c|1"], await app.RowsAsync(table, "t0, _more ->> 't399', _row_occurrence"));
    }

    private Couriers.LandedFile LandCsv(string text)
    {
        var name = $"{Guid.CreateVersion7()}.csv";
        File.WriteAllText(Path.Combine(app.LandingRoot, name), text, new UTF8Encoding(false));
        return app.Landed.Add(app.LandExisting(name) with { ContentType = "text/csv" });
    }

    private async Task DraftAsync(string id, Action<JsonNode> change)
    {
        var draft = (await app.Operator.GetAsync($"/api/feeds/{id}", HttpStatusCode.OK))["draft"]!.DeepClone();
        change(draft);
        await (await app.Operator.PutAsJsonAsync($"/api/feeds/{id}", draft)).ReadAsync(HttpStatusCode.OK);
    }

    private async Task ActivateAsync(string id, object how) => await (await app.Operator.PostAsJsonAsync($"/api/feeds/{id}/activate", how)).ReadAsync(HttpStatusCode.OK);
}
