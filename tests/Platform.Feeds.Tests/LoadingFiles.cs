using Xunit;

namespace Platform.Feeds.Tests;

public sealed class LoadingFiles(FeedsApp app)
{
    [Fact]
    public async Task A_first_load_inserts_every_row_by_a_swap()
    {
        var (feed, table) = await app.KeyedFeedAsync();

        var load = await app.LoadAsync(feed, app.Land("select i as id, 'a' || i as v from range(3) r(i)"));

        Assert.Equal("loaded", (string?)load["state"]);
        Assert.Equal("swap", (string?)load["strategy"]);
        Assert.Equal("3 3 0 0 0 0 0", load.Counts());
        Assert.Equal(["0|a0", "1|a1", "2|a2"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task The_same_file_again_changes_nothing()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        var file = app.Land("select i as id, 'a' || i as v from range(1000) r(i)");
        await app.LoadAsync(feed, file);
        var before = await app.RowsAsync(table, "id, v, _load_id, _file_id, _row_no, xmin");

        var load = await app.LoadAsync(feed, file);

        Assert.Equal("merge", (string?)load["strategy"]);
        Assert.Equal("1000 0 0 1000 0 0 0", load.Counts());
        Assert.Equal(before, await app.RowsAsync(table, "id, v, _load_id, _file_id, _row_no, xmin"));
    }

    [Fact]
    public async Task New_changed_and_equal_rows_are_told_apart()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select i as id, 'a' || i as v from range(1000) r(i)"));

        var load = await app.LoadAsync(feed, app.Land("select i as id, case when i % 100 = 0 then 'changed' else 'a' || i end as v from range(500, 1100) r(i)"));

        Assert.Equal("600 100 5 495 0 0 0", load.Counts());
        Assert.Equal(1100, (long)load["tableRows"]!);
        Assert.Equal(1100, await app.ScalarAsync<long>($"select count(*) from domain.\"{table}\""));
        Assert.Equal(5 + 1, await app.ScalarAsync<long>($"select count(*) from domain.\"{table}\" where v = 'changed'"));
    }
}
