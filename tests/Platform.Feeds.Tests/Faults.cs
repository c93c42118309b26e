using Microsoft.Extensions.DependencyInjection;
using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;
using Platform.Feeds.Loading;
using Platform.ServiceDefaults;
using Platform.Testing;
using Xunit;

namespace Platform.Feeds.Tests;

/// <summary>Whatever breaks in the middle of a load, the table is as before or as after, and the load is done once.</summary>
public sealed class Faults(FeedsApp app)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_lost_database_session_in_the_middle_is_an_attempt_that_is_made_again(bool truncate)
    {
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select i as id, 'a' as v from range(100) r(i)"));
        await using var blocker = await app.HoldAsync(table, truncate ? "access share" : "access exclusive");
        var load = await app.SendLoadAsync(feed, truncate, app.Land("select i as id, 'b' as v from range(50, 150) r(i)"));
        await app.PhaseAsync(load, truncate ? "committing" : "merging");

        await KillLoaderAsync(feed);
        await Until.True(() => app.ScalarAsync<bool>($"select coalesce((select failures = 1 from loads where id = '{load}'), false)"));
        Assert.Equal(100, await app.ScalarAsync<long>($"select table_rows from feeds where id = '{feed}'"));
        await blocker.DisposeAsync();

        var end = Assert.IsType<FeedLoaded>(await app.EndOfAsync(load));
        Assert.Equal(truncate ? (50, 50) : (50L, 50L), (end.Rows.Inserted, end.Rows.Updated));
        Assert.Equal(truncate ? 100 : 150, await app.ScalarAsync<long>($"select count(*) from domain.\"{table}\""));
        Assert.Equal(1, app.Announcements(load));
        Assert.True(await app.ScalarAsync<int>($"select attempt from loads where id = '{load}'") >= 2);
    }

    [Fact]
    public async Task A_worker_that_lost_its_lease_is_fenced_out_and_its_successor_commits_once()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select 1 as id, 'a' as v"));
        await using var blocker = await app.HoldAsync(table, "access exclusive");
        var load = await app.SendLoadAsync(feed, truncate: false, app.Land("select 2 as id, 'b' as v"));
        await app.PhaseAsync(load, "merging");

        // Another worker, long gone silent, is said to have the row: the running one no longer may commit.
        await app.ExecuteAsync($"update loads set attempt = attempt + 1, lease_owner = 'another', lease_until = clock_timestamp() - interval '1 second' where id = '{load}'");
        await blocker.DisposeAsync();

        Assert.IsType<FeedLoaded>(await app.EndOfAsync(load));
        Assert.Equal(3, await app.ScalarAsync<int>($"select attempt from loads where id = '{load}'"));
        Assert.Equal(["1|a", "2|b"], await app.RowsAsync(table));
        Assert.Equal(1, app.Announcements(load));
    }

    [Fact]
    public async Task A_load_whose_process_died_is_taken_over_when_the_lease_lapses()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select 1 as id, 'a' as v"));
        await using var blocker = await app.HoldAsync(table, "access exclusive");
        var load = await app.SendLoadAsync(feed, truncate: false, app.Land("select 2 as id, 'b' as v"));
        await app.PhaseAsync(load, "merging");
        var left = $"{feed.Replace('-', '_')}_{await app.ScalarAsync<long>($"select load_seq from loads where id = '{load}'")}_7";
        await app.ExecuteAsync($"create unlogged table staging.\"{left}\" (id bigint); create table domain_parts.\"{left}\" (id bigint)");
        await app.ExecuteAsync($"update loads set attempt = 7, lease_owner = 'dead', lease_until = clock_timestamp() + interval '1 second' where id = '{load}'");
        await blocker.DisposeAsync();

        Assert.IsType<FeedLoaded>(await app.EndOfAsync(load));
        Assert.Equal(8, await app.ScalarAsync<int>($"select attempt from loads where id = '{load}'"));
        await app.Services.GetRequiredService<PartSweep>().SweepAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, await app.ScalarAsync<long>($"select count(*) from pg_tables where tablename = '{left}'"));
        Assert.Equal(["1|a", "2|b"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task An_absent_couriers_service_is_waited_for()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        var command = new LoadFiles { LoadId = PublicId.Sequential("ld"), RunId = PublicId.Sequential("run"), CourierId = "cr-test", FeedId = feed, Tags = ["tag"] };
        var load = command.LoadId;
        app.Landed.Run(command.RunId, [app.Land("select 1 as id, 'a' as v")]);
        app.Landed.Unreachable(command.RunId);
        await app.SendAsync(command);
        await Until.True(() => app.ScalarAsync<bool>($"select coalesce((select failures > 0 from loads where id = '{load}'), false)"));

        app.Landed.Reachable(command.RunId);

        Assert.IsType<FeedLoaded>(await app.EndOfAsync(load));
        Assert.Equal(["1|a"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task A_file_that_stays_missing_ends_the_load_when_the_attempts_are_used_up()
    {
        var (feed, _) = await app.KeyedFeedAsync();
        var file = app.Land("select 1 as id, 'a' as v");
        File.Delete(Path.Combine(app.LandingRoot, file.Location));
        var load = await app.SendLoadAsync(feed, truncate: false, file);
        await Until.True(() => app.ScalarAsync<bool>($"select coalesce((select failures > 0 from loads where id = '{load}'), false)"));
        await app.ExecuteAsync($"update loads set failures = 4, next_attempt_at = null where id = '{load}'");

        var end = Assert.IsType<FeedLoadFailed>(await app.EndOfAsync(load));

        Assert.Equal(FailureCategory.Environment, end.Failure);
        Assert.Contains(file.Source, end.Reason);
    }

    [Fact]
    public async Task The_feed_s_lock_is_free_as_soon_as_a_load_has_ended()
    {
        var (feed, _) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select 1 as id, 'a' as v"));

        await Until.True(() => app.ScalarAsync<bool>(
            $"select not exists (select from pg_locks where locktype = 'advisory' and ((classid::bigint << 32) | objid::bigint) = hashtextextended('feed {feed}', 0))"), TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Two_instances_share_the_loads_and_do_each_once()
    {
        await using var second = app.CreateInstance();
        using var client = second.CreateDefaultClient();
        var feeds = new List<(string Id, string Table)>();
        for (var i = 0; i < 4; i++)
        {
            feeds.Add(await app.KeyedFeedAsync());
        }

        var loads = new List<string>();
        for (var round = 0; round < 3; round++)
        {
            foreach (var (id, _) in feeds)
            {
                loads.Add(await app.SendLoadAsync(id, truncate: false, app.Land($"select i as id, 'r{round}' as v from range(100) r(i)")));
            }
        }

        foreach (var load in loads)
        {
            Assert.IsType<FeedLoaded>(await app.EndOfAsync(load));
        }

        Assert.All(loads, load => Assert.Equal(1, app.Announcements(load)));
        Assert.Equal(12, await app.ScalarAsync<long>($"select sum(attempt) from loads where id in ({string.Join(',', loads.Select(load => $"'{load}'"))})"));
        foreach (var (_, table) in feeds)
        {
            Assert.Equal(100, await app.ScalarAsync<long>($"select count(*) from domain.\"{table}\""));
        }
    }

    [Fact]
    public async Task Counts_that_do_not_balance_are_never_committed()
    {
        new LoadCounts { Read = 5, Inserted = 1, Updated = 1, Unchanged = 1, Superseded = 1, Rejected = 1 }.MustBalance();

        var wrong = Assert.Throws<LoadFailedException>(() => new LoadCounts { Read = 5, Inserted = 3, Rejected = 1 }.MustBalance());
        Assert.Equal(FailureCategory.Bug, wrong.Failure);
        Assert.Throws<LoadFailedException>(() => new LoadCounts { Read = 1, Inserted = 2, Unchanged = -1 }.MustBalance());

        // The table was changed behind the platform's back: what the load counted on is no longer so.
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select i as id, 'a' as v from range(30000) r(i)"));
        await app.ExecuteAsync($"delete from domain.\"{table}\" where id = 5");
        var load = await app.LoadAsync(feed, app.Land("select i as id, 'b' as v from range(30000) r(i)"));

        Assert.Equal("bug", (string?)load["failure"]);
        Assert.Equal(29_999, await app.ScalarAsync<long>($"select count(*) from domain.\"{table}\" where v = 'a'"));
    }

    /// <summary>Ends the session that holds the feed's lock, as a crash of the server's process would.</summary>
    private Task KillLoaderAsync(string feed) => app.ExecuteAsync(
        $"select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and ((classid::bigint << 32) | objid::bigint) = hashtextextended('feed {feed}', 0)");
}
