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

    /// <summary>Makes an empty staging table of some of the shell's columns; one that is there goes.</summary>
    public static async Task CreateStagingAsync(this NpgsqlConnection connection, DomainTable table, string staging, IEnumerable<string> columns, CancellationToken cancellationToken)
    {
        // A type alone, without the rule that key columns are never null: what is staged may have no identity yet.
        await connection.ExecuteAsync($"drop table if exists {staging}", cancellationToken);
        await connection.ExecuteAsync($"create unlogged table {staging} with (autovacuum_enabled = false) as select {string.Join(", ", columns)} from {table.Shell} with no data", cancellationToken);
    }

    /// <summary>
    /// Builds on a partition-to-be every index the shell has besides its key's: those of foreign keys and those that people made. ATTACH takes them over; what is missing it would
    /// build itself, while readers wait.
    /// </summary>
    public static async Task BuildIndexesAsync(this NpgsqlConnection connection, DomainTable table, string name, CancellationToken cancellationToken)
    {
        var definitions = new List<string>();
        await using (var command = new NpgsqlCommand("""
            select pg_get_indexdef(i.indexrelid), format(' ON ONLY %I.%I ', n.nspname, c.relname)
            from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
            where i.indrelid = $1::regclass and not i.indisprimary order by i.indexrelid
            """, connection) { Parameters = { new() { Value = table.Shell } } })
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                var (definition, on) = (reader.GetString(0), reader.GetString(1));
                var rest = definition[(definition.IndexOf(on, StringComparison.Ordinal) + on.Length)..];
                definitions.Add($"create {(definition.StartsWith("CREATE UNIQUE", StringComparison.Ordinal) ? "unique index" : "index")} on {DomainTable.Partition(name)} {rest}");
            }
        }

        foreach (var definition in definitions)
        {
            await connection.ExecuteAsync(definition, cancellationToken);
        }
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
