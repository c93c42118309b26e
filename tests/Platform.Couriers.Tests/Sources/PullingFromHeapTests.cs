using System.Globalization;
using System.Text.Json.Nodes;
using Xunit;

namespace Platform.Couriers.Tests.Sources;

public sealed class PullingFromHeapTests(CouriersApp app)
{
    [Fact]
    public async Task Complete_syncs_land_oldest_first_and_unfinished_ones_wait()
    {
        var bucket = await app.NewBucketAsync();
        await PutSyncAsync(bucket, 10, "users/a.avro", "sessions/a.avro", "pageviews/a.avro");
        await PutSyncAsync(bucket, 9, "users/z.avro");
        await app.PutAsync(bucket, "sync_11/users/a.avro", "unfinished");
        var courier = await app.CreateAsync(NewCourier(bucket));

        var run = await app.RunAsync(courier, new { mode = "all" });

        Assert.Equal(["sync_9/users/z.avro", "sync_10/pageviews/a.avro", "sync_10/sessions/a.avro", "sync_10/users/a.avro"], (await app.FilesOfAsync((string)run["id"]!)).Select(file => (string)file["key"]!));
        Assert.Contains("sync_11 has 1 file and no manifest", (string)Assert.Single(run["warnings"]!.AsArray())!);

        await PutManifestAsync(bucket, 11, true, ["users/a.avro"]);
        Assert.Equal(1, (int)(await app.RunAsync(courier, new { mode = "all" }))["files"]!["pulled"]!);
    }

    [Fact]
    public async Task The_day_of_a_sync_is_the_day_its_manifest_arrived()
    {
        var bucket = await app.NewBucketAsync();
        await PutSyncAsync(bucket, 1, "users/a.avro", "sessions/a.avro", "pageviews/a.avro");
        var arrived = (await app.S3.Client.GetObjectMetadataAsync(bucket, "manifests/sync_1.json", TestContext.Current.CancellationToken)).LastModified!.Value.ToUniversalTime();
        var courier = await app.CreateAsync(NewCourier(bucket));

        var run = await app.RunAsync(courier, new { mode = "day", date = arrived.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) });
        var before = await app.RunAsync(courier, new { mode = "day", date = arrived.AddDays(-1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) }, "failed");

        Assert.Equal(3, (int)run["files"]!["pulled"]!);
        Assert.Contains("No file matches 'sync_*/users/*.avro'", (string)before["message"]!);
    }

    [Fact]
    public async Task A_file_the_manifest_names_must_be_there()
    {
        var bucket = await app.NewBucketAsync();
        await PutSyncAsync(bucket, 1, "users/a.avro", "sessions/a.avro", "pageviews/a.avro");
        await PutManifestAsync(bucket, 1, true, ["users/a.avro", "users/lost.avro"]);
        var courier = await app.CreateAsync(NewCourier(bucket));

        var failed = await app.RunAsync(courier, new { mode = "all" }, "failed");
        var skipped = await app.RunAsync(courier, new { mode = "all", skipMissingFiles = true });

        Assert.Contains("names 1 file that is not there, for example sync_1/users/lost.avro", (string)failed["message"]!);
        Assert.Equal(3, (int)skipped["files"]!["pulled"]!);
    }

    [Fact]
    public async Task A_sync_of_whole_tables_is_told_and_a_broken_manifest_ends_the_run()
    {
        var bucket = await app.NewBucketAsync();
        await PutSyncAsync(bucket, 1, "users/a.avro", "sessions/a.avro", "pageviews/a.avro");
        await PutManifestAsync(bucket, 1, false, ["users/a.avro"]);
        var courier = await app.CreateAsync(NewCourier(bucket));

        var run = await app.RunAsync(courier, new { mode = "all" });
        await app.PutAsync(bucket, "manifests/sync_1.json", "{ \"tables\": 7 }");
        var broken = await app.RunAsync(courier, new { mode = "all" }, "failed");

        Assert.Contains("sync_1 holds whole tables", (string)Assert.Single(run["warnings"]!.AsArray())!);
        Assert.Equal("badFile", (string)broken["failure"]!["category"]!);
        Assert.Contains($"s3://{bucket}/manifests/sync_1.json", (string)broken["message"]!);
    }

    [Fact]
    public async Task The_seeds_own_entities_list_is_taken_by_its_pattern()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "path/to/users-2024-02-01.avro", "users");
        var body = app.NewCourier("heap", "cred-good", new() { ["bucket"] = bucket }, ("'path/to/users'-YYYY-MM-dd'.avro'", "users", "application/avro"));

        var run = await app.RunAsync(await app.CreateAsync(body), new { mode = "day", date = "2024-02-01" });

        Assert.Equal("2024-02-01", (string)Assert.Single(await app.FilesOfAsync((string)run["id"]!))["fileDate"]!);
    }

    private JsonObject NewCourier(string bucket)
    {
        var courier = app.NewCourier("heap", "cred-good", new() { ["bucket"] = bucket });
        courier.Remove("entities");
        return courier;
    }

    private async Task PutSyncAsync(string bucket, int number, params string[] files)
    {
        foreach (var file in files)
        {
            await app.PutAsync(bucket, $"sync_{number}/{file}", $"{number} {file}");
        }

        await PutManifestAsync(bucket, number, true, files);
    }

    private Task PutManifestAsync(string bucket, int number, bool incremental, string[] files) => app.PutAsync(bucket, $"manifests/sync_{number}.json", new JsonObject
    {
        ["dump_id"] = number,
        ["tables"] = new JsonArray([.. files.GroupBy(file => file.Split('/')[0]).Select(table => new JsonObject
        {
            ["name"] = table.Key,
            ["files"] = new JsonArray([.. table.Select(file => (JsonNode)$"s3://{bucket}/sync_{number}/{file}")]),
            ["columns"] = new JsonArray("user_id"),
            ["incremental"] = incremental,
        })]),
        ["property_definitions"] = $"s3://{bucket}/sync_{number}/property_definitions.json",
    }.ToJsonString());
}
