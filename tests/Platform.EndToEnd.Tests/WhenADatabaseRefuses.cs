using System.Net;
using Npgsql;
using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;
using static Platform.EndToEnd.Tests.RealExports;

namespace Platform.EndToEnd.Tests;

/// <summary>A database that takes no writes, or nobody in, stops a run without ending it: the run goes on by itself when the database does.</summary>
public sealed class WhenADatabaseRefuses(RunningPlatform platform)
{
    private readonly ExportBucket _export = new(platform.S3);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_run_waits_and_goes_on_when_it_takes_writes_or_lets_in_again()
    {
        using var user = await PlatformUser.OfAsync(platform);
        await _export.PutEventsAsync("refused", "2026-03-01", ExportBucket.Events(0, 10));
        var courier = await user.CourierAsync(await user.CredentialAsync(), "refused", ["events"]);
        Assert.Equal("succeeded", (string)(await user.RunAsync(courier, PlatformUser.Day("2026-03-01")))["state"]!);
        var feed = await user.FeedAsync(courier, "events");
        await user.LoadIntoAsync(courier, ("events", feed.Id));

        await _export.PutEventsAsync("refused", "2026-03-02", ExportBucket.Events(0, 1000));
        string run;
        await using (await ChangedAsync("feeds", "set default_transaction_read_only = on", "set default_transaction_read_only = off"))
        {
            run = await user.StartAsync(courier, PlatformUser.Day("2026-03-02"));
            await Until.True(() => platform.LogOf("feeds").Contains("read-only transaction", StringComparison.Ordinal), TimeSpan.FromMinutes(1), Cancelled, "the feeds service says what its database refuses");
            Assert.Null((await user.GetAsync($"/api/courier-runs/{run}"))["endedAt"]);
        }

        Assert.Equal("1000 read, 1000 inserted, 0 updated, 0 unchanged, 0 superseded, 0 rejected", Counts(await user.EndOfAsync(run)));

        await _export.PutEventsAsync("refused", "2026-03-03", ExportBucket.Events(2000, 3000));
        run = await user.StartAsync(courier, PlatformUser.Day("2026-03-03"));
        await using (await ChangedAsync("couriers", "with allow_connections false", "with allow_connections true"))
        {
            await user.RefusedAsync(HttpStatusCode.ServiceUnavailable, HttpMethod.Get, $"/api/courier-runs/{run}");
        }

        Assert.Equal("1000 read, 1000 inserted, 0 updated, 0 unchanged, 0 superseded, 0 rejected", Counts(await user.EndOfAsync(run)));
        Assert.Equal("2000 2000", await platform.AskAsync(feed.Table, "select count(*) || ' ' || count(distinct uuid) from {table}"));
    }

    /// <summary>The database of a service with a property of another kind until disposed; whoever is connected is sent away each time, so that it counts at once.</summary>
    private async Task<IAsyncDisposable> ChangedAsync(string service, string change, string back)
    {
        var of = new NpgsqlConnectionStringBuilder(platform.DatabaseOf(service));
        var server = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(of.ConnectionString) { Database = "postgres" }.ConnectionString);
        var changed = new Changed(server, of.Database!, back);
        await changed.ApplyAsync(change);
        return changed;
    }

    private sealed class Changed(NpgsqlDataSource server, string database, string back) : IAsyncDisposable
    {
        public async Task ApplyAsync(string change)
        {
            await using var alter = server.CreateCommand($"alter database \"{database}\" {change}");
            await alter.ExecuteNonQueryAsync(Cancelled);
            await using var end = server.CreateCommand("select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = $1");
            end.Parameters.Add(new() { Value = database });
            await end.ExecuteScalarAsync(Cancelled);

            // Those of the tests were sent away as well.
            NpgsqlConnection.ClearAllPools();
        }

        public async ValueTask DisposeAsync()
        {
            await ApplyAsync(back);
            await server.DisposeAsync();
        }
    }
}
