using System.Text.Json.Nodes;
using Platform.Testing;
using Platform.Testing.Processes;
using Platform.Testing.Servers;
using Xunit;
using static Platform.EndToEnd.Tests.RealExports;

namespace Platform.EndToEnd.Tests;

/// <summary>The source's and courier's steps of the seed "Pull from Optimizely", call by call, through the gateway: a role, the file browser, a pattern from a chosen name, the run and a decision it waits for.</summary>
public sealed class FromBucketToRun(RunningPlatform platform)
{
    private const string Day = "2026-03-01";
    private const string Account = "walk-through";
    private const string Prefix = $"v1/account_id={Account}/";
    private readonly ExportBucket _export = new(platform.S3);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_chosen_in_the_browser_becomes_a_courier_and_its_rows()
    {
        using var user = await PlatformUser.OfAsync(platform);
        await _export.PutEventsAsync(Account, Day, ExportBucket.Events(0, 100));

        // Get details: keys, and the ARN of a role with cross-account access.
        var credential = await CredentialAsync(user, S3Server.RoleArn);
        Assert.Equal("Connection successful", (string)(await TestAsync(user, credential))["message"]!);
        var refused = await TestAsync(user, await CredentialAsync(user, "arn:aws:iam:::role/NotThere"));
        Assert.Contains("role/NotThere may not be assumed", (string)refused["message"]!);

        // Select the file: by the file browser, and a pattern for those like it.
        Assert.Contains(platform.S3.Bucket, (await user.GetAsync($"/api/browse/buckets?credentialId={credential}"))["names"]!.AsArray().Select(name => (string)name!));
        var folder = $"{Prefix}type=events/date={Day}/event=purchase/";
        var found = (await user.GetAsync($"/api/browse/files?credentialId={credential}&bucket={platform.S3.Bucket}&path={Uri.EscapeDataString(folder)}"))["items"]![0]!;
        var path = (string)found["path"]!;
        var pattern = (string)(await user.GetAsync($"/api/browse/pattern?path={Uri.EscapeDataString(path)}&prefix={Uri.EscapeDataString(Prefix)}"))[0]!["pattern"]!;
        Assert.Equal("'type=events/date='yyyy-MM-dd'/event=purchase/part-*-x.c000.snappy.parquet'", pattern);

        // Review the file, as a table and in the raw format.
        var source = new JsonObject { ["credentialId"] = credential, ["bucket"] = platform.S3.Bucket, ["path"] = path };
        var table = await user.PostAsync("/api/previews", source.DeepClone());
        Assert.Equal("application/x-parquet", (string)table["contentType"]!);
        Assert.Contains("experiments", table["columns"]!.AsArray().Where(column => (string)column!["type"]! == "json").Select(column => (string)column!["name"]!));
        source["view"] = "raw";
        Assert.StartsWith("00000000  50415231", (string)(await user.PostAsync("/api/previews", source))["raw"]!);

        // Add courier; what it pulls is the sample of the new feed.
        var courier = (string)(await user.PostAsync("/api/couriers", Courier(user, credential, pattern)))["id"]!;
        Assert.Equal("succeeded", (string)(await user.RunAsync(courier, PlatformUser.Day(Day)))["state"]!);
        var feed = await user.FeedAsync(courier, "purchases");

        // Run it manually for a day before today, with the load options unselected, and inspect the domain table.
        await user.LoadIntoAsync(courier, ("purchases", feed.Id));
        var run = await user.StartAsync(courier, PlatformUser.Day(Day));
        var events = await user.EventsAsync($"/api/courier-runs/{run}/events");
        Assert.Equal(("ended", "succeeded"), (events[^1].Type, (string)events[^1].Data["state"]!));
        Assert.Equal("100 read, 100 inserted, 0 updated, 0 unchanged, 0 superseded, 0 rejected", Counts(events[^1].Data));
        Assert.Equal(0, (int)events[^1].Data["files"]!["pulled"]!);
        Assert.Equal($"{Day} purchase 100", await platform.AskAsync(feed.Table, "select \"date\" || ' ' || event || ' ' || count(*) from {table} group by \"date\", event"));
        var listed = await user.GetAsync($"/api/domain-tables/{Uri.EscapeDataString(feed.Table)}");
        Assert.Equal(100, (long)listed["rowCount"]!);

        await TruncateAndUpsertAsync(user, courier, feed);
    }

    /// <summary>"Truncate and upsert" with a file of few rows: the run says what it waits for and how to decide, and goes on when it is decided.</summary>
    private async Task TruncateAndUpsertAsync(PlatformUser user, string courier, (string Id, string Table) feed)
    {
        await _export.PutEventsAsync(Account, "2026-03-03", ExportBucket.Events(0, 20));
        var edited = await user.GetAsync($"/api/couriers/{courier}");
        edited["loadOperations"] = new JsonObject { [feed.Id] = new JsonArray(new JsonObject { ["type"] = "load", ["file"] = "purchases" }, new JsonObject { ["type"] = "truncate" }) };
        await user.PutAsync($"/api/couriers/{courier}", edited);
        var run = await user.StartAsync(courier, PlatformUser.Day("2026-03-03"));
        var held = await Until.Is(() => user.GetAsync($"/api/courier-runs/{run}"), found => (string?)found["loads"]!.AsArray().FirstOrDefault()?["state"] == "held" || found["endedAt"] is not null, TimeSpan.FromMinutes(2), Cancelled);
        Assert.Equal("running", (string)held["state"]!);
        Assert.Contains("/approve", (string)held["message"]!);
        Assert.Equal("100", await platform.AskAsync(feed.Table, "select count(*) from {table}"));
        await user.PostAsync($"/api/loads/{held["loads"]![0]!["loadId"]}/approve");
        Assert.Equal("20 read, 0 inserted, 20 updated, 0 unchanged, 0 superseded, 0 rejected", Counts(await user.EndOfAsync(run)));
        Assert.Equal("20", await platform.AskAsync(feed.Table, "select count(*) from {table}"));
    }

    private JsonObject Courier(PlatformUser user, string credential, string pattern) => new()
    {
        ["name"] = user.Unique("Optimizely"),
        ["sourceType"] = "optimizely-events",
        ["credentialId"] = credential,
        ["settings"] = new JsonObject { ["bucket"] = platform.S3.Bucket, ["accountId"] = Account },
        ["entities"] = new JsonArray(new JsonObject
        {
            ["object/type"] = "file",
            ["object/file-pattern"] = pattern,
            ["object/land-as"] = new JsonObject { ["file/tag"] = "purchases", ["file/content-type"] = "application/x-parquet" },
        }),
        ["loadOperations"] = new JsonObject(),
    };

    private Task<JsonNode> TestAsync(PlatformUser user, string credential) =>
        user.PostAsync($"/api/credentials/{credential}/test", new JsonObject { ["bucket"] = platform.S3.Bucket, ["prefix"] = Prefix });

    private async Task<string> CredentialAsync(PlatformUser user, string role) => (string)(await user.PostAsync("/api/credentials", new JsonObject
    {
        ["name"] = user.Unique("role"),
        ["type"] = "iam-credential",
        ["fields"] = new JsonObject
        {
            ["accessKey"] = platform.S3.AccessKey,
            ["secretKey"] = platform.S3.SecretKey,
            ["region"] = S3Server.Region,
            ["endpoint"] = platform.S3.Endpoint,
            ["roleArn"] = role,
            ["externalId"] = "walk-through",
        },
    }))["id"]!;
}
