using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Amazon.S3.Model;
using Platform.Files.Engine;
using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.EndToEnd.Tests;

/// <summary>Whatever is wrong is named with what was found, what was expected and how to mend it, and the tables stay as they were.</summary>
public sealed class BadInput(RunningPlatform platform)
{
    private const string Date = "2026-03-01";
    private readonly ExportBucket _bucket = new(platform.S3);

    [Theory]
    [InlineData("/api/credentials/cred-nothere", "unknown-credential")]
    [InlineData("/api/couriers/cr-nothere", "unknown-courier")]
    [InlineData("/api/courier-runs/run-nothere", "unknown-courier-run")]
    [InlineData("/api/landed-files/lf-nothere", "unknown-landed-file")]
    [InlineData("/api/feeds/df-nothere", "unknown-feed")]
    [InlineData("/api/domain-tables/No%3ASuch", "unknown-domain-table")]
    [InlineData("/api/domain-tables/No%3ASuch/rows", "unknown-domain-table")]
    [InlineData("/api/nothing/here", "not-found")]
    public async Task Unknown_things_are_answered_as_such(string path, string code)
    {
        using var user = await PlatformUser.OfAsync(platform);
        var problem = await user.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, path);
        Assert.Equal($"/problems/{code}", (string)problem["type"]!);
        Assert.NotEmpty((string)problem["detail"]!);
        Assert.NotEmpty((string)problem["traceId"]!);
    }

    [Theory]
    [InlineData("/api/credentials")]
    [InlineData("/api/couriers")]
    [InlineData("/api/feeds")]
    public async Task Malformed_json_is_answered_with_its_position(string path)
    {
        using var user = await PlatformUser.OfAsync(platform);
        var problem = await user.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, path, new StringContent("{\n  \"name\": oops }", Encoding.UTF8, "application/json"));
        Assert.Contains("line 2, byte", (string)problem["detail"]!);
    }

    [Fact]
    public async Task Every_problem_of_a_courier_is_listed_at_once()
    {
        using var user = await PlatformUser.OfAsync(platform);
        var problem = await user.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, "/api/couriers", Json("""
            {"name":"", "sourceType":"optimizely-events", "credentialId":"", "settings":{"bucket":"NO"},
             "entities":[{"object/type":"file","object/file-pattern":"'a'YYYY-MM-DD","object/land-as":{"file/tag":"t","file/content-type":"application/x-parquet"}}],
             "loadOperations":{"df-xxxxxx":[{"type":"load"}]}}
            """));
        var paths = problem["errors"]!.AsArray().Select(error => (string)error!["path"]!).ToList();
        Assert.True(paths.Count >= 5, string.Join(", ", paths));
        Assert.Contains(problem["errors"]!.AsArray(), error => ((string)error!["problem"]!).Contains("dd"));
    }

    [Fact]
    public async Task A_wrong_secret_fails_the_test_and_the_run_by_name()
    {
        using var user = await PlatformUser.OfAsync(platform);
        var credential = await user.CredentialAsync(secretKey: "not-the-secret-of-anybody");
        var test = await user.PostAsync($"/api/credentials/{credential}/test", new JsonObject { ["bucket"] = platform.S3.Bucket });
        Assert.False((bool)test["success"]!);
        Assert.Contains("secret", (string)test["message"]!, StringComparison.OrdinalIgnoreCase);
        await FailsAsync(user, await user.CourierAsync(credential, "any", ["events"]), "configuration", "secret");
    }

    [Fact]
    public async Task A_missing_bucket_is_named()
    {
        using var user = await PlatformUser.OfAsync(platform);
        await FailsAsync(user, await user.CourierAsync(await user.CredentialAsync(), "any", ["events"], bucket: "no-such-bucket-anywhere"), "configuration", "no-such-bucket-anywhere");
    }

    [Fact]
    public async Task A_forbidden_bucket_is_named_with_the_missing_permission()
    {
        using var user = await PlatformUser.OfAsync(platform);
        var bucket = await platform.S3.CreateBucketAsync();
        await platform.S3.Client.PutBucketPolicyAsync(new PutBucketPolicyRequest
        {
            BucketName = bucket,
            Policy = $$"""{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::{{bucket}}"}]}""",
        }, TestContext.Current.CancellationToken);
        await FailsAsync(user, await user.CourierAsync(await user.CredentialAsync(), "any", ["events"], bucket: bucket), "configuration", "s3:ListBucket");
    }

    [Fact]
    public async Task A_day_without_its_marker_is_not_taken()
    {
        using var user = await PlatformUser.OfAsync(platform);
        await _bucket.PutEventsAsync("unready", Date, ExportBucket.Events(0, 10), success: false);
        await FailsAsync(user, await user.CourierAsync(await user.CredentialAsync(), "unready", ["events"]), "configuration", "_SUCCESS");
    }

    [Fact]
    public async Task A_truncated_file_fails_the_run_and_leaves_the_table()
    {
        using var user = await PlatformUser.OfAsync(platform);
        var (courier, feed) = await LoadedAsync(user, "truncated");
        var before = await platform.FingerprintAsync(feed.Table);
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("part.parquet");
        using (var duckdb = DuckDb.OpenInMemory())
        {
            duckdb.Execute($"COPY ({ExportBucket.Events(5_000, 50_000)}) TO {DuckDb.Literal(file)} (FORMAT parquet)");
        }

        await using (var stream = new FileStream(file, FileMode.Open, FileAccess.Write))
        {
            stream.SetLength(stream.Length / 2);
        }

        await _bucket.PutFileAsync($"v1/account_id=truncated/type=events/date={Date}/event=purchase/part-00001-x.c000.snappy.parquet", file);
        await FailsAsync(user, courier, "badFile", "part-00001");
        Assert.Equal(before, await platform.FingerprintAsync(feed.Table));
    }

    [Fact]
    public async Task A_file_without_a_required_column_fails_the_run_and_leaves_the_table()
    {
        using var user = await PlatformUser.OfAsync(platform);
        var (courier, feed) = await LoadedAsync(user, "mismatch");
        var before = await platform.FingerprintAsync(feed.Table);
        await _bucket.PutEventsAsync("mismatch", Date, "SELECT 1 AS one, 'x' AS other FROM range(100)", part: 1);
        await FailsAsync(user, courier, "badFile", "uuid");
        Assert.Equal(before, await platform.FingerprintAsync(feed.Table));
    }

    [Fact]
    public async Task Too_many_rows_without_a_key_fail_the_run_and_leave_the_table()
    {
        using var user = await PlatformUser.OfAsync(platform);
        var (courier, feed) = await LoadedAsync(user, "nulls");
        var before = await platform.FingerprintAsync(feed.Table);
        await _bucket.PutEventsAsync("nulls", Date, ExportBucket.Events(0, 1000, "CASE WHEN i % 20 = 0 THEN NULL ELSE md5('n' || i)::UUID::VARCHAR END"), part: 1);
        await FailsAsync(user, courier, "badFile", "1 %");
        Assert.Equal(before, await platform.FingerprintAsync(feed.Table));
    }

    [Fact]
    public async Task An_unknown_feed_lands_the_files_and_fails_with_the_two_lines_of_the_seed()
    {
        using var user = await PlatformUser.OfAsync(platform);
        await _bucket.PutEventsAsync("nofeed", Date, ExportBucket.Events(0, 10));
        var courier = await user.CourierAsync(await user.CredentialAsync(), "nofeed", ["events"], new JsonObject { ["df-xxxxxx"] = new JsonArray(new JsonObject { ["type"] = "load", ["file"] = "events" }) });
        var run = await user.RunAsync(courier, PlatformUser.Day(Date));
        Assert.Equal("failed", (string)run["state"]!);
        Assert.Equal("Error running load-operations task\nCannot find required feeds: \"df-xxxxxx\"", (string)run["message"]!);
        Assert.Single((await user.GetAsync($"/api/landed-files?courierId={courier}"))["items"]!.AsArray());
    }

    private async Task<(string Courier, (string Id, string Table) Feed)> LoadedAsync(PlatformUser user, string account)
    {
        await _bucket.PutEventsAsync(account, Date, ExportBucket.Events(0, 1000));
        var courier = await user.CourierAsync(await user.CredentialAsync(), account, ["events"]);
        await user.RunAsync(courier, PlatformUser.Day(Date));
        var feed = await user.FeedAsync(courier, "events");
        await user.LoadIntoAsync(courier, ("events", feed.Id));
        Assert.Equal("succeeded", (string)(await user.RunAsync(courier, PlatformUser.Day(Date)))["state"]!);
        return (courier, feed);
    }

    private static async Task FailsAsync(PlatformUser user, string courier, string category, string named)
    {
        var run = await user.RunAsync(courier, PlatformUser.Day(Date));
        Assert.Equal("failed", (string)run["state"]!);
        Assert.Contains(named, (string)run["failure"]!["reason"]!);
        Assert.Equal(category, (string)run["failure"]!["category"]!);
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}
