using Npgsql;
using Platform.Scheduler.Tests.Kit;
using Platform.Testing;
using Platform.Testing.Processes;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Scheduler.Tests.Faults;

/// <summary>Three real processes of the service on one database, killed in turn while hundreds of slots are due.</summary>
public sealed class KilledSchedulersTests : IAsyncLifetime
{
    private const int Instances = 3;
    private const int Groups = 20;
    private const int SlotsBehind = 20;

    private readonly PostgresServer _postgres = new();
    private readonly RabbitServer _rabbit = new();
    private readonly TestKeys _keys = new();
    private readonly TemporaryFolder _logs = new();
    private readonly List<ServiceProcess> _schedulers = [];
    private PostgresDatabase _database = null!;
    private NpgsqlDataSource _sql = null!;
    private CouriersOnTheBus _couriers = null!;

    public async ValueTask InitializeAsync()
    {
        await _postgres.InitializeAsync();
        await _rabbit.InitializeAsync();
        _database = await _postgres.CreateDatabaseAsync();
        _sql = NpgsqlDataSource.Create(_database.ConnectionString);
        _couriers = await CouriersOnTheBus.StartAsync(_rabbit.Uri);
        _couriers.Answer = CouriersOnTheBus.Success;
        var settings = ServiceSettings.Of("scheduler", _database.ConnectionString, _rabbit.Uri, _keys);
        foreach (var port in FreePorts.Take(Instances))
        {
            _schedulers.Add(new("scheduler", "services/scheduler/Platform.Scheduler", settings, $"http://127.0.0.1:{port}", _logs.PathOf($"{port}.log")));
        }

        await _schedulers[0].RunAsync("migrate");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var scheduler in _schedulers)
        {
            scheduler.Dispose();
        }

        await _couriers.DisposeAsync();
        await _sql.DisposeAsync();
        await _database.DisposeAsync();
        await _rabbit.DisposeAsync();
        await _postgres.DisposeAsync();
        _logs.Dispose();
        _keys.Dispose();
    }

    [Fact]
    public async Task Each_slot_runs_exactly_once_through_kills_and_cut_database_connections()
    {
        await Task.WhenAll(_schedulers.Select(scheduler => scheduler.StartAsync()));

        // Every minute, each missed one to be made up for, one courier: as many slots as a downtime of that many minutes leaves. The far end of the schedule keeps new ones out.
        var now = TimeProvider.System.GetUtcNow();
        var first = new DateTimeOffset(now.Year, now.Month, now.Day, now.Hour, now.Minute, 0, TimeSpan.Zero).AddMinutes(-SlotsBehind);
        await InsertGroupsAsync(first);
        for (var kill = 0; kill < 2 * Instances; kill++)
        {
            var before = await EndedAsync();
            await UntilAsync(async () => await EndedAsync() is var ended && (ended >= before + 20 || ended >= Groups * SlotsBehind), $"the schedulers go on after kill {kill}");
            var scheduler = _schedulers[kill % Instances];
            await scheduler.KillAsync();
            await _sql.CreateCommand("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()").ExecuteNonQueryAsync();
            await scheduler.StartAsync();
        }

        await UntilAsync(async () => await EndedAsync() >= Groups * SlotsBehind, "every slot has run");

        // Freeze: what is due after this moment is no part of the question.
        await _sql.CreateCommand("update courier_groups set enabled = false, next_slot = null").ExecuteNonQueryAsync();
        await UntilAsync(async () => await ScalarAsync("select count(*) from group_runs where state <> 'Succeeded'") == 0, "every run succeeded");
        var runs = await ScalarAsync("select count(*) from group_runs");
        Assert.Equal(0, await ScalarAsync("select count(*) from (select group_id, slot, lag(slot) over (partition by group_id order by slot) as before from group_runs) s where slot - before <> interval '1 minute'"));
        Assert.Equal(0, await ScalarAsync($"select count(*) from (select min(slot) as first from group_runs group by group_id) s where first <> '{first:yyyy-MM-dd HH:mm}Z'"));
        Assert.Equal(0, await ScalarAsync("select count(*) from group_run_couriers where attempts <> 1"));

        // One command each reached the couriers: nothing was lost with a killed process, nothing was started twice.
        await UntilAsync(() => Task.FromResult(_couriers.Runs.Count >= runs), "every command arrived");
        Assert.Equal(runs, _couriers.Runs.Count);
        Assert.Equal(runs, _couriers.Runs.Values.Select(run => run.GroupRunId).Distinct().Count());
    }

    // Processes start and stop meanwhile: more patience than usual.
    private static Task UntilAsync(Func<Task<bool>> condition, string what) => Testing.Until.True(condition, TimeSpan.FromMinutes(3), TestContext.Current.CancellationToken, what);

    private async Task<long> EndedAsync() => await ScalarAsync("select count(*) from group_runs where ended_at is not null");

    private async Task<long> ScalarAsync(string sql) => (long)(await _sql.CreateCommand(sql).ExecuteScalarAsync())!;

    private async Task InsertGroupsAsync(DateTimeOffset first)
    {
        await using var insert = _sql.CreateCommand("""
            insert into courier_groups (id, name, cron, time_zone, enabled, settings, version, next_slot, due_at, created_at, updated_at)
            select 'cg-' || i, 'group ' || i, '* * * * *', 'UTC', true, replace($1, 'COURIER', 'cr-' || i)::jsonb, 1, $2, $2, $2, $2 from generate_series(1, $3) i
            """);
        insert.Parameters.Add(new() { Value = GroupDocument });
        insert.Parameters.Add(new() { Value = first });
        insert.Parameters.Add(new() { Value = Groups });
        await insert.ExecuteNonQueryAsync();
    }

    private const string GroupDocument = """
        {"couriers":[{"courierId":"COURIER","required":true}],"constraints":[],"wait":"00:00:00","offset":"1.00:00:00","whenMissing":"stop","fileDates":"utc","onlyPastDay":false,
         "overlap":"queue","catchUp":"all","runType":"full","alerts":{"channels":[],"on":[]}}
        """;
}
