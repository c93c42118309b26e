using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Platform.Couriers.Tests.Runs;

public sealed class LandingADayTests(CouriersApp app)
{
    [Fact]
    public async Task A_day_lands_whole_and_hashed()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutDayAsync(bucket);
        await app.PutDayAsync(bucket, "2020-09-15");
        var courier = await app.CreateAsync(app.NewOptimizelyCourier(bucket));

        var run = await app.RunAsync(courier);

        Assert.StartsWith("Completed in ", (string)run["message"]!);
        Assert.Equal("finish", (string)run["phase"]!);
        Assert.Equal(3, (int)run["files"]!["pulled"]!);
        Assert.Equal(100, (int)run["progress"]!["percent"]!);
        var files = await app.FilesOfAsync((string)run["id"]!);
        Assert.Equal(["decisions", "decisions", "events"], files.Select(file => (string)file["tag"]!));
        Assert.All(files, file => Assert.Equal(CouriersApp.Day, (string)file["fileDate"]!));

        var landed = await app.GetAsync($"/api/landed-files/{files[2]["fileId"]}");
        Assert.Equal("event one", await app.ReadLandedAsync(files[2]["fileId"]));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("event one"))), (string)landed["sha256"]!);
        Assert.Equal($"s3://{bucket}/{CouriersApp.Account}/type=events/date={CouriersApp.Day}/event=add_to_cart/part-0.parquet", (string)landed["source"]!);
        Assert.Equal("add_to_cart", (string)landed["partitions"]!["event"]!);
        Assert.Equal(CouriersApp.Day, (string)landed["partitions"]!["date"]!);
        await CouriersApp.Eventually(() => files.All(file => app.Feeds.Landed.ContainsKey((string)file["fileId"]!)));
        await CouriersApp.Eventually(() => app.Feeds.Ended.Any(ended => ended.RunId == (string)run["id"]!));
    }

    [Fact]
    public async Task A_second_run_pulls_nothing_and_still_covers_every_file()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutDayAsync(bucket);
        var courier = await app.CreateAsync(app.NewOptimizelyCourier(bucket));
        var first = await app.FilesOfAsync((string)(await app.RunAsync(courier))["id"]!);

        var again = await app.RunAsync(courier);

        Assert.Equal((3, 0, 3), Counts(again));
        Assert.Equal(first.Select(file => (string)file["fileId"]!), (await app.FilesOfAsync((string)again["id"]!)).Select(file => (string)file["fileId"]!));
        Assert.Equal((3, 3, 0), Counts(await app.RunAsync(courier, new { mode = "day", date = CouriersApp.Day, force = true })));
    }

    [Fact]
    public async Task A_rewritten_and_a_late_object_are_pulled()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutDayAsync(bucket);
        var courier = await app.CreateAsync(app.NewOptimizelyCourier(bucket));
        await app.RunAsync(courier);
        await app.PutAsync(bucket, $"{CouriersApp.Account}/type=events/date={CouriersApp.Day}/event=add_to_cart/part-0.parquet", "event ONE");
        await app.PutAsync(bucket, $"{CouriersApp.Account}/type=events/date={CouriersApp.Day}/event=view/part-0.parquet", "late");

        var again = await app.RunAsync(courier);

        Assert.Equal((4, 2, 2), Counts(again));
        var changed = (await app.FilesOfAsync((string)again["id"]!)).Single(file => ((string)file["key"]!).Contains("add_to_cart"));
        Assert.Equal("event ONE", await app.ReadLandedAsync(changed["fileId"]));
    }

    [Fact]
    public async Task A_file_that_vanished_from_the_landing_store_is_pulled_again()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutDayAsync(bucket);
        var courier = await app.CreateAsync(app.NewOptimizelyCourier(bucket));
        var first = await app.FilesOfAsync((string)(await app.RunAsync(courier))["id"]!);
        var landed = await app.GetAsync($"/api/landed-files/{first[0]["fileId"]}");
        File.Delete(Path.Combine(app.LandingRoot, (string)landed["location"]!));

        Assert.Equal((3, 1, 2), Counts(await app.RunAsync(courier)));
    }

    [Fact]
    public async Task All_available_data_covers_every_ready_day_and_exports_without_days()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutDayAsync(bucket);
        await app.PutDayAsync(bucket, "2020-09-15");
        await app.PutAsync(bucket, $"{CouriersApp.Account}/type=events/date=2020-09-16/event=view/part-0.parquet", "unready");
        await app.PutAsync(bucket, $"{CouriersApp.Account}/type=decisions/part-0.parquet", "undated");
        var courier = await app.CreateAsync(app.NewOptimizelyCourier(bucket));

        var run = await app.RunAsync(courier, new { mode = "all" });

        Assert.Equal((7, 7, 0), Counts(run));
        Assert.Contains("date=2020-09-16", (string)Assert.Single(run["warnings"]!.AsArray())!);
        var files = await app.FilesOfAsync((string)run["id"]!);
        Assert.Null(files[0]["fileDate"]);
        Assert.Equal(files.Skip(1).Select(file => (string)file["fileDate"]!).Order(StringComparer.Ordinal), files.Skip(1).Select(file => (string)file["fileDate"]!));
    }

    [Fact]
    public async Task A_period_excludes_its_end()
    {
        var bucket = await app.NewBucketAsync();
        foreach (var day in Enumerable.Range(1, 4))
        {
            await app.PutAsync(bucket, string.Create(CultureInfo.InvariantCulture, $"rows-2024-02-{day:00}.csv"), $"day {day}");
        }

        var courier = await app.CreateAsync(app.NewS3Courier(bucket, "'rows-'yyyy-MM-dd'.csv'"));
        var run = await app.RunAsync(courier, new { mode = "period", start = "2024-02-02", end = "2024-02-04" });

        Assert.Equal(["2024-02-02", "2024-02-03"], (await app.FilesOfAsync((string)run["id"]!)).Select(file => (string)file["fileDate"]!));
    }

    [Fact]
    public async Task Conversions_are_events()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutDayAsync(bucket);
        var body = app.NewOptimizelyCourier(bucket);
        body["settings"]!["types"] = new JsonArray("conversions");

        var run = await app.RunAsync(await app.CreateAsync(body));

        Assert.Equal("conversions", (string)Assert.Single(await app.FilesOfAsync((string)run["id"]!))["tag"]!);
    }

    [Fact]
    public async Task Thousands_of_keys_are_listed_in_pages()
    {
        var bucket = await app.NewBucketAsync();
        await Parallel.ForEachAsync(Enumerable.Range(0, 2500), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = TestContext.Current.CancellationToken },
            async (number, _) => await app.PutAsync(bucket, string.Create(CultureInfo.InvariantCulture, $"in/part-{number:0000}.csv"), $"row {number}"));
        var courier = await app.CreateAsync(app.NewS3Courier(bucket, "'in/part-*.csv'"));

        var run = await app.RunAsync(courier, new { mode = "all" });

        Assert.Equal((2500, 2500, 0), Counts(run));
        var seen = new List<int>();
        for (int? after = 0; after is not null;)
        {
            var page = await app.GetAsServiceAsync($"/internal/courier-runs/{run["id"]}/files?tag=rows&after={after}&limit=1000");
            seen.AddRange(page["items"]!.AsArray().Select(item => (int)item!["order"]!));
            after = (int?)page["next"];
        }

        Assert.Equal(Enumerable.Range(1, 2500), seen);
    }

    private static (int Total, int Pulled, int Unchanged) Counts(JsonObject run) => ((int)run["files"]!["total"]!, (int)run["files"]!["pulled"]!, (int)run["files"]!["unchanged"]!);
}
