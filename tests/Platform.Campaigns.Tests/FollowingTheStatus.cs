using System.Text.Json.Nodes;
using Platform.Testing;
using Xunit;

namespace Platform.Campaigns.Tests;

public sealed class FollowingTheStatus(CampaignsApp app)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_growing_log_file_moves_the_dispatch_from_state_to_state()
    {
        var connection = await app.ConnectAsync(settings => settings["checkIntervalSeconds"] = 1);
        var id = await connection.DispatchAsync(TestConnection.Dispatch(await connection.ListAsync(), [TestConnection.Recipient("a@example.com")]));
        await connection.StateAsync(id, "uploaded");
        var log = connection.PathOf("log", connection.Files().Single().Replace(".csv", ".log", StringComparison.Ordinal));

        await File.WriteAllTextAsync(log, "time;state;mailingId;message\n2021-01-01 12:00:00;imported;;1 recipient\n2021-01-01 12:01:00;sending;511", Cancelled);
        Assert.Null((await connection.StateAsync(id, "imported"))["mailingId"]);
        await File.AppendAllTextAsync(log, "06527229;for user@example.com and others\n2021-01-01 12:02:00;sent;51106527229;\n", Cancelled);

        var dispatch = await connection.StateAsync(id, "sent");
        Assert.Equal(51106527229, (long)dispatch["mailingId"]!);
        Assert.Equal(["uploaded", "imported", "sending", "sent"], dispatch["history"]!.AsArray().Select(change => (string)change!["state"]!).SkipWhile(state => state != "uploaded"));
        Assert.Contains(dispatch["history"]!.AsArray(), change => (string?)change!["message"] == "for (address) and others");
    }

    [Fact]
    public async Task After_an_error_file_later_dispatches_wait_for_the_restart()
    {
        var connection = await app.ConnectAsync(settings => settings["checkIntervalSeconds"] = 1);
        var list = await connection.ListAsync();
        var first = await connection.DispatchAsync(TestConnection.Dispatch(list, [TestConnection.Recipient("a@example.com")]));
        await connection.StateAsync(first, "uploaded");
        await File.WriteAllTextAsync(connection.PathOf("err", connection.Files().Single().Replace(".csv", ".err", StringComparison.Ordinal)), "code;message\nE17;the list is locked\n", Cancelled);
        Assert.Equal("the list is locked", (string)(await connection.StateAsync(first, "import-failed"))["message"]!);
        Assert.True((bool)(await connection.GetAsync($"/api/campaigns/connections/{connection.Id}"))["halted"]!);

        var second = await connection.DispatchAsync(TestConnection.Dispatch(list, [TestConnection.Recipient("b@example.com")]));
        var other = await app.ConnectAsync();
        await other.StateAsync(await other.DispatchAsync(TestConnection.Dispatch(await other.ListAsync(), [TestConnection.Recipient("c@example.com")])), "uploaded");
        Assert.Equal("queued", (string)(await connection.GetDispatchAsync(second))["state"]!);

        await connection.PostAsync($"/api/campaigns/connections/{connection.Id}/restart", new JsonObject());
        await connection.StateAsync(second, "uploaded");
        Assert.Equal(2, connection.Files().Length);
    }

    [Fact]
    public async Task An_agreed_format_of_log_files_is_understood_and_errors_need_not_stop_anything()
    {
        var connection = await app.ConnectAsync(settings =>
        {
            settings["checkIntervalSeconds"] = 1;
            settings["continueAfterError"] = true;
            settings["status"] = new JsonObject
            {
                ["logFile"] = "status-{NAME}.txt",
                ["separator"] = ",",
                ["headerRow"] = false,
                ["columns"] = new JsonArray("when", "what", "mailing"),
                ["stateColumn"] = "what",
                ["mailingIdColumn"] = "mailing",
                ["messageColumn"] = "",
                ["states"] = new JsonObject { ["import ok"] = "imported", ["fertig"] = "sent", ["start nok"] = "start-failed" },
            };
        });
        var id = await connection.DispatchAsync(TestConnection.Dispatch(await connection.ListAsync(), [TestConnection.Recipient("a@example.com")]));
        await connection.StateAsync(id, "uploaded");
        var name = Path.GetFileNameWithoutExtension(connection.Files().Single());
        await File.WriteAllTextAsync(connection.PathOf("log", $"status-{name}.txt"), "1,Import OK,\n2,start nok,\n", Cancelled);
        await connection.StateAsync(id, "start-failed");
        Assert.Equal(id, (string)(await connection.GetAsync($"/api/campaigns/dispatches?connectionId={connection.Id}&state=start-failed"))["items"]!.AsArray().Single()!["id"]!);
        Assert.False((bool)(await connection.GetAsync($"/api/campaigns/connections/{connection.Id}"))["halted"]!);
        await File.AppendAllTextAsync(connection.PathOf("log", $"status-{name}.txt"), "3,FERTIG,77\n", Cancelled);
        await Until.Is(() => connection.GetDispatchAsync(id), dispatch => (string)dispatch["state"]! == "sent" && (long?)dispatch["mailingId"] == 77, cancellationToken: Cancelled);
    }
}
