using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Platform.Benchmarks;

/// <summary>The yardstick for CSV: pgloader with its defaults, loading the file into an existing table.</summary>
internal static class Pgloader
{
    /// <summary>Seconds from its start to its end.</summary>
    public static async Task<double> LoadAsync(string connectionString, string csvFile, string table, IEnumerable<string> columnNames, char separator, bool header, long rows)
    {
        var target = new NpgsqlConnectionStringBuilder(connectionString);
        var script = $"{csvFile}.load";
        var columns = string.Join(", ", columnNames.Select(column => $"\"{column}\""));
        await File.WriteAllTextAsync(script, string.Create(CultureInfo.InvariantCulture, $"""
            LOAD CSV FROM '{csvFile}' ({columns})
            INTO postgresql://{Uri.EscapeDataString(target.Username!)}:{Uri.EscapeDataString(target.Password ?? "")}@{target.Host}:{target.Port}/{target.Database}
            TARGET TABLE {table} ({columns})
            WITH {(header ? "skip header = 1, " : "")}fields optionally enclosed by '"', fields escaped by double-quote, fields terminated by '{separator}';
            """));
        var watch = Stopwatch.StartNew();
        using var process = Process.Start(new ProcessStartInfo("pgloader", ["--root-dir", Path.GetDirectoryName(csvFile)!, script]) { RedirectStandardOutput = true })!;
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        watch.Stop();
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var count = new NpgsqlCommand($"select count(*) from {table}", connection) { CommandTimeout = 600 };
        return (long)(await count.ExecuteScalarAsync())! == rows
            ? watch.Elapsed.TotalSeconds
            : throw new InvalidOperationException($"pgloader did not make {rows} rows (exit code {process.ExitCode}):\n{said}");
    }
}
