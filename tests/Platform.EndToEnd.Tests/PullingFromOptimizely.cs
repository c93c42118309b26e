using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.EndToEnd.Tests;

/// <summary>The feed steps of the seed "Pull from Optimizely", call by call, through the gateway: browse, review, feed, load type, feed editor, activate, run, inspect.</summary>
public sealed class PullingFromOptimizely(RunningPlatform platform)
{
    private const string Day = "2026-03-01";

    [Fact]
    public async Task Feed_steps()
    {
        using var user = await PlatformUser.OfAsync(platform);
        var account = $"seed{Guid.CreateVersion7():n}"[..20];
        var bucket = new ExportBucket(platform.S3);
        await bucket.PutEventsAsync(account, Day, ExportBucket.Events(0, 100));

        // Details and credential: "Connection successful".
        var credential = await user.CredentialAsync();
        Assert.Equal("Connection successful", (string)(await user.PostAsync($"/api/credentials/{credential}/test", new JsonObject { ["bucket"] = platform.S3.Bucket }))["message"]!);

        // Courier; the file that is pulled is the sample of the new feed; it is reviewed as a table and raw.
        var courier = await user.CourierAsync(credential, account, ["events"]);
        Assert.Equal("succeeded", (string)(await user.RunAsync(courier, PlatformUser.Day(Day)))["state"]!);
        var sample = (string)(await user.GetAsync($"/api/landed-files?courierId={courier}&limit=1"))["items"]![0]!["fileId"]!;
        Assert.Contains("uuid", (await user.PostAsync("/api/previews", new JsonObject { ["fileId"] = sample }))["columns"]!.AsArray().Select(column => (string)column!["name"]!));
        Assert.Contains("50 41 52 31".Replace(" ", ""), (string)(await user.PostAsync("/api/previews", new JsonObject { ["fileId"] = sample, ["view"] = "raw" }))["raw"]!);

        // New feed, edited: key, tags, last updated field; the dry run says what activation will do, and the sample is loaded with it.
        var feed = await user.PostAsync("/api/feeds", new JsonObject { ["source"] = user.Unique("Optimizely"), ["name"] = "Events", ["sampleFileId"] = sample });
        var draft = feed["draft"]!.DeepClone().AsObject();
        draft["primaryKey"] = new JsonArray("uuid");
        draft["lastUpdatedField"] = "process_timestamp";
        draft["generateUpdatedField"] = false;
        draft["fields"]!.AsArray().First(field => (string)field!["name"]! == "visitor_id")!["semanticTags"] = new JsonArray("fk-visitor");
        await user.PutAsync($"/api/feeds/{feed["id"]}", draft);
        var preview = await user.PostAsync($"/api/feeds/{feed["id"]}/activation-preview");
        Assert.Equal(("create", 0), ((string)preview["action"]!, preview["problems"]!.AsArray().Count));
        await user.PostAsync($"/api/feeds/{feed["id"]}/activate", new JsonObject { ["loadSample"] = true });
        var table = (string)feed["domainTable"]!;
        await Until.True(async () => await platform.AskAsync(table, "select count(*) from {table}") == "100", TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

        // Load type: truncate and upsert, then a run whose file has half of the rows; fewer would wait for approval.
        var operations = (await user.PutAsync($"/api/couriers/{courier}/load-types/{feed["id"]}", new JsonObject { ["loadType"] = "truncateAndUpsert", ["file"] = "events" }))["loadOperations"]!;
        Assert.Equal("truncate", (string)operations[(string)feed["id"]!]![0]!["type"]!);
        await bucket.PutEventsAsync(account, Day, ExportBucket.Events(50, 110));
        var run = await user.RunAsync(courier, PlatformUser.Day(Day));
        Assert.Equal("60 read, 10 inserted, 0 updated, 50 unchanged, 0 superseded, 0 rejected", RealExports.Counts(run));
        Assert.Equal(60, (await user.GetAsync($"/api/domain-tables/{Uri.EscapeDataString(table)}/sample?rows=100")).AsArray().Count);

        // Load type: upsert adds to what is there.
        await user.PutAsync($"/api/couriers/{courier}/load-types/{feed["id"]}", new JsonObject { ["loadType"] = "upsert", ["file"] = "events" });
        await bucket.PutEventsAsync(account, Day, ExportBucket.Events(0, 10));
        Assert.Equal("10 read, 10 inserted, 0 updated, 0 unchanged, 0 superseded, 0 rejected", RealExports.Counts(await user.RunAsync(courier, PlatformUser.Day(Day))));
        Assert.Equal("70", await platform.AskAsync(table, "select count(*) from {table}"));
    }

    [Fact]
    public async Task An_uploaded_file_becomes_a_feed_and_a_second_one_must_match_it()
    {
        using var user = await PlatformUser.OfAsync(platform);
        var sample = await UploadAsync("name=users.csv&separator=;", "id;email;born\n1;a@x.example;01/02/1990\n2;b@x.example;13/05/1991\n");

        var feed = await user.PostAsync("/api/feeds", new JsonObject { ["source"] = user.Unique("Files"), ["name"] = "Users", ["sampleFileId"] = sample, ["primaryKey"] = new JsonArray("id") });
        await user.PostAsync($"/api/feeds/{feed["id"]}/activate", new JsonObject { ["loadSample"] = true });
        var table = (string)feed["domainTable"]!;
        await Until.True(async () => await platform.AskAsync(table, "select count(*) from {table}") == "2", TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

        var same = await user.PostAsync($"/api/feeds/{feed["id"]}/match", new JsonObject { ["sampleFileId"] = await UploadAsync("name=more.csv", "born,email,id\n02/02/2000,c@x.example,3\n") });
        var other = await UploadAsync("name=orders.ndjson", "{\"id\":true,\"total\":1.5}\n");
        var differs = await user.PostAsync($"/api/feeds/{feed["id"]}/match", new JsonObject { ["sampleFileId"] = other });
        var draft = feed["draft"]!.DeepClone().AsObject();
        draft["sampleFileId"] = other;
        var refused = await user.RefusedAsync(HttpStatusCode.UnprocessableEntity, HttpMethod.Put, $"/api/feeds/{feed["id"]}", JsonContent.Create(draft));

        Assert.True((bool)same["matches"]!);
        Assert.Equal(4, differs["differences"]!.AsArray().Count);
        Assert.Equal(4, refused["errors"]!.AsArray().Count);
    }

    private async Task<string> UploadAsync(string query, string text)
    {
        using var http = await platform.ClientAsync();
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(text));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var response = await http.PostAsync($"/api/landed-files?{query}", content, TestContext.Current.CancellationToken);
        var answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.Created, answer);
        return (string)JsonNode.Parse(answer)!["fileId"]!;
    }
}
