using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;
using static Platform.EndToEnd.Tests.RealExports;

namespace Platform.EndToEnd.Tests;

/// <summary>Days that are late, written again, dirty, or loaded while something dies.</summary>
public sealed class PullingDays(RunningPlatform platform)
{
    private const long MemoryLimit = 400_000_000;

    private readonly ExportBucket _bucket = new(platform.S3);

    [Fact]
    public async Task Every_fate_of_a_row_is_counted()
    {
        using var user = await PlatformUser.OfAsync(platform);

        // 1,000 rows of which 10 repeat another's uuid later, and 2 have none.
        await _bucket.PutEventsAsync("fates", "2026-03-01", ExportBucket.Events(0, 1000, "CASE WHEN i < 2 THEN NULL ELSE md5('e' || (CASE WHEN i >= 990 THEN i - 500 ELSE i END))::UUID::VARCHAR END"));
        var (courier, feed) = await CourierWithFeedAsync(user, "fates", "2026-03-01");
        Assert.Equal("1000 read, 988 inserted, 0 updated, 0 unchanged, 10 superseded, 2 rejected", Counts(await user.RunAsync(courier, PlatformUser.Day("2026-03-01"))));
        var loads = await user.GetAsync($"/api/domain-tables/{Uri.EscapeDataString(feed.Table)}/loads");
        var rejected = await user.GetAsync($"/api/loads/{loads["items"]![0]!["id"]}/rejected-rows");
        Assert.Equal(["uuid", "uuid"], rejected["items"]!.AsArray().Select(row => (string)row!["field"]!));

        // The day is written again: 100 rows changed, 50 new.
        await _bucket.PutEventsAsync("fates", "2026-03-01", $"{ExportBucket.Events(100, 200, revenueAdded: 1, minutesLater: 5)} UNION ALL {ExportBucket.Events(200, 300)} UNION ALL {ExportBucket.Events(2000, 2050)}");
        var again = await user.RunAsync(courier, PlatformUser.Day("2026-03-01"));
        Assert.Equal("250 read, 50 inserted, 100 updated, 100 unchanged, 0 superseded, 0 rejected", Counts(again));
        Assert.Equal("1038", await platform.AskAsync(feed.Table, "select count(*) from {table}"));
    }

    [Fact]
    public async Task Older_records_do_not_overwrite_newer_ones()
    {
        using var user = await PlatformUser.OfAsync(platform);
        await _bucket.PutEventsAsync("order", "2026-03-02", ExportBucket.Events(0, 10, revenueAdded: 7, minutesLater: 60));
        await _bucket.PutEventsAsync("order", "2026-03-01", ExportBucket.Events(0, 10));
        var (courier, feed) = await CourierWithFeedAsync(user, "order", "2026-03-02");
        await user.RunAsync(courier, PlatformUser.Day("2026-03-02"));
        var before = await platform.FingerprintAsync(feed.Table);
        Assert.Equal("10 read, 0 inserted, 0 updated, 0 unchanged, 10 superseded, 0 rejected", Counts(await user.RunAsync(courier, PlatformUser.Day("2026-03-01"))));
        Assert.Equal(before, await platform.FingerprintAsync(feed.Table));
    }

    [Fact]
    public async Task Killing_the_feeds_service_in_the_middle_of_a_load_ends_in_the_right_table()
    {
        using var user = await PlatformUser.OfAsync(platform);
        await _bucket.PutEventsAsync("killed", "2026-03-01", ExportBucket.Events(0, 10));
        var (courier, feed) = await CourierWithFeedAsync(user, "killed", "2026-03-01");
        await _bucket.PutEventsAsync("killed", "2026-03-02", ExportBucket.Events(0, 400_000));

        var run = await user.StartAsync(courier, PlatformUser.Day("2026-03-02"));
        await Until.True(async () => (long)(await user.GetAsync($"/api/courier-runs/{run}"))["progress"]!["rowsRead"]! > 0, TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        await platform.KillAsync("feeds");
        Assert.Equal("0", await platform.AskAsync(feed.Table, "select count(*) from {table} where \"date\"::text = '2026-03-02'"));
        await platform.StartAsync("feeds");

        var ended = await user.EndOfAsync(run);
        Assert.Equal("succeeded", (string)ended["state"]!);
        Assert.Equal("400000 read, 400000 inserted, 0 updated, 0 unchanged, 0 superseded, 0 rejected", Counts(ended));
        Assert.Equal("400000 400000 3980000000", await platform.AskAsync(feed.Table, "select count(*) || ' ' || count(distinct uuid) || ' ' || sum(revenue)::bigint from {table}"));
        foreach (var service in (string[])["feeds", "couriers", "gateway", "credentials"])
        {
            Assert.InRange(platform.PeakMemoryOf(service), 1, MemoryLimit);
        }
    }

    [Fact]
    public async Task Killing_the_couriers_service_in_the_middle_of_a_run_loses_and_doubles_nothing()
    {
        using var user = await PlatformUser.OfAsync(platform);
        await _bucket.PutEventsAsync("courier-killed", "2026-03-01", ExportBucket.Events(0, 10));
        var (courier, feed) = await CourierWithFeedAsync(user, "courier-killed", "2026-03-01");
        for (var part = 0; part < 6; part++)
        {
            await _bucket.PutEventsAsync("courier-killed", "2026-03-02", ExportBucket.Events(part * 20_000, (part + 1) * 20_000), part: part);
        }

        var run = await user.StartAsync(courier, PlatformUser.Day("2026-03-02"));
        await platform.KillAsync("couriers");
        await platform.StartAsync("couriers");
        var ended = await user.EndOfAsync(run);
        Assert.Equal("succeeded", (string)ended["state"]!);
        Assert.Equal("120000 read, 120000 inserted, 0 updated, 0 unchanged, 0 superseded, 0 rejected", Counts(ended));
        Assert.Equal("120000", await platform.AskAsync(feed.Table, "select count(distinct uuid) from {table}"));
    }

    private async Task<(string Courier, (string Id, string Table) Feed)> CourierWithFeedAsync(PlatformUser user, string account, string date)
    {
        var courier = await user.CourierAsync(await user.CredentialAsync(), account, ["events"]);
        Assert.Equal("succeeded", (string)(await user.RunAsync(courier, PlatformUser.Day(date)))["state"]!);
        var feed = await user.FeedAsync(courier, "events");
        await user.LoadIntoAsync(courier, ("events", feed.Id));
        return (courier, feed);
    }
}
