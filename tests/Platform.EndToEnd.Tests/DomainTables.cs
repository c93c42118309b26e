using System.Globalization;
using Npgsql;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.EndToEnd.Tests;

/// <summary>Looks into domain tables the way any SQL client does.</summary>
internal static class DomainTables
{
    /// <summary>One value; <c>{table}</c> in <paramref name="sql"/> stands for the quoted domain table.</summary>
    public static async Task<string?> AskAsync(this RunningPlatform platform, string table, string sql)
    {
        await using var connection = new NpgsqlConnection(platform.DatabaseOf("feeds"));
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(sql.Replace("{table}", $"domain.\"{table.Replace("\"", "\"\"")}\""), connection);
        var value = await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
        return value is DBNull ? null : Convert.ToString(value, CultureInfo.InvariantCulture);
    }

    /// <summary>A fingerprint of every value and lineage of the table: equal before and after means nothing at all changed.</summary>
    public static Task<string?> FingerprintAsync(this RunningPlatform platform, string table) =>
        platform.AskAsync(table, "select count(*) || ' ' || coalesce(md5(string_agg(t::text, ',' order by uuid)), '') from {table} t");
}
