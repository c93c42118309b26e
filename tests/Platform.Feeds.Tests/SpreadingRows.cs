using Xunit;

namespace Platform.Feeds.Tests;

/// <summary>A load of many bytes goes to the server by several COPYs at once (docs/adr/0015); what it does to the table is the same.</summary>
public sealed class SpreadingRows(FeedsApp app)
{
    private const int Rows = 120_000;
    private const long Large = 8 << 20;

    // Digests do not compress, so that the file is as large as it must be.
    private static string Select(string id) =>
        $"select {id} as id, md5(i::varchar) || sha256(i::varchar) || sha256((i + 1)::varchar) || md5((-i)::varchar) as v from range({Rows}) r(i)";

    [Fact]
    public async Task A_first_load_and_the_same_rows_again_count_as_if_by_one_stream()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        var file = app.Land(Select("i"));
        Assert.True(file.Size > Large, $"The file has {file.Size} bytes and is loaded by one COPY.");

        var first = await app.LoadAsync(feed, file);
        Assert.Equal(("swap", $"{Rows} {Rows} 0 0 0 0 0"), ((string)first["strategy"]!, first.Counts()));
        var sums = $"select count(*) || ' ' || count(distinct id) || ' ' || count(distinct _row_no) || ' ' || md5(string_agg(v, '' order by id)) from domain.\"{table}\"";
        var stored = await app.ScalarAsync<string>(sums);
        Assert.StartsWith($"{Rows} {Rows} {Rows} ", stored, StringComparison.Ordinal);

        var again = await app.LoadAsync(feed, app.Land(Select("i")));
        Assert.Equal($"{Rows} 0 0 {Rows} 0 0 0", again.Counts());
        Assert.Equal(stored, await app.ScalarAsync<string>(sums));
    }

    [Fact]
    public async Task Of_a_key_that_occurs_often_the_last_row_stays_whichever_stream_it_came_by()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        var file = app.Land(Select("i % 50000"));

        var load = await app.LoadAsync(feed, file);

        Assert.Equal($"{Rows} 50000 0 0 {Rows - 50_000} 0 0", load.Counts());
        Assert.Equal(Rows - 50_000 + 1, await app.ScalarAsync<long>($"select min(_row_no) from domain.\"{table}\""));
    }

    [Fact]
    public async Task When_too_many_rows_are_bad_none_is_seen_and_the_next_load_is_whole()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        var bad = await app.LoadAsync(feed, app.Land(Select("case when i % 50 = 0 then null else i end")));
        Assert.Equal("failed", (string?)bad["state"]);
        Assert.Equal(0, await app.ScalarAsync<long>($"select count(*) from domain.\"{table}\""));

        var good = await app.LoadAsync(feed, app.Land(Select("i")));

        Assert.Equal($"{Rows} {Rows} 0 0 0 0 0", good.Counts());
        Assert.Equal(Rows, await app.ScalarAsync<long>($"select count(*) from domain.\"{table}\""));
    }
}
