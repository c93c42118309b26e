using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;
using Xunit;

namespace Platform.Feeds.Tests;

/// <summary>A file that cannot be used ends the load with a precise reason, and the table stays as it was.</summary>
public sealed class BadFiles(FeedsApp app)
{
    [Fact]
    public async Task A_truncated_file_is_named()
    {
        var file = app.Land("select i as id, 'a' || i as v from range(10000) r(i)");
        var path = Path.Combine(app.LandingRoot, file.Location);
        await using (var cut = new FileStream(path, FileMode.Open))
        {
            cut.SetLength(file.Size / 2);
        }

        await EndsAsync(FailureCategory.BadFile, file.Source, app.LandExisting(file.Location));
    }

    [Fact]
    public async Task A_file_that_changed_after_landing_is_named()
    {
        var file = app.Land("select 1 as id, 'a' as v");
        await File.AppendAllTextAsync(Path.Combine(app.LandingRoot, file.Location), "more");

        await EndsAsync(FailureCategory.BadFile, "was landed with", file);
    }

    [Fact]
    public async Task A_file_without_the_key_column_is_named_with_the_columns_it_has() =>
        await EndsAsync(FailureCategory.BadFile, "other", app.Land("select 1 as other, 'a' as v"));

    [Fact]
    public async Task A_content_type_nobody_reads_is_named_with_those_that_are() =>
        await EndsAsync(FailureCategory.Configuration, "application/x-parquet", app.Landed.Add(app.Land("select 1 as id, 'a' as v") with { ContentType = "application/x-nothing" }));

    private async Task EndsAsync(FailureCategory failure, string named, Platform.Feeds.Couriers.LandedFile file)
    {
        var (feed, table) = await app.KeyedFeedAsync();
        await app.LoadAsync(feed, app.Land("select 1 as id, 'stored' as v"));

        var end = Assert.IsType<FeedLoadFailed>(await app.EndOfAsync(await app.SendLoadAsync(feed, truncate: true, file)));

        Assert.Equal(failure, end.Failure);
        Assert.Contains(named, end.Reason);
        Assert.DoesNotContain(app.LandingRoot, end.Reason);
        Assert.Equal(["1|stored"], await app.RowsAsync(table));
    }
}
