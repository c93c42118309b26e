using Platform.Feeds.Loading;
using Xunit;

namespace Platform.Feeds.Tests;

/// <summary>Many changes beside the table: table and changes are written into a new partition, which is swapped in.</summary>
public sealed class LargeDeltas(FeedsApp app)
{
    private const int Rows = 30_000;

    [Fact]
    public async Task Most_rows_changed_are_swapped_in_with_the_same_counts_as_a_merge()
    {
        var (feed, table) = await app.KeyedFeedAsync(lastUpdated: true);
        await app.LoadAsync(feed, app.Land($"select i as id, 'a' || i as v, 10 as \"at\" from range({Rows}) r(i)"));
        await app.ExecuteAsync($"create view domain.\"big {table}\" as select * from domain.\"{table}\"");

        // A third is unchanged, a third changed, a hundred too old, and some are new.
        var load = await app.LoadAsync(feed, app.Land(
            $"select i as id, case when i < 10000 then 'a' || i else 'b' || i end as v, case when i < 10000 then 10 when i < 10100 then 9 else 11 end as \"at\" from range({Rows + 5000}) r(i)"));

        Assert.Equal("swap", (string?)load["strategy"]);
        Assert.Equal("35000 5000 19900 10000 100 0 0", load.Counts());
        Assert.Equal(35_000, (long)load["tableRows"]!);
        Assert.Equal("10100 24900", await app.ScalarAsync<string>($"select count(*) filter (where v like 'a%') || ' ' || count(*) filter (where v like 'b%') from domain.\"big {table}\""));
        Assert.Equal(24_900, await app.ScalarAsync<long>($"select count(*) from domain.\"{table}\" where _load_id = {load["loadSeq"]}"));
        Assert.Equal(0, await app.ScalarAsync<long>("select count(*) from pg_tables where schemaname = 'staging' and tablename like '" + feed.Replace('-', '_') + "%'"));
    }

    [Fact]
    public async Task After_a_swap_the_next_small_delta_is_merged()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land($"select i as id, 'a' as v from range({Rows}) r(i)"));
        await app.LoadAsync(feed, app.Land($"select i as id, 'b' as v from range({Rows}) r(i)"));

        var load = await app.LoadAsync(feed, app.Land($"select i as id, 'c' as v from range(10) r(i)"));

        Assert.Equal(("merge", "10 0 10 0 0 0 0"), ((string)load["strategy"]!, load.Counts()));
        Assert.Equal(10, await app.ScalarAsync<long>($"select count(*) from domain.\"{table}\" where v = 'c'"));
    }

    [Theory]
    [InlineData(2_000_000, 0, 20_000, false)]
    [InlineData(2_000_000, 0, 200_000, false)]
    [InlineData(2_000_000, 0, 1_000_000, true)]
    [InlineData(1_000, 2_000_000, 0, true)]
    [InlineData(1_000, 5_000, 1_000, false)]
    public void The_cheaper_way_is_chosen_by_row_counts(long stored, long inserted, long updated, bool rebuild) =>
        Assert.Equal(rebuild, LoadStrategy.Choose(stored, inserted, updated).Rebuild);
}
