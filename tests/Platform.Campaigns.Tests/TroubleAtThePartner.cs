using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Platform.Testing;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Campaigns.Tests;

/// <summary>What can be wrong at the partner's server is told with its dispatch, and mended there, the dispatch goes on or can be sent again; nothing half-sent stays.</summary>
public sealed class TroubleAtThePartner(CampaignsApp app, SshServer server) : IClassFixture<SshServer>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_full_disk_is_named_and_the_dispatch_goes_on_when_there_is_room()
    {
        var connection = await app.ConnectAsync(server);
        var id = await connection.DispatchAsync(TestConnection.Dispatch(await connection.ListAsync(), [TestConnection.Recipient("a@example.com", new string('x', 200))], send: false));
        var directory = connection.PathOf("in", "");
        await RunAsync("mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", directory);
        try
        {
            var rest = connection.PathOf("in", "of-others");
            await File.WriteAllBytesAsync(rest, new byte[16 * 1024], Cancelled);
            await connection.PostAsync($"/api/campaigns/dispatches/{id}/send", new JsonObject());
            await Until.Is(() => connection.GetDispatchAsync(id), found => ((string?)found["message"])?.Contains("disk is full", StringComparison.Ordinal) == true, cancellationToken: Cancelled);
            Assert.DoesNotContain(connection.Files(), file => file.EndsWith(".csv", StringComparison.Ordinal));

            File.Delete(rest);
            var failed = await Until.Is(() => connection.GetDispatchAsync(id), found => (string)found["state"]! is "failed" or "uploaded", cancellationToken: Cancelled);
            if ((string)failed["state"]! == "failed")
            {
                await connection.PostAsync($"/api/campaigns/dispatches/{id}/send", new JsonObject());
            }

            await connection.StateAsync(id, "uploaded");
            Assert.EndsWith("_subscribers.csv", Assert.Single(connection.Files()), StringComparison.Ordinal);
        }
        finally
        {
            // Lazily: a session may look into it at this moment.
            await RunAsync("umount", "-l", directory);
        }
    }

    [Fact]
    public async Task A_changed_host_key_and_a_forbidden_directory_stop_the_dispatch_with_their_cause()
    {
        await using var own = new SshServer();
        await own.InitializeAsync();
        var connection = await app.ConnectAsync(own);
        var list = await connection.ListAsync();
        await own.ChangeHostKeyAsync(tellsTheNewOne: false);
        var changed = await connection.DispatchAsync(TestConnection.Dispatch(list, [TestConnection.Recipient("a@example.com")]));
        await FailsAsync(connection, changed, "did not prove the pinned host key");
        var test = await connection.PostAsync($"/api/campaigns/connections/{connection.Id}/test", null);
        Assert.Contains("did not prove the pinned host key", (string)test["message"]!, StringComparison.Ordinal);

        await own.StopAsync();
        own.ReadOnly = true;
        await own.ChangeHostKeyAsync();
        await connection.PostAsync($"/api/campaigns/dispatches/{changed}/send", new JsonObject());
        await FailsAsync(connection, changed, "permission denied");
        Assert.Empty(connection.Files());
        await connection.PostAsync($"/api/campaigns/dispatches/{changed}/resend", null, HttpStatusCode.Conflict);
    }

    private static async Task FailsAsync(TestConnection connection, string id, string cause)
    {
        var failed = await Until.Is(() => connection.GetDispatchAsync(id), found => (string)found["state"]! == "failed", cancellationToken: Cancelled);
        Assert.Contains(cause, (string)failed["message"]!, StringComparison.Ordinal);
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync(Cancelled);
        Assert.Equal(0, process.ExitCode);
    }
}
