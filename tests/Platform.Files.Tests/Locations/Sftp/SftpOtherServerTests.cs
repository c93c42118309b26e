using System.Security.Cryptography;
using Platform.Files.Locations;
using Platform.Files.Locations.Sftp;
using Platform.ServiceDefaults.Outgoing;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Files.Tests.Locations.Sftp;

/// <summary>Against a server that is not OpenSSH: plain version 3, small blocks, login by password.</summary>
public sealed class SftpOtherServerTests(AsyncSshServer server) : IClassFixture<AsyncSshServer>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Files_go_there_are_renamed_once_and_come_back()
    {
        await using var client = Connect(server.Password);
        var content = RandomNumberGenerator.GetBytes(2_345_678);
        await client.MakeFolderAsync("/in", Cancelled);

        await client.UploadAsync("/in/file.part", new MemoryStream(content), Cancelled);
        await client.RenameAsync("/in/file.part", "/in/file", Cancelled);
        await client.UploadAsync("/in/other.part", new MemoryStream([1]), Cancelled);

        await SftpAssert.FailsAsync(LocationFault.AlreadyExists, "exists already", () => client.RenameAsync("/in/other.part", "/in/file", Cancelled));
        Assert.Equal(["file", "other.part"], (await client.ListAsync("/in", Cancelled)).Select(file => file.Name).Order());
        await using var stream = await client.OpenReadAsync("/in/file", 0, null, Cancelled);
        Assert.Equal(SHA256.HashData(content), await SHA256.HashDataAsync(stream, Cancelled));
        Assert.Equal(content, await SftpAssert.BytesOfAsync(Path.Combine(server.Files, "in", "file")));
    }

    [Fact]
    public async Task A_wrong_password_is_refused()
    {
        await using var client = Connect("wrong");
        await SftpAssert.FailsAsync(LocationFault.WrongSecret, $"refused the login of '{server.User}' by password", () => client.ConnectAsync(Cancelled));
    }

    private SftpClient Connect(string password) => new(
        new() { Host = "127.0.0.1", Port = server.Port, User = server.User, Password = password, HostKeys = server.HostKey },
        new AddressGuard(new() { AllowPrivateHosts = true }), TimeProvider.System);
}
