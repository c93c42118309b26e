using Xunit;

namespace Platform.Feeds.Tests;

/// <summary>F5: greater last updated value, NULL below all, then later load, later file date and file, later row.</summary>
public sealed class WhichRecordWins(FeedsApp app)
{
    [Fact]
    public async Task Of_one_file_the_later_row_when_nothing_else_decides()
    {
        var (feed, table) = await app.KeyedFeedAsync();

        var load = await app.LoadAsync(feed, app.Land("select i % 3 as id, 'v' || i as v from range(9) r(i)"));

        Assert.Equal("9 3 0 0 6 0 0", load.Counts());
        Assert.Equal(["0|v6", "1|v7", "2|v8"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task Of_one_file_the_greater_last_updated_value_and_never_a_null()
    {
        var (feed, table) = await app.KeyedFeedAsync(lastUpdated: true);

        var load = await app.LoadAsync(feed, app.Land("select * from (values (1, 'new', 20), (1, 'old', 10), (1, 'none', null), (2, 'none', null), (2, 'low', -5)) t(id, v, \"at\")"));

        Assert.Equal("5 2 0 0 3 0 0", load.Counts());
        Assert.Equal(["1|new", "2|low"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task Of_several_files_the_later_one()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        var files = new[] { "a", "b", "c" }.Select(v => app.Land($"select 1 as id, '{v}' as v")).ToArray();

        var load = await app.LoadAsync(feed, files);

        Assert.Equal("3 1 0 0 2 0 0", load.Counts());
        Assert.Equal(["1|c"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task The_stored_record_over_an_incoming_one_with_a_smaller_or_no_last_updated_value()
    {
        var (feed, table) = await app.KeyedFeedAsync(lastUpdated: true);
        await app.LoadAsync(feed, app.Land("select * from (values (1, 'stored', 10), (2, 'stored', 10), (3, 'stored', 10), (4, 'stored', null)) t(id, v, \"at\")"));

        var load = await app.LoadAsync(feed, app.Land("select * from (values (1, 'older', 9), (2, 'none', null), (3, 'newer', 11), (4, 'now', 1)) t(id, v, \"at\")"));

        Assert.Equal("4 0 2 0 2 0 0", load.Counts());
        Assert.Equal(["1|stored", "2|stored", "3|newer", "4|now"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task The_incoming_record_at_equal_last_updated_values()
    {
        var (feed, table) = await app.KeyedFeedAsync(lastUpdated: true);
        await app.LoadAsync(feed, app.Land("select 1 as id, 'stored' as v, 10 as \"at\""));

        var load = await app.LoadAsync(feed, app.Land("select 1 as id, 'incoming' as v, 10 as \"at\""));

        Assert.Equal("1 0 1 0 0 0 0", load.Counts());
        Assert.Equal(["1|incoming"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task In_a_batch_the_winner_is_chosen_before_it_meets_the_stored_record()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select 1 as id, 'same' as v"));

        var load = await app.LoadAsync(feed, app.Land("select * from (values (1, 'other'), (1, 'same')) t(id, v)"));

        Assert.Equal("2 0 0 1 1 0 0", load.Counts());
        Assert.Equal(["1|same"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task Without_a_last_updated_field_the_newly_loaded_record_and_its_time_is_kept()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select i as id, 'a' as v from range(2) r(i)"));
        var first = await app.RowsAsync(table, "id, v, _updated_at");

        await app.LoadAsync(feed, app.Land("select i as id, case i when 1 then 'b' else 'a' end as v from range(2) r(i)"));

        var second = await app.RowsAsync(table, "id, v, _updated_at");
        Assert.Equal(first[0], second[0]);
        Assert.Equal(1, await app.ScalarAsync<long>($"select count(*) from domain.\"{table}\" a, domain.\"{table}\" b where a.id = 1 and b.id = 0 and a._updated_at > b._updated_at"));
    }
}
