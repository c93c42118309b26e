using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Platform.Contracts.Feeds;
using Xunit;

namespace Platform.Feeds.Tests;

/// <summary>
/// Loads that are struck at a random moment: the loader's database session is ended, as a crash of server or service does, or the lease is taken away, as when a process falls silent. Whatever step
/// it hits, the load is done once, announced once, and the table is the model's.
/// </summary>
public sealed class KilledLoads(FeedsApp app)
{
    private const int KillsPerSeed = 5;
    private const int Rows = 20_000;

    public static TheoryData<int> Seeds => FaultSeeds.Kills(2, KillsPerSeed);

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task End_in_the_table_of_the_model(int seed)
    {
        var random = new Random(seed);
        var (feed, table) = await app.KeyedFeedAsync();
        var model = new int?[Rows];
        var clock = System.Diagnostics.Stopwatch.StartNew();
        await LoadAsync(feed, model, 0, 0, Rows, truncate: false);
        var usual = clock.Elapsed;

        for (var load = 1; load <= KillsPerSeed; load++)
        {
            var from = random.Next(Rows);
            var to = random.Next(from, Rows) + 1;
            var sent = await SendAsync(feed, model, load, from, to, truncate: random.Next(3) == 0);
            await Task.Delay(usual * random.NextDouble(), TestContext.Current.CancellationToken);
            await app.ExecuteAsync(random.Next(3) > 0
                ? $"select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and ((classid::bigint << 32) | objid::bigint) = hashtextextended('feed {feed}', 0)"
                : $"update loads set attempt = attempt + 1, lease_owner = 'dead', lease_until = clock_timestamp() where id = '{sent}' and state = 'running'");
            var end = await app.EndOfAsync(sent);

            Assert.IsType<FeedLoaded>(end);
            Assert.Equal(1, app.Announcements(sent));
            Assert.Equal(Digest(model), await app.ScalarAsync<string>($"select encode(sha256(convert_to(coalesce(string_agg(id || ':' || v, ',' order by id), ''), 'UTF8')), 'hex') from domain.\"{table}\""));
            Assert.Equal(model.Count(value => value is not null), await app.ScalarAsync<long>($"select table_rows from feeds where id = '{feed}'"));
        }
    }

    private async Task LoadAsync(string feed, int?[] model, int load, int from, int to, bool truncate) =>
        Assert.IsType<FeedLoaded>(await app.EndOfAsync(await SendAsync(feed, model, load, from, to, truncate)));

    private Task<string> SendAsync(string feed, int?[] model, int load, int from, int to, bool truncate)
    {
        if (truncate)
        {
            Array.Clear(model);
        }

        Array.Fill(model, load, from, to - from);
        return app.SendLoadAsync(feed, truncate, app.Land(string.Create(CultureInfo.InvariantCulture, $"select i as id, '{load}' as v from range({from}, {to}) r(i)")));
    }

    private static string Digest(int?[] model)
    {
        var rows = string.Join(',', model.Select((value, id) => (value, id)).Where(row => row.value is not null).Select(row => string.Create(CultureInfo.InvariantCulture, $"{row.id}:{row.value}")));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(rows)));
    }
}
