using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;
using Platform.ServiceDefaults;
using Platform.Testing;
using Xunit;

namespace Platform.Feeds.Tests;

public sealed class LoadCommands(FeedsApp app)
{
    [Fact]
    public async Task A_command_delivered_again_loads_nothing_and_announces_the_end_again()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        var runId = PublicId.Sequential("run");
        app.Landed.Run(runId, [app.Land("select 1 as id, 'a' as v")]);
        var command = new LoadFiles { LoadId = PublicId.Sequential("ld"), RunId = runId, CourierId = "cr-test", FeedId = feed, Tags = ["tag"] };
        await app.SendAsync(command);
        var first = Assert.IsType<FeedLoaded>(await app.EndOfAsync(command.LoadId));

        await app.SendAsync(command);
        await Until.True(() => app.Announcements(command.LoadId) == 2);

        Assert.Equal(first, await app.EndOfAsync(command.LoadId));
        Assert.Equal(1, await app.ScalarAsync<long>($"select count(*) from loads where feed_id = '{feed}'"));
        Assert.Equal(["1|a"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task An_unknown_feed_is_answered_by_name()
    {
        var end = Assert.IsType<FeedLoadFailed>(await app.EndOfAsync(await app.SendLoadAsync("df-nowhere1", truncate: false)));

        Assert.Equal(FailureCategory.Configuration, end.Failure);
        Assert.StartsWith("Cannot find required feeds: \"df-nowhere1\".", end.Reason);
    }

    [Fact]
    public async Task A_draft_has_no_table_to_load_into()
    {
        var created = await (await System.Net.Http.Json.HttpClientJsonExtensions.PostAsJsonAsync(app.Operator, "/api/feeds",
            new { source = "Test", name = app.UniqueName(), fields = new[] { new { name = "id", type = "integer" } } })).ReadAsync(System.Net.HttpStatusCode.Created);

        var end = Assert.IsType<FeedLoadFailed>(await app.EndOfAsync(await app.SendLoadAsync((string)created["id"]!, truncate: false)));

        Assert.Equal(FailureCategory.Configuration, end.Failure);
        Assert.Contains("Activate it", end.Reason);
    }

    [Fact]
    public async Task Cancelling_before_the_command_arrives_refuses_it()
    {
        var (feed, _) = await app.KeyedFeedAsync();
        var loadId = PublicId.Sequential("ld");
        await app.SendAsync(new CancelLoad { LoadId = loadId });
        await Until.True(() => app.ScalarAsync<bool>($"select exists (select from load_cancellations where load_id = '{loadId}')"));

        await app.SendAsync(new LoadFiles { LoadId = loadId, RunId = "run-none", CourierId = "cr-test", FeedId = feed, Tags = ["tag"] });

        Assert.Equal(FailureCategory.Cancelled, Assert.IsType<FeedLoadFailed>(await app.EndOfAsync(loadId)).Failure);
        Assert.Equal(0, await app.ScalarAsync<long>($"select count(*) from loads where feed_id = '{feed}'"));
    }

    [Fact]
    public async Task A_running_and_a_waiting_load_are_given_up_and_the_next_one_runs()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select 1 as id, 'stored' as v"));
        await using var blocker = await app.HoldAsync(table, "access exclusive");
        var running = await app.SendLoadAsync(feed, truncate: false, app.Land("select 1 as id, 'running' as v"));
        await app.PhaseAsync(running, "merging");
        var waiting = await app.SendLoadAsync(feed, truncate: false, app.Land("select 1 as id, 'waiting' as v"));
        var next = await app.SendLoadAsync(feed, truncate: false, app.Land("select 2 as id, 'next' as v"));
        await Until.True(() => app.ScalarAsync<bool>($"select count(*) = 2 from loads where id in ('{waiting}', '{next}')"));

        await app.SendAsync(new CancelLoad { LoadId = waiting });
        await app.SendAsync(new CancelLoad { LoadId = running });

        Assert.Equal(FailureCategory.Cancelled, Assert.IsType<FeedLoadFailed>(await app.EndOfAsync(running)).Failure);
        Assert.Equal(FailureCategory.Cancelled, Assert.IsType<FeedLoadFailed>(await app.EndOfAsync(waiting)).Failure);
        await blocker.DisposeAsync();
        Assert.IsType<FeedLoaded>(await app.EndOfAsync(next));
        Assert.Equal(["1|stored", "2|next"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task Loads_of_one_feed_are_done_in_the_order_they_were_asked_for()
    {
        var (feed, table) = await app.KeyedFeedAsync();
        var loads = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            var count = i;
            loads.Add(await app.SendLoadAsync(feed, truncate: false, app.Land($"select 1 as id, 'v{i}' as v")));
            await Until.True(() => app.ScalarAsync<bool>($"select count(*) = {count + 1} from loads where feed_id = '{feed}'"));
        }

        foreach (var load in loads)
        {
            Assert.IsType<FeedLoaded>(await app.EndOfAsync(load));
        }

        Assert.Equal(["1|v4"], await app.RowsAsync(table));
    }
}
