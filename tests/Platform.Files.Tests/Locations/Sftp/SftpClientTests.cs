using System.Security.Cryptography;
using Platform.Files.Locations;
using Platform.Files.Locations.Sftp;
using Platform.ServiceDefaults.Outgoing;
using Platform.Testing;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Files.Tests.Locations.Sftp;

/// <summary>Against a real OpenSSH server.</summary>
public sealed class SftpClientTests(SshServer server) : IClassFixture<SshServer>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255 * 1024)]
    [InlineData(3_000_001)]
    public async Task What_was_uploaded_comes_back(int size)
    {
        await using var client = Connect();
        var content = RandomNumberGenerator.GetBytes(size);
        var path = server.PathOf($"round-trip-{size}");

        var written = await client.UploadAsync(path, new MemoryStream(content), Cancelled);

        Assert.Equal(new(size, Convert.ToHexStringLower(SHA256.HashData(content))), written);
        Assert.Equal(content, await ReadAllAsync(await client.OpenReadAsync(path, 0, null, Cancelled)));
        Assert.Equal(content.AsSpan(size / 2).ToArray(), await ReadAllAsync(await client.OpenReadAsync(path, size / 2, null, Cancelled)));
        Assert.Equal(content.AsSpan(0, size / 3).ToArray(), await ReadAllAsync(await client.OpenReadAsync(path, 0, size / 3, Cancelled)));
    }

    [Fact]
    public async Task A_shorter_file_replaces_a_longer_one_of_an_earlier_attempt()
    {
        await using var client = Connect();
        var path = server.PathOf("attempts");
        await client.UploadAsync(path, new MemoryStream(new byte[500_000]), Cancelled);
        await client.UploadAsync(path, new MemoryStream([1, 2, 3]), Cancelled);
        Assert.Equal([1, 2, 3], await SftpAssert.BytesOfAsync(path));
    }

    [Fact]
    public async Task A_protected_key_is_used_with_its_passphrase()
    {
        await using var client = Connect(options => options with { PrivateKey = server.ProtectedKey, Passphrase = server.Passphrase });
        await client.ConnectAsync(Cancelled);
    }

    [Fact]
    public async Task A_wrong_passphrase_is_named()
    {
        await using var client = Connect(options => options with { PrivateKey = server.ProtectedKey, Passphrase = "wrong" });
        await FailsAsync(LocationFault.WrongSecret, "passphrase is wrong", () => client.ConnectAsync(Cancelled));
    }

    [Fact]
    public async Task A_key_the_server_does_not_know_is_refused()
    {
        await using var client = Connect(options => options with { PrivateKey = server.UnknownKey });
        await FailsAsync(LocationFault.WrongSecret, $"refused the login of '{server.User}' by key", () => client.ConnectAsync(Cancelled));
    }

    [Fact]
    public async Task Nothing_listening_is_unreachable()
    {
        await using var client = Connect(options => options with { Port = 1 });
        await FailsAsync(LocationFault.Unavailable, "cannot be reached (ssh: connect to host 127.0.0.1 port 1: Connection refused)", () => client.ConnectAsync(Cancelled));
    }

    [Fact]
    public async Task A_private_address_is_refused_unless_allowed()
    {
        await using var client = new SftpClient(Options(), new AddressGuard(new()), TimeProvider.System);
        await FailsAsync(LocationFault.AddressRefused, "private address", () => client.ConnectAsync(Cancelled));
    }

    [Fact]
    public void Options_that_cannot_be_right_are_refused_all_at_once()
    {
        var problems = new SftpOptions { Host = "-oProxyCommand=x", Port = 0, User = "", HostKeys = "no key" }.Problems();
        Assert.Equal(5, problems.Count);
    }

    [Fact]
    public async Task Renaming_never_replaces_a_file()
    {
        await using var client = Connect();
        await client.UploadAsync(server.PathOf("new"), new MemoryStream([1]), Cancelled);
        await client.UploadAsync(server.PathOf("old"), new MemoryStream([2]), Cancelled);

        await FailsAsync(LocationFault.AlreadyExists, "exists already", () => client.RenameAsync(server.PathOf("new"), server.PathOf("old"), Cancelled));

        Assert.Equal([2], await SftpAssert.BytesOfAsync(server.PathOf("old")));
        await client.RenameAsync(server.PathOf("new"), server.PathOf("newer"), Cancelled);
        Assert.False(File.Exists(server.PathOf("new")));
        Assert.Equal([1], await SftpAssert.BytesOfAsync(server.PathOf("newer")));
    }

    [Fact]
    public async Task Folders_are_listed_and_files_found_and_removed()
    {
        await using var client = Connect();
        var folder = server.PathOf("listing");
        await client.MakeFolderAsync(folder, Cancelled);
        await client.MakeFolderAsync(folder, Cancelled);
        await client.MakeFolderAsync($"{folder}/below", Cancelled);
        for (var i = 0; i < 250; i++)
        {
            await File.WriteAllTextAsync($"{folder}/file-{i:000}", new string('x', i), Cancelled);
        }

        File.CreateSymbolicLink($"{folder}/link", $"{folder}/file-007");
        File.CreateSymbolicLink($"{folder}/dead-link", $"{folder}/nowhere");

        var found = (await client.ListAsync(folder, Cancelled)).OrderBy(file => file.Name, StringComparer.Ordinal).ToList();

        Assert.Equal(252, found.Count);
        Assert.Equal(("below", true), (found[0].Name, found[0].IsFolder));
        Assert.Equal(("file-249", 249), (found[250].Name, (int)found[250].Size));
        Assert.Equal(("link", 7), (found[251].Name, (int)found[251].Size));
        Assert.Equal(249, (await client.FindAsync($"{folder}/file-249", Cancelled))!.Size);
        Assert.True(await client.RemoveAsync($"{folder}/file-249", Cancelled));
        Assert.False(await client.RemoveAsync($"{folder}/file-249", Cancelled));
        Assert.Null(await client.FindAsync($"{folder}/file-249", Cancelled));
    }

    [Fact]
    public async Task A_missing_directory_is_named()
    {
        await using var client = Connect();
        var path = server.PathOf("nowhere", "file");
        await FailsAsync(LocationFault.FileMissing, $"Error writing {path}: the server knows no such file or directory", () => client.UploadAsync(path, new MemoryStream([1]), Cancelled));
        await FailsAsync(LocationFault.FileMissing, "Error listing", () => client.ListAsync(server.PathOf("nowhere"), Cancelled));
        await FailsAsync(LocationFault.FileMissing, "Error opening", () => client.OpenReadAsync(path, 0, null, Cancelled));
        await FailsAsync(LocationFault.FileMissing, "Error renaming", () => client.RenameAsync(path, path + "2", Cancelled));
    }

    [Fact]
    public async Task A_file_that_becomes_shorter_while_it_is_read_is_noticed()
    {
        await using var client = Connect();
        var path = server.PathOf("shrinking");
        await File.WriteAllBytesAsync(path, new byte[20_000_000], Cancelled);
        await using var stream = await client.OpenReadAsync(path, 0, null, Cancelled);
        await stream.ReadExactlyAsync(new byte[1000], Cancelled);
        File.OpenHandle(path, FileMode.Truncate, FileAccess.Write).Dispose();
        await FailsAsync(LocationFault.FileChanged, "became shorter", () => stream.CopyToAsync(Stream.Null, Cancelled));
    }

    [Fact]
    public async Task Secrets_are_in_no_command_line_no_environment_and_no_file_once_logged_in()
    {
        const string canary = "canary-5f1b2c";
        await using var link = new FaultyLink(server.Port, TimeSpan.FromMilliseconds(20));
        await using var client = Connect(options => options with { Port = link.Port, PrivateKey = server.ProtectedKey, Passphrase = server.Passphrase, User = server.User });
        await using var refused = Connect(options => options with { Port = link.Port, PrivateKey = null, Password = canary });

        var seen = 0;
        var attempt = refused.ConnectAsync(Cancelled);
        while (!attempt.IsCompleted)
        {
            foreach (var process in Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)))
            {
                var visible = ReadOrEmpty($"{process}/cmdline") + ReadOrEmpty($"{process}/environ");
                seen += visible.Contains("HostKeyAlias=pinned", StringComparison.Ordinal) ? 1 : 0;
                Assert.DoesNotContain(canary, visible, StringComparison.Ordinal);
            }

            await Task.Yield();
        }

        await FailsAsync(LocationFault.WrongSecret, "by password", () => attempt);
        await client.ConnectAsync(Cancelled);
        Assert.True(seen > 0, "the ssh process was never looked at");

        // Other tests of this process log in meanwhile; their files go as quickly.
        await Until.True(() => !Directory.EnumerateDirectories("/dev/shm", $"platform-ssh-{Environment.ProcessId}-*").Any(), cancellationToken: Cancelled);

        static string ReadOrEmpty(string path)
        {
            try
            {
                return File.ReadAllText(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return "";
            }
        }
    }

    private static async Task<byte[]> ReadAllAsync(Stream stream)
    {
        await using (stream)
        {
            var copy = new MemoryStream();
            await stream.CopyToAsync(copy, Cancelled);
            return copy.ToArray();
        }
    }

    private static Task FailsAsync(LocationFault fault, string text, Func<Task> action) => SftpAssert.FailsAsync(fault, text, action);

    private SftpOptions Options() => SftpAssert.OptionsOf(server);

    private SftpClient Connect(Func<SftpOptions, SftpOptions>? change = null) => SftpAssert.ClientOf(server, change);
}
