using System.Text.Json.Nodes;
using Xunit;

namespace Platform.Couriers.Tests.Passport;

public sealed class PassportTests(CouriersApp app)
{
    [Fact]
    public async Task A_pulled_file_tells_when_by_whom_and_into_what()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "rows-2024-03-03.csv", "a");
        var feed = $"df-{Guid.CreateVersion7():n}";
        app.Sisters.Feeds[feed] = true;
        var body = app.NewS3Courier(bucket, "'rows-'yyyy-MM-dd'.csv'");
        body["loadOperations"] = new JsonObject { [feed] = new JsonArray(new JsonObject { ["type"] = "load", ["file"] = "rows" }) };
        var courier = await app.CreateAsync(body);
        var runId = await app.StartAsync(courier, new { mode = "day", date = "2024-03-03" });
        await CouriersApp.Eventually(() => app.Feeds.LoadsOf(runId).Count == 1);
        await app.Feeds.SucceedAsync(app.Feeds.LoadOf(runId, feed), new() { Read = 3, Inserted = 3 });
        await app.WaitAsync(runId);

        var passport = await PassportAsync($"s3://{bucket}/rows-2024-03-03.csv");

        var landing = Assert.Single(passport["landings"]!.AsArray())!;
        var run = Assert.Single(landing["runs"]!.AsArray())!;
        var load = Assert.Single(run["loads"]!.AsArray())!;
        Assert.Equal((courier, runId, true), ((string)landing["courierId"]!, (string)run["runId"]!, (bool)run["pulled"]!));
        Assert.Equal((feed, "loaded", 3), ((string)load["feedId"]!, (string)load["state"]!, (int)load["rows"]!["inserted"]!));
        Assert.Contains($"loaded into Test:{feed}", (string)passport["summary"]!);
    }

    [Fact]
    public async Task A_file_that_was_not_taken_learns_why_and_what_would_take_it()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "in/rows-2024-03-04.csv", "a");
        var body = app.NewS3Courier(bucket, "'rows-'yyyy-MM-dd'.csv'");
        body["settings"]!["prefix"] = "in/";
        var courier = await app.CreateAsync(body);

        Assert.Contains("has not run yet", await VerdictAsync(bucket, "in/rows-2024-03-03.csv"));
        await app.RunAsync(courier, new { mode = "day", date = "2024-03-04" });

        Assert.Contains("dated 2024-03-03; the newest run (run-", await VerdictAsync(bucket, "in/rows-2024-03-03.csv"));
        Assert.Contains("asked for 2024-03-04. An offset of 1 day would take it.", await VerdictAsync(bucket, "in/rows-2024-03-03.csv"));
        Assert.Contains("No pattern of the courier means it: 'rows-'yyyy-MM-dd'.csv'", await VerdictAsync(bucket, "in/other.csv"));
        Assert.Contains("does not lie below the courier's prefix 'in/'", await VerdictAsync(bucket, "out/rows-2024-03-03.csv"));

        var remedy = (string)(await PassportAsync($"s3://{bucket}/in/rows-2024-03-03.csv"))["couriers"]![0]!["remedy"]!;
        Assert.Equal($"POST /api/couriers/{courier}/runs {{\"mode\":\"day\",\"date\":\"2024-03-03\"}}.", remedy);
    }

    [Fact]
    public async Task A_file_that_came_after_the_run_is_told_apart_from_one_that_failed()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "a-2024-03-03.csv", "a");
        var courier = await app.CreateAsync(app.NewS3Courier(bucket, "'*-'yyyy-MM-dd'.csv'"));
        await app.RunAsync(courier, new { mode = "day", date = "2024-03-03" });
        await app.RunAsync(courier, new { mode = "day", date = "2024-03-05" }, "failed");

        Assert.Contains("did not see it: it came later", await VerdictAsync(bucket, "b-2024-03-03.csv"));
        Assert.Contains("ended failed: No file matches", await VerdictAsync(bucket, "b-2024-03-05.csv"));
    }

    [Fact]
    public async Task A_path_nobody_reads_is_told_so()
    {
        var passport = await PassportAsync("s3://a-bucket-nobody-reads/x.csv");

        Assert.Equal("No courier reads the bucket or account this path lies in.", (string)passport["summary"]!);
    }

    private Task<JsonObject> PassportAsync(string path) => app.GetAsync($"/api/files/passport?path={Uri.EscapeDataString(path)}");

    private async Task<string> VerdictAsync(string bucket, string key) => (string)Assert.Single((await PassportAsync($"s3://{bucket}/{key}"))["couriers"]!.AsArray())!["reason"]!;
}
