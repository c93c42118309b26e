using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using MassTransit;
using Npgsql;
using Platform.Contracts.Couriers;
using Platform.Testing;
using Platform.Testing.Processes;
using Platform.Testing.Servers;

namespace Platform.Benchmarks;

/// <summary>The scheduler as a process of its own on real servers, and somebody who takes the commands it sends.</summary>
internal sealed class OneScheduler : IAsyncDisposable
{
    // What the service stores for a group of one courier.
    private const string Settings = """
        {"couriers":[{"courierId":"COURIER","required":true}],"constraints":[],"wait":"00:00:00","offset":"1.00:00:00","whenMissing":"stop","fileDates":"utc","onlyPastDay":false,
         "overlap":"queue","catchUp":"one","runType":"full","alerts":{"channels":[],"on":[]}}
        """;

    private const double TicksPerSecond = 100;

    private readonly PostgresServer _postgres = new();
    private readonly RabbitServer _rabbit = new();
    private readonly TestKeys _keys = new();
    private readonly TemporaryFolder _logs = new();
    private IBusControl _couriers = null!;
    private PostgresDatabase _database = null!;
    private int _commands;
    private long _lastCommand;

    public ServiceProcess Process { get; private set; } = null!;

    public NpgsqlDataSource Sql { get; private set; } = null!;

    /// <summary>Commands to start a courier that arrived.</summary>
    public int Commands => Volatile.Read(ref _commands);

    /// <summary>When the latest of them arrived.</summary>
    public DateTimeOffset LastCommandAt => new(Interlocked.Read(ref _lastCommand), TimeSpan.Zero);

    public async Task StartAsync()
    {
        await _postgres.InitializeAsync();
        await _rabbit.InitializeAsync();
        _database = await _postgres.CreateDatabaseAsync();
        Sql = NpgsqlDataSource.Create(_database.ConnectionString);
        _couriers = Bus.Factory.CreateUsingRabbitMq(rabbit =>
        {
            rabbit.Host(new Uri(_rabbit.Uri));
            rabbit.ConfigureJsonSerializerOptions(options =>
            {
                options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
                return options;
            });
            rabbit.ReceiveEndpoint("couriers-run-courier", endpoint =>
            {
                endpoint.SetQuorumQueue();
                endpoint.PrefetchCount = 500;
                endpoint.Handler<RunCourier>(_ =>
                {
                    Interlocked.Increment(ref _commands);
                    Interlocked.Exchange(ref _lastCommand, TimeProvider.System.GetUtcNow().Ticks);
                    return Task.CompletedTask;
                });
            });
        });
        await _couriers.StartAsync();
        Process = new("scheduler", "services/scheduler/Platform.Scheduler", ServiceSettings.Of("scheduler", _database.ConnectionString, _rabbit.Uri, _keys),
            $"http://127.0.0.1:{FreePorts.Take(1)[0]}", _logs.PathOf("scheduler.log"));
        await Process.RunAsync("migrate");
        await Process.StartAsync();
    }

    /// <summary>Groups of one courier each that are due once a day, next at <paramref name="slot"/>.</summary>
    public async Task AddGroupsAsync(int groups, DateTimeOffset slot)
    {
        await using var insert = Sql.CreateCommand("""
            insert into courier_groups (id, name, cron, time_zone, enabled, settings, version, next_slot, due_at, created_at, updated_at)
            select 'cg-' || i, 'group ' || i, $4, 'UTC', true, replace($1, 'COURIER', 'cr-' || i)::jsonb, 1, $2, $2, now(), now() from generate_series(1, $3) i
            """);
        insert.Parameters.Add(new() { Value = Settings });
        insert.Parameters.Add(new() { Value = slot });
        insert.Parameters.Add(new() { Value = groups });
        insert.Parameters.Add(new() { Value = FormattableString.Invariant($"{slot.Minute} {slot.Hour} * * *") });
        await insert.ExecuteNonQueryAsync();
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = Sql.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Processor time of the scheduler's process so far: fields 14 and 15 of /proc/PID/stat, counted after the program's name, which may hold spaces.</summary>
    public double ProcessorSeconds()
    {
        var stat = File.ReadAllText($"/proc/{Process.Id}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    public async ValueTask DisposeAsync()
    {
        Process.Dispose();
        await _couriers.StopAsync();
        await Sql.DisposeAsync();
        await _database.DisposeAsync();
        await _rabbit.DisposeAsync();
        await _postgres.DisposeAsync();
        _logs.Dispose();
        _keys.Dispose();
    }
}
