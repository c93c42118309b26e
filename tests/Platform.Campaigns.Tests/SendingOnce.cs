using System.Text.Json.Nodes;
using Npgsql;
using Xunit;

namespace Platform.Campaigns.Tests;

/// <summary>A dispatch reaches the partner exactly once, wherever its sending was cut off (L4).</summary>
public sealed class SendingOnce(CampaignsApp app)
{
    private const string Line = "\"a@example.com\";\"44018617811\";\"46623317811\";;;\n";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("temporary name only", true)]
    [InlineData("both names", true)]
    [InlineData("final name only", true)]
    [InlineData("taken by the partner", false)]
    public async Task After_a_crash_around_the_rename_the_file_is_there_once_or_has_been_taken(string left, bool visible)
    {
        var connection = await app.ConnectAsync();
        var id = await CrashedAsync(connection, "20210101120000_subscribers.csv", left);

        await connection.PostAsync($"/api/campaigns/dispatches/{id}/send", new JsonObject());
        await connection.StateAsync(id, "uploaded");

        Assert.Equal(visible ? ["20210101120000_subscribers.csv"] : [], connection.Files());
        if (visible)
        {
            Assert.Equal(Line, await connection.TextAsync("in", "20210101120000_subscribers.csv"));
        }
    }

    [Fact]
    public async Task A_file_of_others_under_the_same_name_stays_and_the_dispatch_takes_the_next_name()
    {
        var connection = await app.ConnectAsync();
        var id = await CrashedAsync(connection, "20210101120000_subscribers.csv", "temporary name only");
        await File.WriteAllTextAsync(connection.PathOf("in", "20210101120000_subscribers.csv"), "somebody else's", Cancelled);

        await connection.PostAsync($"/api/campaigns/dispatches/{id}/send", new JsonObject());
        await connection.StateAsync(id, "uploaded");

        var files = connection.Files();
        Assert.Equal(2, files.Length);
        Assert.Equal("somebody else's", await connection.TextAsync("in", files[0]));
        Assert.Equal(Line, await connection.TextAsync("in", files[1]));
    }

    /// <summary>A dispatch as a killed sender leaves it after the record of its rename.</summary>
    private async Task<string> CrashedAsync(TestConnection connection, string name, string left)
    {
        var id = await connection.DispatchAsync(TestConnection.Dispatch(await connection.ListAsync(), [TestConnection.Recipient("a@example.com")], send: false));
        var path = connection.PathOf("in", name);
        await using var crash = app.Database.CreateCommand(
            """
            with d as (update dispatches set state = 'failed', stamp = '20210101120000', attempt = 7 where id = $1 returning id)
            update dispatch_files as f set state = 'renaming', path = $2, temporary_path = $2 || '.7.tmp' from d where f.dispatch_id = d.id
            """);
        crash.Parameters.Add(new NpgsqlParameter { Value = id });
        crash.Parameters.Add(new NpgsqlParameter { Value = path });
        await crash.ExecuteNonQueryAsync(Cancelled);
        if (left is "temporary name only" or "both names")
        {
            await File.WriteAllTextAsync($"{path}.7.tmp", Line, Cancelled);
        }

        if (left is "final name only" or "both names")
        {
            await File.WriteAllTextAsync(path, Line, Cancelled);
        }

        return id;
    }
}
