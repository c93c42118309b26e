using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Platform.Feeds.Tests;

/// <summary>F4: rows without a key are known by their hash and occurrence number inside one file.</summary>
public sealed class KeylessFeeds(FeedsApp app)
{
    [Fact]
    public async Task Equal_rows_of_a_file_are_all_kept_and_a_reload_adds_nothing()
    {
        var (feed, table) = await KeylessAsync();
        var file = app.Land("select * from (values (1, 'a'), (1, 'a'), (1, 'a'), (2, 'b'), (null, null), (null, null)) t(id, v)");

        Assert.Equal("6 6 0 0 0 0 0", (await app.LoadAsync(feed, file)).Counts());
        Assert.Equal("6 0 0 6 0 0 0", (await app.LoadAsync(feed, file)).Counts());

        Assert.Equal(["", "", "1|a", "1|a", "1|a", "2|b"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task Overlapping_files_keep_the_highest_multiplicity()
    {
        var (feed, table) = await KeylessAsync();

        var first = await app.LoadAsync(feed, app.Land("select 1 as id, 'a' as v from range(2)"), app.Land("select 1 as id, 'a' as v from range(3)"));
        var second = await app.LoadAsync(feed, app.Land("select 1 as id, 'a' as v from range(4)"));

        Assert.Equal("5 3 0 0 2 0 0", first.Counts());
        Assert.Equal("4 1 0 3 0 0 0", second.Counts());
        Assert.Equal(4, (await app.RowsAsync(table)).Count);
    }

    [Fact]
    public async Task Texts_that_look_alike_are_not_equal_and_a_field_added_later_changes_no_stored_row()
    {
        var (feed, table) = await KeylessAsync();
        var rows = "select * from (values (1, ''), (1, null), (1, 'null'), (1, '\"'), (1, '\\'), (1, 'ä')) t(id, v)";
        await app.LoadAsync(feed, app.Land(rows));
        await DraftAsync(feed, draft => draft["fields"]!.AsArray().Add(FeedsApp.Field("extra", "string")));
        await ActivateAsync(feed, HttpStatusCode.OK);

        Assert.Equal("6 0 0 6 0 0 0", (await app.LoadAsync(feed, app.Land(rows))).Counts());
        Assert.Equal(6, (await app.RowsAsync(table)).Count);
    }

    [Fact]
    public async Task What_would_change_the_hashes_of_stored_rows_needs_a_reload()
    {
        var (feed, _) = await KeylessAsync();
        await app.LoadAsync(feed, app.Land("select 1 as id, 'a' as v"));
        await DraftAsync(feed, draft => draft["fields"]![0]!["type"] = "string");

        var refused = await ActivateAsync(feed, HttpStatusCode.Conflict);

        Assert.Equal("$.keyless", (string?)refused["errors"]![0]!["path"]);
    }

    [Fact]
    public async Task A_key_and_keyless_exclude_each_other()
    {
        var refused = await (await app.Operator.PostAsJsonAsync("/api/feeds", JsonNode.Parse("""
            { "source": "Test", "name": "Both", "keyless": true, "primaryKey": ["id"], "lastUpdatedField": "id", "fields": [ { "name": "id", "type": "integer" } ] }
            """))).ReadAsync(HttpStatusCode.BadRequest);

        Assert.Equal(["$.keyless", "$.lastUpdatedField"], refused["errors"]!.AsArray().Select(error => (string)error!["path"]!));
    }

    [Fact]
    public async Task Their_rows_are_listed_page_by_page()
    {
        var (feed, table) = await KeylessAsync();
        await app.LoadAsync(feed, app.Land("select i % 2 as id, 'a' as v from range(5) r(i)"));

        var path = $"/api/domain-tables/{Uri.EscapeDataString(table)}/rows?limit=3";
        var first = await app.Operator.GetAsync(path, HttpStatusCode.OK);
        var second = await app.Operator.GetAsync($"{path}&after={first["next"]}", HttpStatusCode.OK);

        Assert.Equal((3, 2), (first["items"]!.AsArray().Count, second["items"]!.AsArray().Count));
    }

    public static TheoryData<int> Seeds => FaultSeeds.Histories(3);

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Random_histories_end_in_the_table_of_the_model(int seed)
    {
        var random = new Random(seed);
        var (feed, table) = await KeylessAsync();
        var stored = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var load = 0; load < 6; load++)
        {
            var truncate = random.Next(5) == 0;
            var files = Enumerable.Range(0, random.Next(1, 4)).Select(_ => Enumerable.Range(0, random.Next(1, 20)).Select(_ => (Id: random.Next(3), V: $"v{random.Next(2)}")).ToList()).ToList();
            var expected = Play(stored, files.Select(file => file.CountBy(row => $"{row.Id}|{row.V}").ToDictionary(StringComparer.Ordinal)).ToList(), truncate);

            var found = await app.LoadAsync(feed, truncate, [.. files.Select(file => app.Land(
                $"select * from (values {string.Join(", ", file.Select(row => string.Create(CultureInfo.InvariantCulture, $"({row.Id}, '{row.V}')")))}) t(id, v)"))]);

            Assert.Equal($"load {load}: {expected}", $"load {load}: {found.Counts()}");
            Assert.Equal(stored.SelectMany(row => Enumerable.Repeat(row.Key, row.Value)).Order(StringComparer.Ordinal), await app.RowsAsync(table));
        }
    }

    private static string Play(Dictionary<string, int> stored, List<Dictionary<string, int>> files, bool truncate)
    {
        var read = files.Sum(file => file.Values.Sum());
        var batch = files.SelectMany(file => file).GroupBy(row => row.Key, StringComparer.Ordinal).ToDictionary(row => row.Key, row => row.Max(one => one.Value), StringComparer.Ordinal);
        var kept = batch.Sum(row => Math.Min(row.Value, stored.GetValueOrDefault(row.Key)));
        var (before, winners) = (stored.Values.Sum(), batch.Values.Sum());
        if (truncate)
        {
            stored.Clear();
        }

        foreach (var (row, count) in batch)
        {
            stored[row] = Math.Max(count, stored.GetValueOrDefault(row));
        }

        return $"{read} {winners - kept} 0 {kept} {read - winners} 0 {(truncate ? before - kept : 0)}";
    }

    private Task<(string Id, string Table)> KeylessAsync() => app.ActiveFeedAsync(new()
    {
        ["fields"] = new JsonArray(FeedsApp.Field("id", "integer"), FeedsApp.Field("v", "string")),
        ["keyless"] = true,
        ["holdTruncateAbovePercent"] = 100,
    });

    private async Task DraftAsync(string id, Action<JsonNode> change)
    {
        var draft = (await app.Operator.GetAsync($"/api/feeds/{id}", HttpStatusCode.OK))["draft"]!.DeepClone();
        change(draft);
        await (await app.Operator.PutAsJsonAsync($"/api/feeds/{id}", draft)).ReadAsync(HttpStatusCode.OK);
    }

    private async Task<JsonNode> ActivateAsync(string id, HttpStatusCode expected) => await (await app.Operator.PostAsJsonAsync($"/api/feeds/{id}/activate", new { })).ReadAsync(expected);
}
