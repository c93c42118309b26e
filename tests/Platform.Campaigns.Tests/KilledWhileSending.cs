using System.Diagnostics;
using System.Globalization;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Campaigns.Tests;

/// <summary>
/// The service as a process of its own, killed at every step of a dispatch and started again, while a partner takes files away as soon as it sees them, or a little later (L4). <c>tests/faults/campaigns</c>
/// kills it a hundred times.
/// </summary>
public sealed class KilledWhileSending(CampaignsApp app, ITestOutputHelper output)
{
    // Every step takes at least a round trip, so that it can be hit.
    private static readonly TimeSpan Distance = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>When the process is killed.</summary>
    private enum Moment
    {
        AnyTime,
        TemporaryNameVisible,
        RenameRecorded,
        FinalNameVisible,
        SuccessRecorded,
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task However_often_the_sender_is_killed_every_dispatch_arrives_exactly_once()
    {
        var kills = int.Parse(Environment.GetEnvironmentVariable("FAULT_ROUNDS") ?? "5", CultureInfo.InvariantCulture);
        var random = new Random(int.Parse(Environment.GetEnvironmentVariable("FAULT_SEED") ?? "1", CultureInfo.InvariantCulture));
        await using var link = new FaultyLink(app.Server.Port, Distance);
        await using var sender = await KilledSender.CreateAsync(app);
        await sender.StartAsync();
        var connection = await app.ConnectAsync(settings => settings["port"] = link.Port, sender.Client);
        var list = await connection.ListAsync();
        var taken = new Dictionary<string, int>(StringComparer.Ordinal);
        var sent = new Dictionary<string, string>(StringComparer.Ordinal);
        var found = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var kill = 0; kill < kills; kill++)
        {
            var address = $"kill{kill}@example.com";
            var id = await connection.DispatchAsync(TestConnection.Dispatch(list, [TestConnection.Recipient(address)]));
            sent[address] = id;
            var moment = (Moment)(kill % 5);
            if (moment == Moment.AnyTime)
            {
                await Task.Delay(random.Next(0, 1000), Cancelled);
            }
            else
            {
                await WaitAsync(sender, connection, id, moment);
            }

            await sender.KillAsync();
            var state = await FileStateAsync(sender, id) ?? "not begun";
            found[state] = found.GetValueOrDefault(state) + 1;
            if (random.Next(2) == 0)
            {
                Take(connection, taken);
            }

            // Nobody holds them any more; a crashed sender's dispatches would go on in fifteen seconds.
            await using (var lapse = sender.Database.CreateCommand("update dispatches set lease_until = clock_timestamp() where lease_until is not null"))
            {
                await lapse.ExecuteNonQueryAsync(Cancelled);
            }

            await sender.StartAsync();
        }

        for (var waited = Stopwatch.StartNew(); await CountAsync(sender, "select count(*) from dispatches where state = 'uploaded'") < kills;)
        {
            Take(connection, taken);
            Assert.True(waited.Elapsed < Patience, $"Not all dispatches arrived within {Patience}.");
        }

        Take(connection, taken);
        output.WriteLine($"{kills} kills, found afterwards: {string.Join(", ", found.Select(state => $"{state.Value} {state.Key}"))}; {taken.Count} files taken, {connection.Files().Length} left.");
        Assert.Equal(sent.Keys.Order(StringComparer.Ordinal), taken.Keys.Order(StringComparer.Ordinal));
        Assert.All(taken, address => Assert.Equal(1, address.Value));
        Assert.Empty(connection.Files());
    }

    private static async Task WaitAsync(KilledSender sender, TestConnection connection, string id, Moment moment)
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < Patience; await Task.Yield())
        {
            var reached = moment switch
            {
                Moment.TemporaryNameVisible => connection.Files().Any(file => file.EndsWith(".tmp", StringComparison.Ordinal)),
                Moment.FinalNameVisible => connection.Files().Any(IsRecipientFile) && await FileStateAsync(sender, id) is "renaming" or "uploaded",
                Moment.RenameRecorded => await FileStateAsync(sender, id) is "renaming" or "uploaded",
                _ => await FileStateAsync(sender, id) == "uploaded",
            };
            if (reached)
            {
                return;
            }
        }

        Assert.Fail($"{moment} was not reached within {Patience}.");
    }

    private static async Task<string?> FileStateAsync(KilledSender sender, string id)
    {
        await using var select = sender.Database.CreateCommand("select nullif(state, 'prepared') from dispatch_files where dispatch_id = $1");
        select.Parameters.Add(new() { Value = id });
        return await select.ExecuteScalarAsync(Cancelled) as string;
    }

    private static async Task<long> CountAsync(KilledSender sender, string sql)
    {
        await using var select = sender.Database.CreateCommand(sql);
        return (long)(await select.ExecuteScalarAsync(Cancelled))!;
    }

    private static bool IsRecipientFile(string name) => name.EndsWith("_subscribers.csv", StringComparison.Ordinal);

    /// <summary>The partner's side: takes files of the agreed name away and ignores temporary ones.</summary>
    private static void Take(TestConnection connection, Dictionary<string, int> taken)
    {
        foreach (var file in connection.Files().Where(IsRecipientFile))
        {
            var path = connection.PathOf("in", file);
            var address = File.ReadAllText(path).Split('"')[1];
            taken[address] = taken.GetValueOrDefault(address) + 1;
            File.Delete(path);
        }
    }
}
