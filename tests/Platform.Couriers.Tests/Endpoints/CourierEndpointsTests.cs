using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Platform.Contracts.Couriers;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.Couriers.Tests.Endpoints;

public sealed class CourierEndpointsTests(CouriersApp app)
{
    // The seed's own list and operations, order and spelling as there.
    private const string SeedEntities = """[ { "object/type": "file", "object/file-pattern": "'path/to/users'-YYYY-MM-dd'.avro'", "object/land-as": { "file/tag": "users", "file/content-type": "application/avro" } } ]""";
    private const string SeedOperations = """{ "USERS-FEED-ID": [ { "type": "truncate" }, { "type": "load", "file": "users" } ], "A": [ { "file": "users", "type": "load" } ] }""";

    [Fact]
    public async Task What_was_sent_is_given_back_unchanged()
    {
        var body = $$"""{ "name": "Seed {{Guid.CreateVersion7()}}", "sourceType": "amazon-s3", "credentialId": "cred-good", "settings": { "prefix": "p/", "bucket": "some-bucket" }, "entities": {{SeedEntities}}, "loadOperations": {{SeedOperations}} }""";
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        var created = await app.Client.PostAsync("/api/couriers", content, TestContext.Current.CancellationToken);
        var text = await created.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);

        var stored = await app.GetAsync(created.Headers.Location!.ToString());
        Assert.Equal(JsonNode.Parse(SeedEntities)!.ToJsonString(), stored["entities"]!.ToJsonString());
        Assert.Equal(JsonNode.Parse(SeedOperations)!.ToJsonString(), stored["loadOperations"]!.ToJsonString());
        Assert.Contains("USERS-FEED-ID", JsonNode.Parse(text)!["warnings"]!.ToJsonString());
    }

    [Fact]
    public async Task Every_problem_is_reported_at_once_with_its_path()
    {
        var body = JsonNode.Parse("""
            { "sourceType": "amazon-s3", "settings": { "bucket": "s3://Bad/", "endpoint": "http://169.254.169.254/" },
              "entities": [ { "object/type": "folder", "object/file-pattern": "'a-'DD" }, 7, { "object/type": "file", "object/file-pattern": "'a'", "object/land-as": { "file/tag": "", "file/content-type": "text/klingon" } } ],
              "loadOperations": { "df-1": [ { "type": "squash" } ], "df-2": [] } }
            """)!;

        var problem = await app.PostAsync("/api/couriers", body, HttpStatusCode.BadRequest);

        Assert.Equal(
        [
            "$.credentialId", "$.entities[0]['object/file-pattern']", "$.entities[0]['object/land-as']", "$.entities[0]['object/type']", "$.entities[1]",
            "$.entities[2]['object/land-as']['file/content-type']", "$.entities[2]['object/land-as']['file/tag']", "$.loadOperations['df-1'][0].type", "$.loadOperations['df-2']",
            "$.name", "$.settings.bucket", "$.settings.endpoint",
        ], problem["errors"]!.AsArray().Select(error => (string)error!["path"]!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Names_are_unique_and_unknown_ids_are_named()
    {
        var courier = app.NewOptimizelyCourier("some-bucket");
        var id = await app.CreateAsync(courier);

        Assert.Equal("/problems/name-taken", (string)(await app.PostAsync("/api/couriers", courier.DeepClone(), HttpStatusCode.Conflict))["type"]!);
        Assert.Equal("/problems/unknown-courier", (string)(await app.GetAsync("/api/couriers/cr-none", HttpStatusCode.NotFound))["type"]!);
        Assert.Equal("/problems/unknown-courier-run", (string)(await app.GetAsync("/api/courier-runs/run-none", HttpStatusCode.NotFound))["type"]!);
        Assert.Equal("/problems/unknown-landed-file", (string)(await app.GetAsync("/api/landed-files/lf-none", HttpStatusCode.NotFound))["type"]!);
        Assert.Equal(HttpStatusCode.NoContent, (await app.Client.DeleteAsync($"/api/couriers/{id}", TestContext.Current.CancellationToken)).StatusCode);
        await app.GetAsync($"/api/couriers/{id}", HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("""{ }""", "$.mode")]
    [InlineData("""{ "mode": "day" }""", "$.date")]
    [InlineData("""{ "mode": "period", "start": "2024-02-02", "end": "2024-02-02" }""", "$.end")]
    [InlineData("""{ "mode": "all", "date": "2024-02-02" }""", "$.date")]
    public async Task A_run_for_impossible_days_is_refused(string run, string path)
    {
        var id = await app.CreateAsync(app.NewOptimizelyCourier("some-bucket"));

        var problem = await app.PostAsync($"/api/couriers/{id}/runs", JsonNode.Parse(run), HttpStatusCode.BadRequest);

        Assert.Equal(path, (string)problem["errors"]![0]!["path"]!);
    }

    [Fact]
    public async Task Validation_connects_and_compares_feeds()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutDayAsync(bucket);
        var good = await app.CreateAsync(app.NewOptimizelyCourier(bucket));
        var bad = await app.CreateAsync(app.NewOptimizelyCourier("no-such-bucket-here", new JsonObject { ["df-xxxxxx"] = new JsonArray(new JsonObject { ["type"] = "load", ["file"] = "events" }) }));

        var passed = await app.PostAsync($"/api/couriers/{good}/validate", null, HttpStatusCode.OK);
        var failed = await app.PostAsync($"/api/couriers/{bad}/validate", null, HttpStatusCode.OK);

        Assert.Equal((true, "Connection successful"), ((bool)passed["success"]!, (string)passed["message"]!));
        Assert.Equal(["$.settings", "$.loadOperations['df-xxxxxx']"], failed["problems"]!.AsArray().Select(problem => (string)problem!["path"]!));
    }

    [Fact]
    public async Task Choosing_a_load_type_writes_the_load_operations_of_one_feed()
    {
        var courier = await app.CreateAsync(app.NewOptimizelyCourier("some-bucket", new JsonObject { ["df-other"] = new JsonArray(new JsonObject { ["type"] = "load", ["file"] = "events" }) }));

        await app.PutAsync($"/api/couriers/{courier}/load-types/df-mine", new JsonObject { ["loadType"] = "upsert", ["file"] = "events" });
        var chosen = await app.PutAsync($"/api/couriers/{courier}/load-types/df-mine", new JsonObject { ["loadType"] = "truncateAndUpsert", ["file"] = "decisions" });
        var refused = await app.PutAsync($"/api/couriers/{courier}/load-types/df-mine", new JsonObject(), HttpStatusCode.BadRequest);

        Assert.Equal("""{"df-other":[{"type":"load","file":"events"}],"df-mine":[{"type":"truncate"},{"type":"load","file":"decisions"}]}""", chosen["loadOperations"]!.ToJsonString());
        Assert.Equal(["$.loadType", "$.file"], refused["errors"]!.AsArray().Select(error => (string)error!["path"]!));
        await app.PutAsync("/api/couriers/cr-unknown/load-types/df-mine", new JsonObject { ["loadType"] = "upsert", ["file"] = "events" }, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Viewers_read_and_do_not_write()
    {
        var viewer = app.As(Roles.Viewer);

        Assert.Equal(HttpStatusCode.OK, (await viewer.GetAsync("/api/source-types", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await viewer.PostAsJsonAsync("/api/couriers", app.NewOptimizelyCourier("some-bucket"), TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await viewer.GetAsync("/internal/landed-files/lf-x", TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task A_credential_is_tested_by_connecting()
    {
        app.Sisters.Credentials["cred-bad-test"] = app.Credential("wrong");

        var good = await app.Feeds.RequestAsync<TestCredential, CredentialTested>(new() { CredentialId = "cred-good", Bucket = app.S3.Bucket });
        var buckets = await app.Feeds.RequestAsync<TestCredential, CredentialTested>(new() { CredentialId = "cred-good" });
        var wrong = await app.Feeds.RequestAsync<TestCredential, CredentialTested>(new() { CredentialId = "cred-bad-test", Bucket = app.S3.Bucket });

        Assert.Equal((true, "Connection successful", true), (good.Success, good.Message, buckets.Success));
        Assert.False(wrong.Success);
        Assert.StartsWith("The secret key does not belong to the access key", wrong.Message);
    }
}
