using System.Security.Cryptography;
using Platform.Files.Locations;
using Platform.Files.Locations.Folder;
using Platform.Files.Locations.S3;
using Platform.Testing;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Files.Tests.Locations;

/// <summary>What every location keeps, whatever lies below it.</summary>
public abstract class LocationConformanceTests
{
    private protected abstract IFileLocation Location { get; }

    [Fact]
    public async Task What_is_written_is_read_hashed_and_listed()
    {
        var content = RandomNumberGenerator.GetBytes(300_000);
        var written = await Location.WriteAsync("a/b.bin", new MemoryStream(content), TestContext.Current.CancellationToken);

        Assert.Equal((300_000, Convert.ToHexStringLower(SHA256.HashData(content))), (written.Size, written.Sha256));
        Assert.Equal(content, await ReadAsync("a/b.bin", default));
        Assert.Equal(content[1000..1010], await ReadAsync("a/b.bin", new() { Offset = 1000, Length = 10 }));
        Assert.Equal(content[299_990..], await ReadAsync("a/b.bin", new() { Offset = 299_990 }));
        Assert.Equal(300_000, Assert.Single(await ListAsync("a/", ListDepth.All)).Size);
    }

    [Fact]
    public async Task Listings_are_in_ordinal_order_by_prefix_and_by_level()
    {
        foreach (var path in new[] { "x/b/2", "x/b.txt", "x/a/1", "x/c", "y/z", "x/b/1" })
        {
            await Location.WriteAsync(path, new MemoryStream([1]), TestContext.Current.CancellationToken);
        }

        Assert.Equal(["x/a/1", "x/b.txt", "x/b/1", "x/b/2", "x/c"], (await ListAsync("x/", ListDepth.All)).Select(entry => entry.Path));
        Assert.Equal(["x/b.txt", "x/b/1", "x/b/2"], (await ListAsync("x/b", ListDepth.All)).Select(entry => entry.Path));
        Assert.Equal(["x/a/", "x/b.txt", "x/b/", "x/c"], (await ListAsync("x/", ListDepth.Level)).Select(entry => entry.Path));
        Assert.Empty(await ListAsync("nowhere/", ListDepth.All));
    }

    [Fact]
    public async Task A_replaced_file_is_not_read_as_the_listed_one()
    {
        await Location.WriteAsync("f", new MemoryStream([1, 2, 3]), TestContext.Current.CancellationToken);
        var listed = Assert.Single(await ListAsync("f", ListDepth.All));
        Assert.Equal([1, 2, 3], await ReadAsync("f", new() { ETag = listed.ETag }));
        await Location.WriteAsync("f", new MemoryStream([4, 5, 6, 7]), TestContext.Current.CancellationToken);

        var fault = await Assert.ThrowsAsync<LocationException>(() => ReadAsync("f", new() { ETag = listed.ETag }));

        Assert.Equal(LocationFault.FileChanged, fault.Fault);
    }

    [Fact]
    public async Task A_write_that_fails_leaves_nothing()
    {
        await Assert.ThrowsAsync<InvalidDataException>(() => Location.WriteAsync("half", new FailingStream(100_000), TestContext.Current.CancellationToken));

        Assert.Empty(await ListAsync("", ListDepth.All));
    }

    [Fact]
    public async Task A_missing_file_is_named_and_deleting_it_is_no_fault()
    {
        await Location.DeleteAsync("none", TestContext.Current.CancellationToken);

        var fault = await Assert.ThrowsAsync<LocationException>(() => ReadAsync("none", default));

        Assert.Equal(LocationFault.FileMissing, fault.Fault);
        Assert.Contains("none", fault.Message);
    }

    private protected async Task<byte[]> ReadAsync(string path, ReadRange range)
    {
        await using var stream = await Location.OpenReadAsync(path, range, TestContext.Current.CancellationToken);
        var copy = new MemoryStream();
        await stream.CopyToAsync(copy, TestContext.Current.CancellationToken);
        return copy.ToArray();
    }

    private protected async Task<List<FileEntry>> ListAsync(string prefix, ListDepth depth)
    {
        var entries = new List<FileEntry>();
        await foreach (var entry in Location.ListAsync(prefix, depth, TestContext.Current.CancellationToken))
        {
            entries.Add(entry);
        }

        return entries;
    }

    /// <summary>Gives so many bytes, then fails.</summary>
    private sealed class FailingStream(int bytes) : MemoryStream(new byte[bytes])
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            await base.ReadAsync(buffer, cancellationToken) is var read and > 0 ? read : throw new InvalidDataException("cut");
    }
}

public sealed class FolderLocationTests : LocationConformanceTests, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FolderLocation _location;

    public FolderLocationTests() => _location = new(_folder.Path);

    private protected override IFileLocation Location => _location;

    [Theory]
    [InlineData("../out")]
    [InlineData("a/../../out")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("a\\b")]
    [InlineData(".incoming/x")]
    [InlineData("")]
    public async Task No_path_leaves_the_root(string path)
    {
        await Assert.ThrowsAsync<LocationException>(() => _location.WriteAsync(path, new MemoryStream([1]), TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<LocationException>(() => _location.OpenReadAsync(path, default, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Only_old_leftovers_of_killed_writes_are_swept()
    {
        File.WriteAllText(_folder.PathOf(".incoming", "left"), "half");
        var now = TimeProvider.System.GetUtcNow();

        Assert.Equal(0, _location.SweepIncoming(now.AddHours(-1)));
        Assert.Equal(1, _location.SweepIncoming(now.AddHours(1)));
    }

    public void Dispose() => _folder.Dispose();
}

public sealed class S3LocationTests : LocationConformanceTests, IAsyncLifetime
{
    private readonly S3Server _server = new();
    private readonly S3Connections _connections = new(new(new() { AllowPrivateHosts = true }));
    private S3Location _location = null!;

    private protected override IFileLocation Location => _location;

    public async ValueTask InitializeAsync()
    {
        await _server.InitializeAsync();
        _location = Open();
    }

    public async ValueTask DisposeAsync()
    {
        _location.Dispose();
        _connections.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_large_object_is_written_in_parts()
    {
        var content = RandomNumberGenerator.GetBytes(20 * 1024 * 1024);

        await _location.WriteAsync("large", new MemoryStream(content), TestContext.Current.CancellationToken);

        Assert.Equal(SHA256.HashData(content), SHA256.HashData(await ReadAsync("large", default)));
    }

    [Fact]
    public async Task A_cut_connection_is_resumed_where_it_was_cut()
    {
        var content = RandomNumberGenerator.GetBytes(3_000_000);
        await _location.WriteAsync("cut", new MemoryStream(content), TestContext.Current.CancellationToken);
        var listed = Assert.Single(await ListAsync("cut", ListDepth.All));
        await using var link = new FaultyLink(new Uri(_server.Endpoint).Port);
        using var far = Open(endpoint: new($"http://127.0.0.1:{link.Port}"));
        link.CutAfter(1_000_000);

        await using var stream = new ResumingStream(far, listed, TimeProvider.System, TimeSpan.FromSeconds(10));
        var copy = new MemoryStream();
        await stream.CopyToAsync(copy, TestContext.Current.CancellationToken);

        Assert.Equal(content, copy.ToArray());
        Assert.True(stream.Resumed > 0);
    }

    [Fact]
    public async Task A_role_is_assumed()
    {
        await _location.WriteAsync("seen", new MemoryStream([1]), TestContext.Current.CancellationToken);
        using var assumed = Open(role: S3Server.RoleArn);

        Assert.Equal("objects visible", await assumed.ProbeAsync(null, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("secret", LocationFault.WrongSecret)]
    [InlineData("key", LocationFault.UnknownIdentity)]
    [InlineData("bucket", LocationFault.ContainerMissing)]
    public async Task Faults_are_told_apart(string wrong, LocationFault expected)
    {
        using var location = Open(
            accessKey: wrong == "key" ? "AKIAIOSFODNN7EXAMPLE" : null, secretKey: wrong == "secret" ? "canary-secret" : null, bucket: wrong == "bucket" ? "no-such-bucket-here" : null);

        var fault = await Assert.ThrowsAsync<LocationException>(() => location.ProbeAsync(null, TestContext.Current.CancellationToken));

        Assert.Equal(expected, fault.Fault);
        Assert.DoesNotContain("canary", fault.ToString());
    }

    private S3Location Open(Uri? endpoint = null, string? role = null, string? accessKey = null, string? secretKey = null, string? bucket = null) => _connections.Open(new()
    {
        Bucket = bucket ?? _server.Bucket,
        Region = S3Server.Region,
        Endpoint = endpoint ?? new(_server.Endpoint),
        AccessKey = accessKey ?? _server.AccessKey,
        SecretKey = secretKey ?? _server.SecretKey,
        RoleArn = role,
    }, TimeProvider.System);
}
