using System.Diagnostics;
using System.Text.Json.Nodes;
using Npgsql;
using Platform.Testing;
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

    /// <summary>
    /// The service is a process of its own here, killed at seeded moments while it sends and started again, and a partner takes every file away as soon as it sees it. CAMPAIGN_KILLS sets
    /// the number of kills.
    /// </summary>
    [Fact]
    public async Task However_often_the_sender_is_killed_every_dispatch_arrives_exactly_once()
    {
        var kills = int.TryParse(Environment.GetEnvironmentVariable("CAMPAIGN_KILLS"), out var wanted) ? wanted : 5;
        await using var sender = await KilledSender.CreateAsync(app);
        await sender.StartAsync();
        var connection = await app.ConnectAsync(client: sender.Client);
        var list = await connection.ListAsync();
        var random = new Random(20210101);
        var taken = new Dictionary<string, int>();
        var sent = new Dictionary<string, string>();
        for (var kill = 0; kill < kills; kill++)
        {
            var address = $"kill{kill}@example.com";
            sent[address] = await connection.DispatchAsync(TestConnection.Dispatch(list, [TestConnection.Recipient(address)]));
            var until = TimeSpan.FromMilliseconds(random.Next(0, 700));
            for (var waited = Stopwatch.StartNew(); waited.Elapsed < until;)
            {
                Take(connection, taken);
                await Task.Yield();
            }

            await sender.KillAsync();
            Take(connection, taken);
            await sender.StartAsync();
        }

        foreach (var dispatch in sent.Values)
        {
            await Until.Is(
                async () =>
                {
                    Take(connection, taken);
                    return await connection.GetDispatchAsync(dispatch);
                }, found => (string)found["state"]! == "uploaded", TimeSpan.FromMinutes(2), Cancelled);
        }

        Take(connection, taken);
        Assert.Equal(sent.Keys.Order(StringComparer.Ordinal), taken.Keys.Order(StringComparer.Ordinal));
        Assert.All(taken, address => Assert.Equal(1, address.Value));
    }

    /// <summary>The partner's side: takes files of the agreed name away, as soon as they are there, and ignores temporary ones.</summary>
    private static void Take(TestConnection connection, Dictionary<string, int> taken)
    {
        foreach (var file in connection.Files().Where(name => name.EndsWith("_subscribers.csv", StringComparison.Ordinal)))
        {
            var path = connection.PathOf("in", file);
            var address = File.ReadAllText(path).Split('"')[1];
            taken[address] = taken.GetValueOrDefault(address) + 1;
            File.Delete(path);
        }
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
