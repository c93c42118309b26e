using System.Text.Json.Nodes;
using Xunit;

namespace Platform.Couriers.Tests.Runs;

public sealed class FailingRunsTests(CouriersApp app)
{
    private const string Events = $"{CouriersApp.Account}/type=events";

    [Fact]
    public async Task A_day_without_its_marker_is_not_pulled()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutDayAsync(bucket);
        await app.S3.Client.DeleteObjectAsync(bucket, $"{Events}/date={CouriersApp.Day}/_SUCCESS", TestContext.Current.CancellationToken);
        var courier = await app.CreateAsync(app.NewOptimizelyCourier(bucket));

        var run = await app.RunAsync(courier, state: "failed");

        Assert.Equal("configuration", (string)run["failure"]!["category"]!);
        Assert.Equal("plan", (string)run["phase"]!);
        Assert.StartsWith($"s3://{bucket}/{Events}/date={CouriersApp.Day}/ is not ready: _SUCCESS is missing there, beside 1 data file.", (string)run["message"]!);
        Assert.Equal(0, (int)run["files"]!["pulled"]!);

        var skipped = await app.RunAsync(courier, new { mode = "day", date = CouriersApp.Day, skipMissingFiles = true });
        Assert.Equal(2, (int)skipped["files"]!["total"]!);
        Assert.Contains("It was left out", (string)Assert.Single(skipped["warnings"]!.AsArray())!);
    }

    [Fact]
    public async Task A_missing_file_is_explained_by_its_neighbours()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "in/users-2024-03-03.csv", "x");
        await app.PutAsync(bucket, "in/users-2024-03-05.csv", "x");
        var courier = await app.CreateAsync(app.NewS3Courier(bucket, "'in/users-'yyyy-MM-dd'.csv'"));

        var run = await app.RunAsync(courier, new { mode = "day", date = "2024-03-04" }, "failed");

        var message = (string)run["message"]!;
        Assert.StartsWith("No file matches 'in/users-'yyyy-MM-dd'.csv' on 2024-03-04", message);
        Assert.Contains($"Found in s3://{bucket}/in/: 'users-2024-03-03.csv', 'users-2024-03-05.csv'.", message);
        Assert.Contains("skipMissingFiles", message);
    }

    [Fact]
    public async Task A_missing_optional_file_is_no_fault_unless_nothing_is_there()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "in/a-2024-03-03.csv", "x");
        var body = app.NewS3Courier(bucket, "'in/a-'yyyy-MM-dd'.csv'", optional: true);
        body["entities"]!.AsArray().Add(new JsonObject
        {
            ["object/type"] = "file",
            ["object/file-pattern"] = "'in/b-'yyyy-MM-dd'.csv'",
            ["object/optional"] = true,
            ["object/land-as"] = new JsonObject { ["file/tag"] = "b", ["file/content-type"] = "text/csv" },
        });
        var courier = await app.CreateAsync(body);

        await app.RunAsync(courier, new { mode = "day", date = "2024-03-03" });
        var run = await app.RunAsync(courier, new { mode = "day", date = "2024-03-04" }, "failed");

        Assert.StartsWith("None of the optional files was found", (string)run["message"]!);
    }

    [Fact]
    public async Task A_day_that_is_complete_and_empty_succeeds()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, $"{Events}/date={CouriersApp.Day}/_SUCCESS", "");
        await app.PutAsync(bucket, $"{CouriersApp.Account}/type=decisions/date={CouriersApp.Day}/_SUCCESS", "");

        var run = await app.RunAsync(await app.CreateAsync(app.NewOptimizelyCourier(bucket)));

        Assert.Equal(0, (int)run["files"]!["total"]!);
    }

    [Fact]
    public async Task A_wrong_secret_is_named_and_not_shown()
    {
        var bucket = await app.NewBucketAsync();
        app.Sisters.Credentials["cred-wrong-secret"] = app.Credential("not-the-secret-canary");
        var courier = await app.CreateAsync(app.NewOptimizelyCourier(bucket, credentialId: "cred-wrong-secret"));

        var run = await app.RunAsync(courier, state: "failed");

        Assert.StartsWith("The secret key does not belong to the access key", (string)run["message"]!);
        Assert.DoesNotContain("canary", run.ToJsonString());
    }

    [Theory]
    [InlineData("cred-unknown-key", "is not known to")]
    [InlineData("cred-nowhere", "does not exist. Choose an existing credential")]
    public async Task A_credential_that_cannot_be_used_is_named(string credential, string expected)
    {
        app.Sisters.Credentials["cred-unknown-key"] = app.Credential("secret", accessKey: "AKIAIOSFODNN7EXAMPLE");
        var courier = await app.CreateAsync(app.NewOptimizelyCourier(await app.NewBucketAsync(), credentialId: credential));

        var run = await app.RunAsync(courier, state: "failed");

        Assert.Equal("configuration", (string)run["failure"]!["category"]!);
        Assert.Contains(expected, (string)run["message"]!);
    }

    [Fact]
    public async Task A_missing_bucket_is_named()
    {
        var run = await app.RunAsync(await app.CreateAsync(app.NewOptimizelyCourier("no-such-bucket-here")), state: "failed");

        Assert.StartsWith("The bucket 'no-such-bucket-here' does not exist at", (string)run["message"]!);
    }

    [Fact]
    public async Task A_secret_rotated_before_a_restart_mends_the_run()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutDayAsync(bucket);
        app.Sisters.Credentials["cred-rotated"] = app.Credential("old");
        var courier = await app.CreateAsync(app.NewOptimizelyCourier(bucket, credentialId: "cred-rotated"));
        var run = await app.RunAsync(courier, state: "failed");
        app.Sisters.Credentials["cred-rotated"] = app.Credential(app.S3.SecretKey, version: 2);

        await app.PostAsync($"/api/courier-runs/{run["id"]}/restart", null, System.Net.HttpStatusCode.Accepted);

        Assert.Equal(3, (int)(await app.WaitAsync((string)run["id"]!))["files"]!["pulled"]!);
    }

    [Fact]
    public async Task An_endpoint_that_does_not_answer_is_tried_again_and_said()
    {
        var port = Testing.FreePorts.Take(1)[0];
        app.Sisters.Credentials["cred-unreachable"] = app.Credential("x", endpoint: $"http://127.0.0.1:{port}");
        var courier = await app.CreateAsync(app.NewOptimizelyCourier("some-bucket", credentialId: "cred-unreachable"));

        var id = await app.StartAsync(courier);
        var waiting = await Testing.Until.Is(() => app.GetRunAsync(id), run => run["message"] is { } message && ((string)message!).Contains("tries again"), null, TestContext.Current.CancellationToken);

        Assert.Equal("running", (string)waiting["state"]!);
        Assert.Contains($"127.0.0.1:{port} does not answer", (string)waiting["message"]!);
        await app.PostAsync($"/api/courier-runs/{id}/cancel", null, System.Net.HttpStatusCode.Accepted);
        await app.WaitAsync(id, "cancelled");
    }
}
