using Platform.Contracts.Couriers;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Couriers.Tests.Sources;

/// <summary>A role of another account, assumed through STS with an external id (R7); and a bucket of very many keys.</summary>
public sealed class AssumingRolesTests(CouriersApp app)
{
    [Fact]
    public async Task A_role_is_assumed_with_its_external_id_and_again_before_its_keys_run_out()
    {
        await using var aws = await S3StandIn.StartAsync(app.S3);
        var bucket = await app.NewBucketAsync();
        await app.PutDayAsync(bucket);

        // Keys for so short a time are renewed when half of it is over: while the listings come.
        (aws.Lasting, aws.Listing) = (TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(600));
        var run = await app.RunAsync(await app.CreateAsync(app.NewOptimizelyCourier(bucket, credentialId: Credential(aws.Address, aws.ExternalId))));

        Assert.Equal(3, (int)run["files"]!["pulled"]!);
        Assert.True(aws.Used.Count > 1, $"{aws.Used.Count} keys were used");
        Assert.Empty(aws.Used.Keys.Except(aws.Given.Keys));
    }

    [Fact]
    public async Task A_role_that_wants_another_external_id_is_named_in_the_test_and_in_the_run()
    {
        await using var aws = await S3StandIn.StartAsync(app.S3);
        var bucket = await app.NewBucketAsync();
        var credential = Credential(aws.Address, "another");

        var test = await app.Feeds.RequestAsync<TestCredential, CredentialTested>(new() { CredentialId = credential, Bucket = bucket });
        var run = await app.RunAsync(await app.CreateAsync(app.NewOptimizelyCourier(bucket, credentialId: credential)), state: "failed");

        Assert.False(test.Success);
        Assert.Contains($"{S3Server.RoleArn} may not be assumed (AccessDenied)", test.Message);
        Assert.Contains("external id", (string)run["failure"]!["reason"]!);
        Assert.Empty(aws.Used);
    }

    [Fact]
    public async Task A_hundred_thousand_keys_take_a_request_for_each_thousand()
    {
        await using var aws = await S3StandIn.StartAsync(app.S3);
        aws.Keys = 100_000;
        var body = app.NewS3Courier(S3StandIn.ManyKeys, "'in/*-'yyyy-MM-dd'.csv'");
        body["settings"]!["endpoint"] = aws.Address;

        var run = await app.RunAsync(await app.CreateAsync(body), new { mode = "day", date = "2020-09-14" });

        Assert.Equal(10, (int)run["files"]!["pulled"]!);
        Assert.Equal(100, aws.Listed);
    }

    private string Credential(string endpoint, string externalId)
    {
        var id = $"cred-{Guid.CreateVersion7():n}";
        var credential = app.Credential(app.S3.SecretKey, endpoint: endpoint);
        credential["id"] = id;
        credential["fields"]!["roleArn"] = S3Server.RoleArn;
        credential["fields"]!["externalId"] = externalId;
        app.Sisters.Credentials[id] = credential;
        return id;
    }
}
