using System.Security.Cryptography;
using Amazon.S3.Model;
using Platform.Files.Locations;
using Platform.Files.Locations.S3;
using Platform.ServiceDefaults.Outgoing;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Couriers.Tests.Runs;

public sealed class PullingLargeFilesTests(CouriersApp app)
{
    private const int Size = 70 * 1024 * 1024;

    [Fact]
    public async Task A_large_object_comes_in_ranges_over_cut_connections_and_whole()
    {
        var bucket = await app.NewBucketAsync();
        var content = NewContent(1);
        await PutAsync(bucket, content);
        await using var road = await StallingS3.StartAsync(app.S3.Endpoint, "large");
        road.HoldsAfterCuts = false;
        road.Cuts = 3;
        var credential = $"cred-{Guid.CreateVersion7():n}";
        app.Sisters.Credentials[credential] = app.Credential(app.S3.SecretKey, endpoint: road.Address);
        var body = app.NewS3Courier(bucket, "'large.csv'");
        body["credentialId"] = credential;

        var run = await app.RunAsync(await app.CreateAsync(body), new { mode = "all" });

        var file = Assert.Single(await app.FilesOfAsync((string)run["id"]!));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)), (string)(await app.GetAsync($"/api/landed-files/{file["fileId"]}"))["sha256"]!);
        Assert.True(road.Cuts < 3, "no connection was cut");
    }

    [Fact]
    public async Task An_object_replaced_on_the_way_is_noticed_and_no_place_is_lost()
    {
        var bucket = await app.NewBucketAsync();
        await PutAsync(bucket, NewContent(2));
        using var connections = new S3Connections(new AddressGuard(new() { AllowPrivateHosts = true }));
        using var location = connections.Open(
            new() { Bucket = bucket, Region = S3Server.Region, Endpoint = new(app.S3.Endpoint), AccessKey = app.S3.AccessKey, SecretKey = app.S3.SecretKey }, TimeProvider.System);
        var entry = await FirstAsync(location);
        using var budget = new SemaphoreSlim(2);
        var buffer = new byte[ParallelReadStream.BlockSize];
        await using (var stream = new ParallelReadStream(location, entry, TimeProvider.System, TimeSpan.FromSeconds(30), 2, budget))
        {
            await stream.ReadExactlyAsync(buffer, TestContext.Current.CancellationToken);
            await PutAsync(bucket, NewContent(3));

            var fault = await Assert.ThrowsAsync<LocationException>(() => stream.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken));

            Assert.Equal(LocationFault.FileChanged, fault.Fault);
        }

        Assert.Equal(2, budget.CurrentCount);
    }

    private static async Task<FileEntry> FirstAsync(IFileLocation location)
    {
        await foreach (var entry in location.ListAsync("", ListDepth.All, TestContext.Current.CancellationToken))
        {
            return entry;
        }

        throw new InvalidOperationException("The bucket is empty.");
    }

    private static byte[] NewContent(int seed)
    {
        var content = new byte[Size];
        new Random(seed).NextBytes(content);
        return content;
    }

    private Task PutAsync(string bucket, byte[] content) => app.S3.Client.PutObjectAsync(
        new PutObjectRequest { BucketName = bucket, Key = "large.csv", InputStream = new MemoryStream(content, writable: false), UseChunkEncoding = false }, TestContext.Current.CancellationToken);
}
