using Npgsql;
using Xunit;

namespace Platform.Feeds.Tests;

public sealed class Truncating(FeedsApp app)
{
    [Fact]
    public async Task Rows_count_against_those_they_replace_and_vanished_ones_as_removed()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select i as id, 'a' || i as v from range(10) r(i)"));

        var load = await app.LoadAsync(feed, truncate: true, app.Land("select i as id, case when i = 9 then 'new' else 'a' || i end as v from range(8, 12) r(i)"));

        Assert.Equal("swap", (string?)load["strategy"]);
        Assert.Equal("4 2 1 1 0 0 8", load.Counts());
        Assert.Equal(4, (long)load["tableRows"]!);
        Assert.Equal(["10|a10", "11|a11", "8|a8", "9|new"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task A_smaller_last_updated_value_does_not_lose_against_a_truncated_row()
    {
        var (feed, table) = await app.KeyedFeedAsync(lastUpdated: true);
        await app.LoadAsync(feed, app.Land("select 1 as id, 'a' as v, 100 as \"at\""));

        await app.LoadAsync(feed, truncate: true, app.Land("select 1 as id, 'b' as v, 1 as \"at\""));

        Assert.Equal(["1|b"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task No_files_leave_an_empty_table()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select 1 as id, 'a' as v"));

        var load = await app.LoadAsync(feed, truncate: true);

        Assert.Equal("0 0 0 0 0 0 1", load.Counts());
        Assert.Empty(await app.RowsAsync(table));
    }

    [Fact]
    public async Task Views_grants_comments_and_indexes_of_the_table_outlive_the_swap()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select 1 as id, 'a' as v"));
        await app.ExecuteAsync($"create view domain.\"view of {table}\" as select id, v from domain.\"{table}\"; grant select on domain.\"view of {table}\" to domain_reader; create index on domain.\"{table}\" (lower(v)); comment on column domain.\"{table}\".v is 'Words'");

        await app.LoadAsync(feed, truncate: true, app.Land("select 2 as id, 'b' as v"));

        var reader = new NpgsqlConnectionStringBuilder(app.AdminConnectionString) { Options = "-c role=domain_reader" };
        await using var connection = new NpgsqlConnection(reader.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        foreach (var name in new[] { table, $"view of {table}" })
        {
            await using var select = new NpgsqlCommand($"select id || v from domain.\"{name}\"", connection);
            Assert.Equal("2b", await select.ExecuteScalarAsync(TestContext.Current.CancellationToken));
        }

        Assert.Equal("Words", await app.ScalarAsync<string>($"select col_description('domain.\"{table}\"'::regclass, 2)"));
        Assert.Equal(1, await app.ScalarAsync<long>($"select count(*) from pg_index where indrelid = (select inhrelid from pg_inherits where inhparent = 'domain.\"{table}\"'::regclass) and indisvalid and pg_get_indexdef(indexrelid) like '%lower(v)%'"));
        Assert.StartsWith($"Feed {feed}.", await app.ScalarAsync<string>($"select obj_description('domain.\"{table}\"'::regclass)"));
    }

    [Fact]
    public async Task A_reader_in_a_transaction_delays_the_swap_and_others_still_read_meanwhile()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select 1 as id, 'a' as v"));
        await using var reader = await app.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        var transaction = await reader.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using (var hold = new NpgsqlCommand($"select count(*) from domain.\"{table}\"", reader, transaction))
        {
            await hold.ExecuteScalarAsync(TestContext.Current.CancellationToken);
        }

        var load = await app.SendLoadAsync(feed, truncate: true, app.Land("select 2 as id, 'b' as v"));
        await app.PhaseAsync(load, "committing");

        // The server itself measures: a reader that had to wait for the table longer than this would fail. The swap waits 100 ms at a time; what is above that is for a busy machine.
        await using (var other = await app.Database.OpenConnectionAsync(TestContext.Current.CancellationToken))
        {
            for (var i = 0; i < 30; i++)
            {
                await using var read = new NpgsqlCommand($"set lock_timeout = '1s'; select v from domain.\"{table}\"", other);
                Assert.Equal("a", await read.ExecuteScalarAsync(TestContext.Current.CancellationToken));
            }
        }

        await transaction.CommitAsync(TestContext.Current.CancellationToken);
        await app.EndOfAsync(load);

        Assert.Equal(["2|b"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task The_replaced_rows_are_kept_for_a_while()
    {
        var (feed, _) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select 1 as id, 'a' as v"));

        var load = await app.LoadAsync(feed, truncate: true, app.Land("select 2 as id, 'b' as v"));

        var kept = await app.ScalarAsync<string>($"select name from detached_partitions where load_id = '{load["id"]}'");
        Assert.Equal("a", await app.ScalarAsync<string>($"select v from domain_parts.\"{kept}\""));
    }
}
