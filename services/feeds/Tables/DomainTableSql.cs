using Npgsql;

namespace Platform.Feeds.Tables;

/// <summary>Statements about the shell and its partition that several parts need.</summary>
internal static class DomainTableSql
{
    /// <summary>The table attached to the shell at present.</summary>
    public static async Task<string> AttachedPartitionAsync(this NpgsqlConnection connection, DomainTable table, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""
            select part.relname from pg_inherits i join pg_class part on part.oid = i.inhrelid
            where i.inhparent = $1::regclass
            """, connection) { Parameters = { new() { Value = table.Shell } } };
        return (string?)await command.ExecuteScalarAsync(cancellationToken)
            ?? throw new InvalidOperationException($"The domain table {table.Name} has no partition.");
    }

    /// <summary>Runs one statement without parameters and gives the number of rows it changed.</summary>
    public static async Task<int> ExecuteAsync(this NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>One value of one row.</summary>
    public static async Task<T> ScalarAsync<T>(this NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>The statement that makes a partition-to-be: the shell's columns, no index.</summary>
    public static string CreatePartition(this DomainTable table, string name) =>
        $"create table {DomainTable.Partition(name)} ({string.Join(", ", table.ColumnDefinitions)})";

    public static string CreateKeyIndex(this DomainTable table, string name) =>
        $"create unique index {DomainTable.Quote($"{name}_key")} on {DomainTable.Partition(name)} ({table.Key})";

    public static string UseKeyIndex(this DomainTable table, string name) =>
        $"alter table {DomainTable.Partition(name)} add constraint {DomainTable.Quote($"{name}_key")} primary key using index {DomainTable.Quote($"{name}_key")}";

    public static string Attach(this DomainTable table, string name) =>
        $"alter table {table.Shell} attach partition {DomainTable.Partition(name)} for values from (minvalue) to (maxvalue)";

    public static string Detach(this DomainTable table, string name) => $"alter table {table.Shell} detach partition {DomainTable.Partition(name)}";
}
