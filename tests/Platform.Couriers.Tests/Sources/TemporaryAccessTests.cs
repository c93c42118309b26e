using System.Text.Json.Nodes;
using Amazon.Runtime;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;
using Platform.Contracts.Couriers;
using Platform.Files.Locations;
using Platform.Files.Locations.S3;
using Platform.ServiceDefaults.Outgoing;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Couriers.Tests.Sources;

/// <summary>Keys that are not the customer's own: bought from Optimizely, or the platform's (R7).</summary>
public sealed class TemporaryAccessTests(CouriersApp app)
{
    [Fact]
    public async Task Bought_keys_are_bought_again_before_they_expire()
    {
        var bucket = await app.NewBucketAsync();
        var clock = new SetClock();
        var sold = 0;
        using var connections = new S3Connections(new AddressGuard(new() { AllowPrivateHosts = true }));
        using var location = connections.Open(
            new()
            {
                Bucket = bucket,
                Region = S3Server.Region,
                Endpoint = new(app.S3.Endpoint),
                BuyKeys = async _ => ++sold == 3
                    ? throw new LocationException(LocationFault.Unavailable, "not now")
                    : await AssumeAsync(clock.GetUtcNow() + TimeSpan.FromMinutes(60)),
            },
            clock);

        await location.ProbeAsync(null, TestContext.Current.CancellationToken);
        clock.Now += TimeSpan.FromMinutes(50);
        await location.ProbeAsync(null, TestContext.Current.CancellationToken);
        Assert.Equal(1, sold);
        clock.Now += TimeSpan.FromMinutes(6);
        await location.ProbeAsync(null, TestContext.Current.CancellationToken);
        Assert.Equal(2, sold);

        // The giver does not answer, and the keys still last.
        clock.Now += TimeSpan.FromMinutes(56);
        await location.ProbeAsync(null, TestContext.Current.CancellationToken);
        Assert.Equal(3, sold);
        clock.Now += TimeSpan.FromSeconds(11);
        await location.ProbeAsync(null, TestContext.Current.CancellationToken);
        Assert.Equal(4, sold);
    }

    [Fact]
    public async Task An_events_export_is_read_with_bought_keys()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutDayAsync(bucket);
        var (credential, token) = NewExportCredential();
        app.Sisters.Exports[token] = () => SellAsync(bucket, TimeSpan.FromMinutes(60));
        var body = app.NewOptimizelyCourier(bucket, credentialId: credential);
        body["settings"]!["endpoint"] = app.S3.Endpoint;

        var run = await app.RunAsync(await app.CreateAsync(body));

        Assert.Equal(3, (int)run["files"]!["pulled"]!);
    }

    [Fact]
    public async Task A_revoked_personal_token_is_named_with_its_remedy()
    {
        var (credential, _) = NewExportCredential();

        var answer = await app.Feeds.RequestAsync<TestCredential, CredentialTested>(new() { CredentialId = credential });

        Assert.False(answer.Success);
        Assert.StartsWith("Optimizely does not accept the personal token (401)", answer.Message);
    }

    [Fact]
    public async Task Delegated_access_opens_the_named_buckets_with_the_platforms_own_identity()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutDayAsync(bucket);
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", app.S3.AccessKey);
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", app.S3.SecretKey);
        var id = $"cred-{Guid.CreateVersion7():n}";
        app.Sisters.Credentials[id] = new JsonObject
        {
            ["id"] = id,
            ["type"] = "iam-role",
            ["version"] = 1,
            ["fields"] = new JsonObject { ["region"] = S3Server.Region, ["endpoint"] = app.S3.Endpoint, ["buckets"] = $"another-bucket, {bucket}" },
        };

        var run = await app.RunAsync(await app.CreateAsync(app.NewOptimizelyCourier(bucket, credentialId: id)));
        var refused = await app.RunAsync(await app.CreateAsync(app.NewOptimizelyCourier(await app.NewBucketAsync(), credentialId: id)), state: "failed");

        Assert.Equal(3, (int)run["files"]!["pulled"]!);
        Assert.Contains("does not delegate access to the bucket", (string)refused["message"]!);
    }

    private async Task<TemporaryKeys> AssumeAsync(DateTimeOffset expires)
    {
        using var sts = new AmazonSecurityTokenServiceClient(new BasicAWSCredentials(app.S3.AccessKey, app.S3.SecretKey), new AmazonSecurityTokenServiceConfig { ServiceURL = app.S3.Endpoint, AuthenticationRegion = S3Server.Region });
        var keys = (await sts.AssumeRoleAsync(new AssumeRoleRequest { RoleArn = S3Server.RoleArn, RoleSessionName = "export" })).Credentials;
        return new(keys.AccessKeyId, keys.SecretAccessKey, keys.SessionToken, expires);
    }

    private async Task<JsonObject> SellAsync(string bucket, TimeSpan saidToLast)
    {
        var keys = await AssumeAsync(TimeProvider.System.GetUtcNow() + saidToLast);
        return new()
        {
            ["credentials"] = new JsonObject
            {
                ["accessKeyId"] = keys.AccessKey,
                ["secretAccessKey"] = keys.SecretKey,
                ["sessionToken"] = keys.SessionToken,
                ["expiration"] = keys.ExpiresAt.ToUnixTimeMilliseconds(),
            },
            ["s3Path"] = $"s3://{bucket}/{CouriersApp.Account}/",
        };
    }

    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = System.GetUtcNow();

        public override DateTimeOffset GetUtcNow() => Now;
    }

    private (string Credential, string Token) NewExportCredential()
    {
        var (id, token) = ($"cred-{Guid.CreateVersion7():n}", $"2:{Guid.CreateVersion7():n}");
        app.Sisters.Credentials[id] = new JsonObject { ["id"] = id, ["type"] = "optimizely-export", ["version"] = 1, ["fields"] = new JsonObject { ["token"] = token, ["accountId"] = "596780373" } };
        return (id, token);
    }
}
