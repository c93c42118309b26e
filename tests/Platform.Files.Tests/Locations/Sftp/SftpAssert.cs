using Platform.Files.Locations;
using Platform.Files.Locations.Sftp;
using Platform.ServiceDefaults.Outgoing;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Files.Tests.Locations.Sftp;

internal static class SftpAssert
{
    public static SftpOptions OptionsOf(SshServer server) =>
        new() { Host = "127.0.0.1", Port = server.Port, User = server.User, PrivateKey = server.PrivateKey, HostKeys = server.HostKey };

    public static SftpClient ClientOf(SshServer server, Func<SftpOptions, SftpOptions>? change = null) =>
        new(change is null ? OptionsOf(server) : change(OptionsOf(server)), new AddressGuard(new() { AllowPrivateHosts = true }), TimeProvider.System);

    public static async Task FailsAsync(LocationFault fault, string text, Func<Task> action)
    {
        var failure = await Assert.ThrowsAsync<LocationException>(action);
        Assert.Contains(text, failure.Message, StringComparison.Ordinal);
        Assert.Equal(fault, failure.Fault);
    }

    public static async Task<byte[]> BytesOfAsync(string path)
    {
        await using var file = File.OpenRead(path);
        var copy = new MemoryStream();
        await file.CopyToAsync(copy, TestContext.Current.CancellationToken);
        return copy.ToArray();
    }
}
