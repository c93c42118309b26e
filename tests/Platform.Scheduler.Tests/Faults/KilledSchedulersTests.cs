using Npgsql;
using Platform.Scheduler.Tests.Kit;
using Platform.Testing;
using Platform.Testing.Processes;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Scheduler.Tests.Faults;

/// <summary>
/// Three real processes of the service on one database, killed and cut off in seeded order while hundreds of slots are due. <c>tests/faults/scheduler</c> runs the same for long, and adds restarts of
/// PostgreSQL and RabbitMQ and clocks that are set back and forward: see <see cref="FaultRun"/>.
/// </summary>
public sealed class KilledSchedulersTests : IAsyncLifetime
{
    private const int Instances = 3;
    private const int Groups = 20;

    // Processes and servers start and stop meanwhile: more patience than usual.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly FaultRun _faults = FaultRun.FromEnvironment();
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
        foreach (var port in FreePorts.Take(Instances))
        {
            var settings = ServiceSettings.Of("scheduler", _database.ConnectionString, _rabbit.Uri, _keys);
            _schedulers.Add(new("scheduler", "services/scheduler/Platform.Scheduler", _faults.WithClock(settings, _logs.PathOf($"{port}.clock")), $"http://127.0.0.1:{port}", _logs.PathOf($"{port}.log")));
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
    public async Task Each_slot_runs_exactly_once_through_every_fault()
    {
        await Task.WhenAll(_schedulers.Select(scheduler => scheduler.StartAsync(Patience)));

        // Every minute, each missed one to be made up for, one courier: as many slots as a downtime of that many minutes leaves. The far end of the schedule keeps new ones out.
        var now = TimeProvider.System.GetUtcNow();
        var first = new DateTimeOffset(now.Year, now.Month, now.Day, now.Hour, now.Minute, 0, TimeSpan.Zero).AddMinutes(-_faults.SlotsBehind);
        await InsertGroupsAsync(first);
        foreach (var (round, fault) in _faults.Plan().Index())
        {
            var before = await EndedAsync();
            await UntilAsync(async () => await EndedAsync() is var ended && (ended >= before + 15 || ended >= Groups * _faults.SlotsBehind), $"the schedulers go on after {round} faults, before {fault}");
            await StrikeAsync(fault, round % Instances);
        }

        await UntilAsync(async () => await EndedAsync() >= Groups * _faults.SlotsBehind, "every slot has run");

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

    private async Task StrikeAsync(Fault fault, int instance)
    {
        switch (fault)
        {
            case Fault.Kill:
                await _schedulers[instance].KillAsync();
                await _schedulers[instance].StartAsync(Patience);
                break;
            case Fault.CutDatabaseConnections:
                await _sql.CreateCommand("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()").ExecuteNonQueryAsync();
                _sql.Clear();
                break;
            case Fault.RestartPostgres or Fault.RestartRabbit:
                await _faults.RestartAsync(fault);
                _sql.Clear();
                break;
            default:
                _faults.SetClock(instance, fault == Fault.ClockForward ? TimeSpan.FromMinutes(7) : TimeSpan.FromMinutes(-90));
                break;
        }
    }

    private static Task UntilAsync(Func<Task<bool>> condition, string what) => Testing.Until.True(condition, Patience, TestContext.Current.CancellationToken, what);

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
