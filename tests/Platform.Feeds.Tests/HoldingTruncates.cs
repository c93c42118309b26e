using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;
using Platform.Testing;
using Xunit;

namespace Platform.Feeds.Tests;

/// <summary>F8: a truncate that would empty the table, or shrink it by more than a share, waits for a person.</summary>
public sealed class HoldingTruncates(FeedsApp app)
{
    [Fact]
    public async Task Approved_it_goes_on_and_later_loads_have_waited()
    {
        var (feed, table, load) = await HeldAsync("select i as id, 'b' as v from range(4) r(i)");
        var later = await app.SendLoadAsync(feed, truncate: false, app.Land("select 100 as id, 'later' as v"));
        await Until.True(() => app.ScalarAsync<bool>($"select exists (select from loads where id = '{later}')"));
        Assert.Equal(10, (await app.RowsAsync(table)).Count);

        await PostAsync($"/api/loads/{load}/approve", HttpStatusCode.OK);

        Assert.Equal((0L, 4L), (Assert.IsType<FeedLoaded>(await app.EndOfAsync(load)).Rows.Inserted, Assert.IsType<FeedLoaded>(await app.EndOfAsync(load)).Rows.Updated));
        Assert.IsType<FeedLoaded>(await app.EndOfAsync(later));
        Assert.Equal(["0|b", "100|later", "1|b", "2|b", "3|b"], await app.RowsAsync(table));
        await PostAsync($"/api/loads/{load}/approve", HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Rejected_it_ends_and_the_table_is_as_it_was()
    {
        var (_, table, load) = await HeldAsync("select 1 as id, 'b' as v where false");

        await PostAsync($"/api/loads/{load}/reject", HttpStatusCode.OK, new { why = "the export was empty" });

        var end = Assert.IsType<FeedLoadFailed>(await app.EndOfAsync(load));
        Assert.Equal(FailureCategory.BadFile, end.Failure);
        Assert.Contains("the export was empty", end.Reason);
        Assert.Equal(10, (await app.RowsAsync(table)).Count);
    }

    [Fact]
    public async Task Cancelled_it_ends_too()
    {
        var (_, _, load) = await HeldAsync("select 1 as id, 'b' as v");

        await app.SendAsync(new CancelLoad { LoadId = load });

        Assert.Equal(FailureCategory.Cancelled, Assert.IsType<FeedLoadFailed>(await app.EndOfAsync(load)).Failure);
    }

    [Fact]
    public async Task A_smaller_loss_and_a_feed_that_allows_more_go_through()
    {
        var (feed, _) = await FeedAsync(50);
        await app.LoadAsync(feed, app.Land("select i as id, 'a' as v from range(10) r(i)"));

        Assert.Equal("loaded", (string?)(await app.LoadAsync(feed, truncate: true, app.Land("select i as id, 'b' as v from range(5) r(i)")))["state"]);
    }

    [Fact]
    public async Task Loads_that_are_not_held_or_not_there_cannot_be_decided()
    {
        var (feed, _) = await app.KeyedFeedAsync();
        var load = await app.LoadAsync(feed, app.Land("select 1 as id, 'a' as v"));

        Assert.Equal("/problems/load-not-held", (string?)(await PostAsync($"/api/loads/{load["id"]}/reject", HttpStatusCode.Conflict))["type"]);
        await PostAsync("/api/loads/ld-none/approve", HttpStatusCode.NotFound);
    }

    private Task<(string Id, string Table)> FeedAsync(int percent) => app.ActiveFeedAsync(new()
    {
        ["fields"] = new JsonArray(FeedsApp.Field("id", "integer"), FeedsApp.Field("v", "string")),
        ["primaryKey"] = new JsonArray("id"),
        ["holdTruncateAbovePercent"] = percent,
    });

    private async Task<(string Feed, string Table, string Load)> HeldAsync(string query)
    {
        var (feed, table) = await FeedAsync(50);
        await app.LoadAsync(feed, app.Land("select i as id, 'a' as v from range(10) r(i)"));
        var load = await app.SendLoadAsync(feed, truncate: true, app.Land(query));
        await Until.True(() => app.ScalarAsync<bool>($"select exists (select from loads where id = '{load}' and state = 'held')"), what: $"{load} is held");
        var view = await app.Operator.GetAsync($"/api/loads/{load}", HttpStatusCode.OK);
        Assert.Contains("of the 10 rows", (string)view["reason"]!);
        return (feed, table, load);
    }

    private async Task<JsonNode> PostAsync(string path, HttpStatusCode expected, object? body = null) => await (await app.Operator.PostAsJsonAsync(path, body ?? new { })).ReadAsync(expected);
}
