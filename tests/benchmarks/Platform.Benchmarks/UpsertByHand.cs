using System.Diagnostics;
using Npgsql;

namespace Platform.Benchmarks;

/// <summary>The yardstick: what somebody with psql does. <c>\copy</c> into a staging table, then INSERT … ON CONFLICT into a keyed one, on the same server with the same settings.</summary>
internal sealed class UpsertByHand(string connectionString)
{
    /// <summary>Creates an empty keyed table like the domain table.</summary>
    public async Task CreateTableAsync() => await ExecuteAsync(
        $"create table events ({string.Join(", ", EventsOfADay.Columns.Select(column => $"\"{column.Name}\" {column.Type}"))}, primary key (uuid))");

    /// <summary>Seconds of the copy and of the upsert.</summary>
    public async Task<(double Copy, double Upsert)> LoadAsync(string csvFile)
    {
        await ExecuteAsync("drop table if exists staging; create table staging (like events)");
        var copy = Stopwatch.StartNew();
        await CopyAsync(csvFile);
        copy.Stop();
        var names = EventsOfADay.Columns.Select(column => $"\"{column.Name}\"").ToList();
        var upsert = Stopwatch.StartNew();
        await ExecuteAsync($"""
            insert into events ({string.Join(", ", names)}) select {string.Join(", ", names)} from staging
            on conflict (uuid) do update set {string.Join(", ", names.Skip(1).Select(name => $"{name} = excluded.{name}"))}
            where excluded.process_timestamp >= events.process_timestamp
            """);
        return (copy.Elapsed.TotalSeconds, upsert.Elapsed.TotalSeconds);
    }

    public async Task<long> CountAsync()
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var count = new NpgsqlCommand("select count(*) from events", connection);
        return (long)(await count.ExecuteScalarAsync())!;
    }

    private async Task CopyAsync(string csvFile)
    {
        var target = new NpgsqlConnectionStringBuilder(connectionString);
        var start = new ProcessStartInfo("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", $"\\copy staging from '{csvFile}' csv"]);
        start.Environment["PGHOST"] = target.Host;
        start.Environment["PGPORT"] = target.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        start.Environment["PGUSER"] = target.Username;
        start.Environment["PGPASSWORD"] = target.Password;
        start.Environment["PGDATABASE"] = target.Database;
        using var psql = Process.Start(start)!;
        await psql.WaitForExitAsync();
        if (psql.ExitCode != 0)
        {
            throw new InvalidOperationException($"psql ended with exit code {psql.ExitCode}; its message is above.");
        }
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync();
    }
}
