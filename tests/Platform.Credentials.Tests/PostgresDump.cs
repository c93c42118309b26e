using System.Diagnostics;
using Npgsql;
using Xunit;

namespace Platform.Credentials.Tests;

/// <summary>Copies a database as an operator does: pg_dump into psql (docs/operations.md).</summary>
internal static class PostgresDump
{
    public static async Task CopyAsync(string from, string to)
    {
        var dump = await RunAsync("pg_dump", from, ["--no-owner", "--format=plain"], "");
        Assert.Contains("sealed_secrets", dump);
        await RunAsync("psql", to, ["--quiet", "--set", "ON_ERROR_STOP=1", "--single-transaction"], dump);
    }

    private static async Task<string> RunAsync(string program, string connectionString, string[] arguments, string input)
    {
        var database = new NpgsqlConnectionStringBuilder(connectionString);
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PGHOST"] = database.Host;
        start.Environment["PGPORT"] = database.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        start.Environment["PGUSER"] = database.Username;
        start.Environment["PGPASSWORD"] = database.Password;
        start.Environment["PGDATABASE"] = database.Database;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {await errors}");
        return await output;
    }
}
