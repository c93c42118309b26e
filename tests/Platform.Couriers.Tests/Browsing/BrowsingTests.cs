using System.Net;
using System.Text.Json.Nodes;
using Platform.Couriers.Browsing;
using Platform.Couriers.Patterns;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.Couriers.Tests.Browsing;

public sealed class BrowsingTests(CouriersApp app)
{
    [Fact]
    public async Task Folders_and_files_come_level_by_level_and_page_by_page()
    {
        var bucket = await app.NewBucketAsync();
        foreach (var key in (string[])["a.csv", "b/1.csv", "b/2.csv", "b/c/3.csv", "z.csv"])
        {
            await app.PutAsync(bucket, key, "x");
        }

        Assert.Equal(["a.csv", "b/", "z.csv"], await ListAsync(bucket, ""));
        Assert.Equal(["b/1.csv", "b/2.csv", "b/c/"], await ListAsync(bucket, "b/"));

        var paged = new List<string>();
        for (string? after = ""; after is not null;)
        {
            var page = await app.GetAsync($"/api/browse/files?credentialId=cred-good&bucket={bucket}&limit=1{(after.Length == 0 ? "" : $"&after={Uri.EscapeDataString(after)}")}");
            paged.AddRange(page["items"]!.AsArray().Select(item => (string)item!["path"]!));
            after = (string?)page["next"];
        }

        Assert.Equal(["a.csv", "b/", "z.csv"], paged);
        Assert.Contains(bucket, (await app.GetAsync("/api/browse/buckets?credentialId=cred-good"))["names"]!.AsArray().Select(name => (string)name!));
    }

    [Fact]
    public async Task A_delegated_credential_shows_the_buckets_it_names()
    {
        var id = $"cred-{Guid.CreateVersion7():n}";
        app.Sisters.Credentials[id] = new JsonObject { ["id"] = id, ["type"] = "iam-role", ["version"] = 1, ["fields"] = new JsonObject { ["buckets"] = new JsonArray("one", "two") } };

        Assert.Equal(["one", "two"], (await app.GetAsync($"/api/browse/buckets?credentialId={id}"))["names"]!.AsArray().Select(name => (string)name!));
    }

    [Fact]
    public async Task What_cannot_be_browsed_says_why()
    {
        var missing = await app.GetAsync("/api/browse/files?credentialId=cred-good&bucket=no-such-bucket-anywhere", HttpStatusCode.UnprocessableEntity);
        var unnamed = await app.GetAsync("/api/browse/files?credentialId=cred-good", HttpStatusCode.UnprocessableEntity);
        var unknown = await app.GetAsync("/api/browse/buckets?credentialId=cred-none", HttpStatusCode.UnprocessableEntity);
        var metadata = await app.GetAsync("/api/browse/files?credentialId=cred-good&bucket=abc&endpoint=http://169.254.169.254/", HttpStatusCode.UnprocessableEntity);

        Assert.Contains("'no-such-bucket-anywhere' does not exist", (string)missing["detail"]!);
        Assert.Contains("No bucket is named", (string)unnamed["detail"]!);
        Assert.Contains("'cred-none' does not exist", (string)unknown["detail"]!);
        Assert.Contains("169.254.169.254", (string)metadata["detail"]!);
        Assert.Equal(HttpStatusCode.Forbidden, (await app.As(Roles.Viewer).GetAsync("/api/browse/buckets?credentialId=cred-good", TestContext.Current.CancellationToken)).StatusCode);
    }

    [Theory]
    [InlineData("path/to/users-2024-02-01.avro", "'path/to/users-'yyyy-MM-dd'.avro'", "2024-02-01")]
    [InlineData("2024/02/01/rows.csv", "yyyy/MM/dd'/rows.csv'", "2024-02-01")]
    [InlineData("export_20240201.csv.gz", "'export_'yyyyMMdd'.csv.gz'", "2024-02-01")]
    [InlineData("it's_2024_02_01.csv", "'it''s_'yyyy_MM_dd'.csv'", "2024-02-01")]
    [InlineData("type=events/date=2020-09-14/event=a/part-00000-0f0c7e0a-9d2b-4b3e-8a53-5a3d2a1b0c9d.c000.snappy.parquet", "'type=events/date='yyyy-MM-dd'/event=a/part-*-*.c000.snappy.parquet'", "2020-09-14")]
    [InlineData("orders_1708992000.json", "'orders_*.json'", null)]
    [InlineData("no-date.csv", "'no-date.csv'", null)]
    public void A_pattern_is_derived_from_a_name(string path, string expected, string? date)
    {
        var derived = PatternFromName.Derive(path);

        Assert.Equal((expected, date), (derived[0].Pattern, derived[0].Date?.ToString("yyyy-MM-dd", null)));
        Assert.All(derived, one => Assert.True(FilePattern.Parse(one.Pattern).ForAll().Matches(path, out _, out _)));
    }

    private async Task<IEnumerable<string>> ListAsync(string bucket, string path) =>
        (await app.GetAsync($"/api/browse/files?credentialId=cred-good&bucket={bucket}&path={Uri.EscapeDataString(path)}"))["items"]!.AsArray().Select(item => (string)item!["path"]!);
}
