using System.Security.Cryptography;
using Amazon.S3.Model;
using Microsoft.Extensions.Configuration;
using Platform.Files.Engine;
using Platform.Files.Locations;
using Platform.Files.Locations.Landing;
using Platform.Testing;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Files.Tests.Locations;

/// <summary>What the landing store promises, whatever it is.</summary>
public abstract class LandingPlaceTests : IDisposable
{
    private protected TemporaryFolder Folder { get; } = new();

    private protected abstract LandingPlace Place { get; }

    private protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private protected string Scratch => Folder.PathOf("scratch");

    [Fact]
    public async Task A_landed_file_is_held_with_its_size_and_fetched_while_it_is_needed()
    {
        var content = RandomNumberGenerator.GetBytes(300_000);
        await Place.WriteUnflushedAsync("cr-1/run-1/lf-1.csv", new MemoryStream(content), content.Length, Cancelled);
        await Place.WriteUnflushedAsync("cr-1/run-1/lf-1.csvx", new MemoryStream([1, 2]), 2, Cancelled);
        await Place.WriteUnflushedAsync("cr-1/run-2/lf-3", new MemoryStream([]), 0, Cancelled);
        Place.Flush(["cr-1/run-1/lf-1.csv", "cr-1/run-1/lf-1.csvx", "cr-1/run-2/lf-3"]);

        var held = await Place.HeldAsync([("cr-1/run-1/lf-1.csv", 300_000), ("cr-1/run-1/lf-1.csvx", 3), ("cr-1/run-2/lf-3", 0), ("cr-1/run-2/lf-4", 0), ("cr-2/run-3/lf-5", 1)], Cancelled);
        Assert.Equal(["cr-1/run-1/lf-1.csv", "cr-1/run-2/lf-3"], held.Order(StringComparer.Ordinal));

        using (var copy = await Place.FetchAsync("cr-1/run-1/lf-1.csv", Cancelled))
        {
            await using var file = File.OpenRead(copy!.Path);
            Assert.Equal((300_000, Convert.ToHexString(SHA256.HashData(content))), (copy.Size, Convert.ToHexString(await SHA256.HashDataAsync(file, Cancelled))));
        }

        using (var empty = await Place.FetchAsync("cr-1/run-2/lf-3", Cancelled))
        {
            Assert.Equal(0, new FileInfo(empty!.Path).Length);
        }

        Assert.Empty(Copies());
        Assert.Null(await Place.FetchAsync("cr-1/run-1/lf-1", Cancelled));
        Assert.Empty(Copies());
        await Place.Files.DeleteAsync("cr-1/run-1/lf-1.csv", Cancelled);
        Assert.Null(await Place.FetchAsync("cr-1/run-1/lf-1.csv", Cancelled));
    }

    public virtual void Dispose()
    {
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private string[] Copies() => Directory.Exists(Scratch) ? Directory.GetFiles(Scratch, "*", SearchOption.AllDirectories) : [];
}

public sealed class LandingFolderTests : LandingPlaceTests
{
    private readonly LandingPlace _place;

    public LandingFolderTests() => _place = LandingPlace.Open(new() { Root = Folder.PathOf("landing") }, new() { ScratchRoot = Scratch }, TimeProvider.System);

    private protected override LandingPlace Place => _place;

    [Fact]
    public async Task Who_only_reads_makes_nothing()
    {
        Assert.Null(await _place.FetchAsync("cr-1/run-1/lf-1", Cancelled));
        Assert.False(Directory.Exists(Folder.PathOf("landing")));
    }

    public override void Dispose()
    {
        _place.Dispose();
        base.Dispose();
    }
}

public sealed class LandingBucketTests : LandingPlaceTests, IAsyncLifetime
{
    private readonly S3Server _server = new();
    private LandingPlace _place = null!;

    private protected override LandingPlace Place => _place;

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _place = Open(_ => { });
    }

    public async ValueTask DisposeAsync()
    {
        _place.Dispose();
        await _server.DisposeAsync();
        base.Dispose();
    }

    [Fact]
    public async Task A_large_file_is_fetched_in_pieces_and_a_lost_upload_is_swept_when_it_is_old()
    {
        // More than the parallel reading asks for, so more than one part of the upload as well.
        var content = RandomNumberGenerator.GetBytes(65 * 1024 * 1024);
        await _place.WriteUnflushedAsync("cr-1/run-1/large", new MemoryStream(content), content.Length, Cancelled);
        using (var copy = await _place.FetchAsync("cr-1/run-1/large", Cancelled))
        await using (var file = File.OpenRead(copy!.Path))
        {
            Assert.Equal(SHA256.HashData(content), await SHA256.HashDataAsync(file, Cancelled));
        }

        await _server.Client.InitiateMultipartUploadAsync(_server.Bucket, "cr-1/run-1/killed", Cancelled);
        Assert.Equal(0, await _place.SweepAsync(Cancelled));
        using var later = Open(_ => { }, new Later(TimeSpan.FromDays(3)));
        Assert.Equal(1, await later.SweepAsync(Cancelled));
        Assert.Empty((await _server.Client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = _server.Bucket }, Cancelled)).MultipartUploads ?? []);
        Assert.Equal(["cr-1/run-1/large"], await _place.HeldAsync([("cr-1/run-1/large", content.Length)], Cancelled));
    }

    [Fact]
    public async Task A_file_with_other_bytes_than_it_was_said_to_have_is_written_as_it_is()
    {
        var content = RandomNumberGenerator.GetBytes((9 * 1024 * 1024) + 1);
        foreach (var expected in (long[])[1, 90_000_000_000])
        {
            var written = await _place.WriteUnflushedAsync("cr-1/run-1/other", new MemoryStream(content), expected, Cancelled);
            using var copy = await _place.FetchAsync("cr-1/run-1/other", Cancelled);
            await using var file = File.OpenRead(copy!.Path);
            var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, Cancelled));
            Assert.Equal((content.Length, Convert.ToHexStringLower(SHA256.HashData(content)), hash), (written.Size, written.Sha256, hash));
        }
    }

    [Theory]
    [InlineData("secret", "the secret key does not belong to the access key")]
    [InlineData("key", "the access key is not known there")]
    [InlineData("bucket", "the bucket does not exist")]
    public async Task A_wrong_setting_is_named_as_the_operator_s_and_no_secret_is_told(string wrong, string told)
    {
        // Connections of its own for each: radosgw leaves the body of a refused request on the connection, and takes it for the next one.
        foreach (var doing in (Func<LandingPlace, Task>[])[place => place.WriteUnflushedAsync("a/b/c", new MemoryStream([1]), 1, Cancelled), place => place.FetchAsync("a/b/c", Cancelled), place => place.SweepAsync(Cancelled)])
        {
            using var place = Open(bucket =>
            {
                bucket.SecretKey = wrong == "secret" ? "canary-secret" : bucket.SecretKey;
                bucket.AccessKey = wrong == "key" ? "AKIAIOSFODNN7EXAMPLE" : bucket.AccessKey;
                bucket.Bucket = wrong == "bucket" ? "no-such-bucket-here" : bucket.Bucket;
            });
            var fault = await Assert.ThrowsAsync<LocationException>(() => doing(place));
            Assert.Equal((LocationFault.BadSettings, false), (fault.Fault, fault.ConcernsCredential));
            Assert.True(fault.Message.Contains(told, StringComparison.Ordinal), fault.ToString());
            Assert.Contains("Landing:S3", fault.Message);
            Assert.DoesNotContain("canary", fault.ToString());
        }
    }

    [Fact]
    public async Task A_fault_of_the_content_is_not_the_store_s() =>
        Assert.Contains("the caller's", (await Assert.ThrowsAsync<IOException>(() => _place.WriteUnflushedAsync("a/b/c", new BrokenStream(), 1, Cancelled))).Message);

    private LandingPlace Open(Action<LandingBucketOptions> change, TimeProvider? clock = null)
    {
        var bucket = new LandingBucketOptions { Bucket = _server.Bucket, Endpoint = new(_server.Endpoint), Region = S3Server.Region, AccessKey = _server.AccessKey, SecretKey = _server.SecretKey };
        change(bucket);
        return LandingPlace.Open(new() { S3 = bucket }, new EngineOptions { ScratchRoot = Scratch }, clock ?? TimeProvider.System);
    }

    private sealed class Later(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("the caller's");
    }
}

public sealed class LandingPlaceOptionsTests
{
    [Fact]
    public void Everything_wrong_with_the_settings_is_named_at_once()
    {
        Assert.Empty(Problems(new() { Root = "/landing", S3 = new() { Bucket = "" } }));
        Assert.Empty(Problems(new() { S3 = new() { Bucket = "landed" } }));
        Assert.Contains("Landing:Root", Assert.Single(Problems(new() { Root = "landing" })));
        var all = Problems(new() { S3 = new() { Endpoint = new("s3.example.com", UriKind.Relative), Region = "", AccessKey = "AK" } });
        Assert.Equal(["Bucket", "Endpoint", "Region", "AccessKey"], all.Select(problem => ((string[])["Bucket is", "Endpoint is", "Region is", "AccessKey and"]).First(problem.Contains).Split(' ')[0]));
        Assert.Contains("/nowhere", Assert.Single(Problems(new() { S3 = new() { Bucket = "landed", AccessKey = "AK", SecretKeyFile = "/nowhere" } })));
    }

    [Fact]
    public void Empty_environment_variables_count_as_left_out()
    {
        var empty = new[] { "Bucket", "Endpoint", "AccessKey", "SecretKey" }.ToDictionary(name => $"Landing:S3:{name}", _ => (string?)"");
        var options = new ConfigurationBuilder().AddInMemoryCollection(empty).Build().GetSection("Landing").Get<LandingPlaceOptions>()!;
        Assert.NotNull(options.S3);
        options.Root = "/landing";
        Assert.Empty(Problems(options));
        using var place = LandingPlace.Open(options, new(), TimeProvider.System);
        Assert.IsType<LandingFolder>(place);
    }

    private static string[] Problems(LandingPlaceOptions options) => [.. options.Validate(new(options)).Select(found => found.ErrorMessage!)];
}
