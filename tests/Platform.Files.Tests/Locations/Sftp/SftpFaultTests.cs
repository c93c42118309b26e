using System.Diagnostics;
using System.Security.Cryptography;
using Platform.Files.Locations;
using Platform.Testing;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Files.Tests.Locations.Sftp;

/// <summary>Cuts, stalls, distance, changed keys and full disks; every test has a server of its own.</summary>
public sealed class SftpFaultTests : IAsyncLifetime
{
    private const int Size = 24 * 1024 * 1024;

    private readonly SshServer _server = new();
    private readonly byte[] _content = RandomNumberGenerator.GetBytes(Size);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_changed_host_key_is_refused_before_anything_is_sent()
    {
        var pinned = _server.HostKey;
        await _server.ChangeHostKeyAsync();
        await using var client = SftpAssert.ClientOf(_server, options => options with { HostKeys = pinned });
        await SftpAssert.FailsAsync(LocationFault.HostKeyChanged, "did not prove the pinned host key. It showed SHA256:", () => client.ConnectAsync(Cancelled));
    }

    [Fact]
    public async Task Another_kind_of_host_key_than_the_pinned_one_is_refused()
    {
        await using var client = SftpAssert.ClientOf(_server, options => options with
        {
            HostKeys = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=",
        });
        await SftpAssert.FailsAsync(LocationFault.HostKeyChanged, "did not prove the pinned host key", () => client.ConnectAsync(Cancelled));
    }

    [Fact]
    public async Task A_far_server_is_used_over_several_connections_and_the_bytes_are_right()
    {
        await using var link = new FaultyLink(_server.Port, TimeSpan.FromMilliseconds(20));
        await using var client = SftpAssert.ClientOf(_server, options => options with { Port = link.Port });
        var path = _server.PathOf("far");

        var written = await client.UploadAsync(path, new MemoryStream(_content), Cancelled);

        Assert.Equal(4, link.Connections);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(_content)), written.Sha256);
        Assert.Equal(_content, await SftpAssert.BytesOfAsync(path));
        await using var stream = await client.OpenReadAsync(path, 0, null, Cancelled);
        Assert.Equal(SHA256.HashData(_content), await SHA256.HashDataAsync(stream, Cancelled));
    }

    [Fact]
    public async Task A_cut_upload_goes_on_where_it_was_cut()
    {
        // One channel, here and below: whether a server counts as far depends on how busy this machine is.
        await using var link = new FaultyLink(_server.Port);
        await using var client = SftpAssert.ClientOf(_server, options => options with { Port = link.Port, Channels = 1 });
        var path = _server.PathOf("cut");
        link.CutAfter(Size / 2);

        var written = await client.UploadAsync(path, new MemoryStream(_content), Cancelled);

        Assert.Equal(2, link.Connections);
        Assert.InRange(link.Relayed, Size, Size * 5L / 4);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(_content)), written.Sha256);
        Assert.Equal(_content, await SftpAssert.BytesOfAsync(path));
    }

    [Fact]
    public async Task A_server_that_stays_away_ends_the_upload_with_its_cause()
    {
        await using var link = new FaultyLink(_server.Port);
        await using var client = SftpAssert.ClientOf(_server, options => options with { Port = link.Port, Channels = 1 });
        await client.ConnectAsync(Cancelled);
        await _server.StopAsync();
        link.Cut();
        await SftpAssert.FailsAsync(LocationFault.Unavailable, "cannot be reached", () => client.UploadAsync(_server.PathOf("gone"), new MemoryStream(_content), Cancelled));
    }

    [Fact]
    public async Task A_cut_download_fails_and_the_client_connects_anew()
    {
        await using var link = new FaultyLink(_server.Port);
        await using var client = SftpAssert.ClientOf(_server, options => options with { Port = link.Port, Channels = 1 });
        var path = _server.PathOf("download");
        await File.WriteAllBytesAsync(path, _content, Cancelled);
        await using var stream = await client.OpenReadAsync(path, 0, null, Cancelled);
        link.CutAfter(Size / 2);
        await SftpAssert.FailsAsync(LocationFault.Unavailable, "was cut", () => stream.CopyToAsync(Stream.Null, Cancelled));

        // The ssh process may need a moment to notice that its connection is gone.
        var end = new byte[10];
        await Until.True(async () =>
        {
            try
            {
                await using var rest = await client.OpenReadAsync(path, Size - 10, null, Cancelled);
                await rest.ReadExactlyAsync(end, Cancelled);
                return true;
            }
            catch (LocationException)
            {
                return false;
            }
        }, cancellationToken: Cancelled);
        Assert.Equal(_content[^10..], end);
    }

    [Fact]
    public async Task A_server_that_falls_silent_is_given_up_after_the_stall_time_out()
    {
        await using var client = SftpAssert.ClientOf(_server, options => options with { StallTimeout = TimeSpan.FromSeconds(2) });
        await client.ConnectAsync(Cancelled);
        _server.Freeze();
        var waited = Stopwatch.StartNew();
        await SftpAssert.FailsAsync(LocationFault.Unavailable, "sent nothing for 2 seconds", () => client.ListAsync(_server.Files, Cancelled));
        Assert.InRange(waited.Elapsed.TotalSeconds, 1.5, 8);
        _server.Resume();
    }

    [Theory]
    [InlineData("upload")]
    [InlineData("download")]
    [InlineData("rename")]
    public async Task Cancelling_takes_effect_at_once_though_the_server_is_silent(string work)
    {
        await using var client = SftpAssert.ClientOf(_server);
        var path = _server.PathOf("silent");
        await File.WriteAllBytesAsync(path, _content, Cancelled);
        await using var stream = await client.OpenReadAsync(path, 0, null, Cancelled);
        _server.Freeze();
        using var cancel = new CancellationTokenSource();
        var running = work switch
        {
            "upload" => client.UploadAsync(path + ".part", new MemoryStream(_content), cancel.Token),
            "download" => stream.CopyToAsync(Stream.Null, cancel.Token),
            _ => client.RenameAsync(path, path + "2", cancel.Token),
        };
        await Until.True(() => running.Status is TaskStatus.WaitingForActivation, cancellationToken: Cancelled);
        var waited = Stopwatch.StartNew();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.InRange(waited.Elapsed.TotalSeconds, 0, 5);
        _server.Resume();
    }

    [Fact]
    public async Task A_full_disk_is_named_as_such()
    {
        var mount = _server.PathOf("small");
        Directory.CreateDirectory(mount);
        await RunAsync("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount);
        try
        {
            await using var client = SftpAssert.ClientOf(_server);
            await SftpAssert.FailsAsync(LocationFault.Full, "disk is full", () => client.UploadAsync($"{mount}/big", new MemoryStream(_content), Cancelled));
        }
        finally
        {
            await _server.StopAsync();
            await RunAsync("umount", mount);
        }
    }

    [Fact]
    public async Task A_directory_that_may_not_be_written_is_named_as_such()
    {
        await _server.StopAsync();
        _server.ReadOnly = true;
        await _server.StartAsync();
        await using var client = SftpAssert.ClientOf(_server);
        var path = _server.PathOf("forbidden");
        await SftpAssert.FailsAsync(LocationFault.AccessDenied, $"Error writing {path}: permission denied", () => client.UploadAsync(path, new MemoryStream([1]), Cancelled));
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync(Cancelled);
        Assert.Equal(0, process.ExitCode);
    }
}
