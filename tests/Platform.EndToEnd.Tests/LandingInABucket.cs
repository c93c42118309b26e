using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Npgsql;
using Platform.Testing;
using Platform.Testing.Processes;
using Platform.Testing.Servers;
using Xunit;
using static Platform.EndToEnd.Tests.RealExports;

namespace Platform.EndToEnd.Tests;

/// <summary>The landing store (R8) is a bucket: what couriers land feeds load, without a disk that both see; nothing is ever half there.</summary>
public sealed class LandingInABucket(RunningPlatform platform) : IAsyncLifetime
{
    private const string Day = "2026-03-01";
    private const long Part = 8 * 1024 * 1024;
    private static readonly string[] Users = ["couriers", "feeds"];
    private readonly ExportBucket _export = new(platform.S3);
    private readonly FaultyLink _link = new(new Uri(platform.S3.Endpoint).Port);
    private readonly TemporaryFolder _folder = new();
    private string _landing = "";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _landing = await platform.S3.CreateBucketAsync();
        await File.WriteAllTextAsync(_folder.PathOf("secret"), platform.S3.SecretKey + "\n", Cancelled);
        foreach (var service in Users)
        {
            platform.Configure(service, "Landing:S3:Bucket", _landing);
            platform.Configure(service, "Landing:S3:Endpoint", service == "couriers" ? $"http://127.0.0.1:{_link.Port}" : platform.S3.Endpoint);
            platform.Configure(service, "Landing:S3:AccessKey", platform.S3.AccessKey);
            platform.Configure(service, "Landing:S3:SecretKeyFile", _folder.PathOf("secret"));
        }

        await RestartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in Users)
        {
            Assert.DoesNotContain(platform.S3.SecretKey, platform.LogOf(service), StringComparison.Ordinal);
            foreach (var key in (string[])["Bucket", "Endpoint", "AccessKey", "SecretKeyFile"])
            {
                platform.Unconfigure(service, $"Landing:S3:{key}");
            }
        }

        await RestartAsync();
        await _link.DisposeAsync();
        _folder.Dispose();
    }

    // One test, as each would start the services twice.
    [Fact]
    public async Task What_is_landed_is_loaded_shown_compared_pulled_again_when_it_is_gone_and_never_half_there()
    {
        using var user = await PlatformUser.OfAsync(platform);
        await LoadsAsync(user);
        await ComparesWithThePreviousFileAsync(user);
        await IsKilledInTheMiddleOfAnUploadAsync(user);
    }

    private async Task LoadsAsync(PlatformUser user)
    {
        await _export.PutEventsAsync("bucketed", Day, ExportBucket.Events(0, 100));
        var courier = await user.CourierAsync(await user.CredentialAsync(), "bucketed", ["events"]);
        await user.RunAsync(courier, PlatformUser.Day(Day));
        var (feed, table) = await user.FeedAsync(courier, "events");
        await user.LoadIntoAsync(courier, ("events", feed));

        var loaded = await user.RunAsync(courier, PlatformUser.Day(Day));
        Assert.Equal("100 read, 100 inserted, 0 updated, 0 unchanged, 0 superseded, 0 rejected", Counts(loaded));
        Assert.Equal(0, (int)loaded["files"]!["pulled"]!);
        var landed = (await user.GetAsync($"/api/landed-files?courierId={courier}&limit=1"))["items"]![0]!;
        Assert.Equal([(string)landed["location"]!], await KeysAsync($"{courier}/"));
        Assert.Equal((string)landed["sha256"]!, await HashAsync(_landing, (string)landed["location"]!));
        var shown = await user.PostAsync("/api/previews", new JsonObject { ["fileId"] = (string)landed["fileId"]! });
        Assert.Equal("\"purchase\"", (string)shown["rows"]![0]![Array.FindIndex([.. shown["columns"]!.AsArray()], column => (string)column!["name"]! == "event_name")]!);

        // Somebody deletes the object: the file is no longer what is held, and comes again.
        await platform.S3.Client.DeleteObjectAsync(_landing, (string)landed["location"]!, Cancelled);
        var again = await user.RunAsync(courier, PlatformUser.Day(Day));
        Assert.Equal(("succeeded", 1, "100"), ((string)again["state"]!, (int)again["files"]!["pulled"]!, await platform.AskAsync(table, "select count(*) from {table}")));
    }

    // Nothing is seen, and the run is finished by the next process.
    private async Task IsKilledInTheMiddleOfAnUploadAsync(PlatformUser user)
    {
        await File.WriteAllBytesAsync(_folder.PathOf("large"), RandomNumberGenerator.GetBytes((int)(3 * Part)), Cancelled);
        const string Key = $"v1/account_id=large/type=events/date={Day}/event=purchase/part-0.parquet";
        await _export.PutFileAsync(Key, _folder.PathOf("large"));
        await _export.SucceedAsync("large", Day);
        var courier = await user.CourierAsync(await user.CredentialAsync(), "large", ["events"]);

        _link.StallAfter(Part + (Part / 2));
        var run = await user.StartAsync(courier, PlatformUser.Day(Day));
        await Until.True(() => _link.IsStalled, TimeSpan.FromMinutes(2), Cancelled);
        await platform.KillAsync("couriers");
        _link.Resume();

        Assert.Empty(await KeysAsync($"{courier}/"));
        Assert.Single((await platform.S3.Client.ListMultipartUploadsAsync(new Amazon.S3.Model.ListMultipartUploadsRequest { BucketName = _landing }, Cancelled)).MultipartUploads);
        await ForgetLeaseAsync(run);
        await platform.StartAsync("couriers");
        Assert.Equal("succeeded", (string)(await user.EndOfAsync(run))["state"]!);
        Assert.Equal(await HashAsync(platform.S3.Bucket, Key), await HashAsync(_landing, Assert.Single(await KeysAsync($"{courier}/{run}/"))));
    }

    // An import job with diff reads two landed files at a time.
    private async Task ComparesWithThePreviousFileAsync(PlatformUser user)
    {
        var source = await platform.S3.CreateBucketAsync();
        await platform.S3.Client.PutObjectAsync(new() { BucketName = source, Key = "clicks_1706659200.json", ContentBody = """[{"who":"a","at":1706659200}]""" }, Cancelled);
        await platform.S3.Client.PutObjectAsync(new() { BucketName = source, Key = "clicks_1706745600.json", ContentBody = """[{"who":"a","at":1706659200},{"who":"b","at":1706745600}]""" }, Cancelled);
        var job = await user.PostAsync("/api/import-jobs", new JsonObject
        {
            ["name"] = user.Unique("import"),
            ["credentialId"] = await user.CredentialAsync(),
            ["bucket"] = source,
            ["file"] = "clicks_1706659200.json",
            ["stream"] = user.Unique("Stream"),
            ["keepUpdated"] = true,
            ["frequency"] = "daily",
            ["timestampColumn"] = "at",
            ["diff"] = true,
        });
        var imported = await Until.Is(() => user.GetAsync($"/api/import-jobs/{job["id"]}"), found => (int)found["filesImported"]! == 2, TimeSpan.FromMinutes(2), Cancelled);
        var rows = (await user.GetAsync($"/api/courier-runs/{imported["lastRunId"]}"))["rows"]!;
        Assert.Equal((2, 2), ((int)rows["read"]!, (int)rows["inserted"]!));
        await user.DeleteAsync($"/api/import-jobs/{job["id"]}");
    }

    private async Task RestartAsync()
    {
        await Task.WhenAll(Users.Select(platform.KillAsync));
        await Task.WhenAll(Users.Select(platform.StartAsync));
    }

    private async Task<IReadOnlyList<string>> KeysAsync(string prefix) =>
        [.. ((await platform.S3.Client.ListObjectsV2Async(new() { BucketName = _landing, Prefix = prefix }, Cancelled)).S3Objects ?? []).Select(found => found.Key)];

    private async Task<string> HashAsync(string bucket, string key)
    {
        using var answer = await platform.S3.Client.GetObjectAsync(bucket, key, Cancelled);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(answer.ResponseStream, Cancelled));
    }

    // As if its time were over.
    private async Task ForgetLeaseAsync(string run)
    {
        await using var couriers = NpgsqlDataSource.Create(platform.DatabaseOf("couriers"));
        await using var forget = couriers.CreateCommand("update courier_runs set lease_until = clock_timestamp() where id = $1");
        forget.Parameters.Add(new() { Value = run });
        Assert.Equal(1, await forget.ExecuteNonQueryAsync(Cancelled));
    }
}
