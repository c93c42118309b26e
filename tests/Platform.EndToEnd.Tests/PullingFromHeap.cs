using System.Text.Json.Nodes;
using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.EndToEnd.Tests;

/// <summary>The seed "Pull from Heap", step by step, with its own JSON (only its placeholders filled in), through the gateway.</summary>
public sealed class PullingFromHeap(RunningPlatform platform)
{
    // The seed's entities list; FILE_NAME is its placeholder for the tag that its load operations call "users".
    private const string Entities = """
        [
          {
            "object/type": "file",
            "object/file-pattern": "'path/to/users'-YYYY-MM-dd'.avro'",
            "object/land-as": {
              "file/tag": "users",
              "file/content-type": "application/avro"
            }
          }
        ]
        """;

    private const string Operations = """
        {
          "USERS-FEED-ID": [
            {
              "type": "truncate"
            },
            {
              "type": "load",
              "file": "users"
            }
          ]
        }
        """;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Steps_1_to_7()
    {
        using var user = await PlatformUser.OfAsync(platform);
        var bucket = await platform.S3.CreateBucketAsync();
        await PutUsersAsync(bucket, "2026-03-01");

        // 1. Get details: the credential opens the bucket, the files are found by browsing, a pattern follows from one of them.
        var credential = await user.CredentialAsync();
        Assert.Equal("Connection successful", (string)(await user.PostAsync($"/api/credentials/{credential}/test", new JsonObject { ["bucket"] = bucket }))["message"]!);
        var found = await user.GetAsync($"/api/browse/files?credentialId={credential}&bucket={bucket}&path=path/to/");
        Assert.Equal("users-2026-03-01.avro", (string)found["items"]![0]!["name"]!);
        var pattern = await user.GetAsync("/api/browse/pattern?path=path/to/users-2026-03-01.avro");
        Assert.Equal("'path/to/users-'yyyy-MM-dd'.avro'", (string)pattern[0]!["pattern"]!);

        // 2. Add courier, with load operations that are obviously incorrect: saved, and only the validation fails.
        var created = await user.PostAsync("/api/couriers", new JsonObject
        {
            ["name"] = user.Unique("Heap"),
            ["sourceType"] = "amazon-s3",
            ["credentialId"] = credential,
            ["settings"] = new JsonObject { ["bucket"] = bucket },
            ["entities"] = JsonNode.Parse(Entities),
            ["loadOperations"] = JsonNode.Parse(Operations.Replace("USERS-FEED-ID", "df-xxxxxx")),
        });
        var courier = (string)created["id"]!;
        Assert.Contains("df-xxxxxx", (string)created["warnings"]![0]!["path"]!);
        var stored = await user.GetAsync($"/api/couriers/{courier}");
        Assert.Equal(JsonNode.Parse(Entities)!.ToJsonString(), stored["entities"]!.ToJsonString());
        Assert.False((bool)(await user.PostAsync($"/api/couriers/{courier}/validate"))["success"]!);

        // 3. Get sample files: the run lands them and then fails with the seed's two lines.
        var first = await user.RunAsync(courier, PlatformUser.Day("2026-03-01"));
        Assert.Equal(("failed", "Error running load-operations task\nCannot find required feeds: \"df-xxxxxx\""), ((string)first["state"]!, (string)first["message"]!));
        var sample = (await user.GetAsync($"/api/landed-files?courierId={courier}"))["items"]![0]!;
        var preview = await user.PostAsync("/api/previews", new JsonObject { ["fileId"] = (string)sample["fileId"]! });
        Assert.Equal(["station", "time", "temp"], preview["columns"]!.AsArray().Select(column => (string)column!["name"]!));

        // 4. Add feeds: from the sample, which activation loads.
        var feed = await user.PostAsync("/api/feeds", new JsonObject
        {
            ["source"] = user.Unique("Heap"),
            ["name"] = "Users",
            ["sampleFileId"] = (string)sample["fileId"]!,
            ["primaryKey"] = new JsonArray("station", "time"),
            ["generateUpdatedField"] = true,
            ["makeAvailableToStitch"] = true,
        });
        var table = (string)feed["domainTable"]!;
        Assert.EndsWith(":Users", table);
        await user.PostAsync($"/api/feeds/{feed["id"]}/activate", new JsonObject { ["loadSample"] = true });
        await Until.True(async () => await platform.AskAsync(table, "select count(*) from {table}") == "5", TimeSpan.FromMinutes(2), Cancelled);

        // 5. Add load operations: the placeholder becomes the feed's id.
        stored["loadOperations"] = JsonNode.Parse(Operations.Replace("USERS-FEED-ID", (string)feed["id"]!));
        await user.PutAsync($"/api/couriers/{courier}", stored);
        Assert.Equal("Connection successful", (string)(await user.PostAsync($"/api/couriers/{courier}/validate"))["message"]!);

        // 6. Run courier, listening to it.
        var run = await user.StartAsync(courier, PlatformUser.All);
        var events = await user.EventsAsync($"/api/courier-runs/{run}/events");
        Assert.Equal(("ended", "succeeded"), (events[^1].Type, (string)events[^1].Data["state"]!));
        Assert.StartsWith("Completed in ", (string)events[^1].Data["message"]!);
        Assert.Equal("5", await platform.AskAsync(table, "select count(*) from {table}"));
        var passport = await user.GetAsync($"/api/files/passport?path={Uri.EscapeDataString($"s3://{bucket}/path/to/users-2026-03-01.avro")}");
        Assert.Contains($"loaded into {table}", (string)passport["summary"]!);

        // 7. Add to courier group.
        var group = await user.PostAsync("/api/courier-groups", new JsonObject
        {
            ["name"] = user.Unique("Heap"),
            ["cron"] = "30 8 * * *",
            ["timeZone"] = "America/Los_Angeles",
            ["status"] = "enabled",
            ["offset"] = "24 hours",
            ["couriers"] = new JsonArray(new JsonObject { ["courierId"] = courier, ["wait"] = "1 hour" }),
        });
        Assert.Equal("enabled", (string)group["status"]!);
        await user.DeleteAsync($"/api/courier-groups/{group["id"]}");
    }

    private Task PutUsersAsync(string bucket, string day) => platform.S3.Client.PutObjectAsync(
        new() { BucketName = bucket, Key = $"path/to/users-{day}.avro", FilePath = SharedData.Path("avro", "apache-avro", "weather.avro"), UseChunkEncoding = false }, Cancelled);
}
