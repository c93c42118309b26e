using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.EndToEnd.Tests;

/// <summary>The seed's import jobs (R13) through the gateway, with the real feeds and scheduler: CSV into a keyed stream, a JSON sequence into a stream of events.</summary>
public sealed class ImportingFromS3(RunningPlatform platform)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Csv_goes_to_a_new_keyed_stream_with_the_chosen_fields()
    {
        using var user = await PlatformUser.OfAsync(platform);
        var bucket = await platform.S3.CreateBucketAsync();
        await PutAsync(bucket, "in/audience.csv", "id,email,secret,seen\n1,a@example.com,x,2024-01-31T07:30:05Z\n2,b@example.com,y,2024-01-31T08:00:00Z\n1,c@example.com,z,2024-01-30T00:00:00Z\n");
        var job = await NewJobAsync(user, bucket, "in/audience.csv");
        (job["fields"], job["key"], job["timestampColumn"]) = (new JsonArray("email"), new JsonArray("id"), "seen");

        var created = await user.PostAsync("/api/import-jobs", job);
        var done = await StateAsync(user, created, "completed");

        // Of two rows of one key the later one wins, whatever their order; the column that was not chosen is not there.
        var table = (string)done["stream"]!;
        Assert.Equal("1 a@example.com, 2 b@example.com", await platform.AskAsync(table, "select string_agg(id || ' ' || email, ', ' order by id) from {table}"));
        var columns = (await user.GetAsync($"/api/feeds/{done["feedId"]}"))["active"]!["fields"]!.AsArray().Select(field => (string)field!["name"]!);
        Assert.Equal(["id", "email", "seen"], columns);

        // Everything that is wrong with a second job is said at once.
        (job["name"], job["key"], job["fields"]) = (user.Unique("import"), new JsonArray("email"), new JsonArray("id", "nothing"));
        var refused = await user.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, "/api/import-jobs", JsonContent.Create(job));
        Assert.Equal(["$.fields[1]", "$.key", "$.fields[1]"], refused["errors"]!.AsArray().Select(error => (string)error!["path"]!));
    }

    [Fact]
    public async Task A_json_sequence_goes_to_a_stream_of_events_in_order_and_stops_without_a_next_file()
    {
        using var user = await PlatformUser.OfAsync(platform);
        var bucket = await platform.S3.CreateBucketAsync();
        await PutAsync(bucket, "clicks_1706659200.json", """[{"who":"a","at":1706659200},{"who":"a","at":1706659200}]""");
        await PutAsync(bucket, "clicks_1706745600.json", """[{"who":"b","at":1706745600},{"who":"a","at":1706659200},{"who":"a","at":1706659200}]""");
        var job = await NewJobAsync(user, bucket, "clicks_1706659200.json");
        (job["keepUpdated"], job["frequency"], job["timestampColumn"], job["diff"]) = (true, "daily", "at", true);

        var created = await user.PostAsync("/api/import-jobs", job);
        var imported = await Until.Is(() => user.GetAsync($"/api/import-jobs/{created["id"]}"), found => (int)found["filesImported"]! == 2, TimeSpan.FromMinutes(2), Cancelled);
        Assert.Equal("active", (string)imported["state"]!);
        var table = (string)imported["stream"]!;
        Assert.Equal("a a b 2024-02-01 00:00:00", await platform.AskAsync(table, "select string_agg(who, ' ' order by at, who) || ' ' || to_char(max(at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') from {table}"));

        // Of the second file only the row was read that the first one did not have.
        var rows = (await user.GetAsync($"/api/courier-runs/{imported["lastRunId"]}"))["rows"]!;
        Assert.Equal((3, 3), ((int)rows["read"]!, (int)rows["inserted"]!));

        // A check that finds no next file stops it; a call resumes it, when there is one.
        await user.PostAsync($"/api/import-jobs/{created["id"]}/stop");
        await user.PostAsync($"/api/import-jobs/{created["id"]}/resume");
        var stopped = await StateAsync(user, created, "stopped");
        Assert.Contains("No next file", (string)stopped["message"]!);
        await PutAsync(bucket, "clicks_1706832000.json", """[{"who":"c","at":1706832000},{"who":"d","at":1706832001}]""");
        await user.PostAsync($"/api/import-jobs/{created["id"]}/resume");
        await Until.Is(() => user.GetAsync($"/api/import-jobs/{created["id"]}"), found => (int)found["filesImported"]! == 3, TimeSpan.FromMinutes(2), Cancelled);
        Assert.Equal("5", await platform.AskAsync(table, "select count(*) from {table}"));
        await user.DeleteAsync($"/api/import-jobs/{created["id"]}");
    }

    private static async Task<JsonObject> NewJobAsync(PlatformUser user, string bucket, string file) => new()
    {
        ["name"] = user.Unique("import"),
        ["credentialId"] = await user.CredentialAsync(),
        ["bucket"] = bucket,
        ["file"] = file,
        ["stream"] = user.Unique("Stream"),
    };

    private static Task<JsonNode> StateAsync(PlatformUser user, JsonNode job, string state) =>
        Until.Is(() => user.GetAsync($"/api/import-jobs/{job["id"]}"), found => (string)found["state"]! == state, TimeSpan.FromMinutes(2), Cancelled);

    private Task PutAsync(string bucket, string key, string text) =>
        platform.S3.Client.PutObjectAsync(new() { BucketName = bucket, Key = key, ContentBody = text, UseChunkEncoding = false }, Cancelled);
}
