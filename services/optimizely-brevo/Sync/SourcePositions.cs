using Npgsql;
using NpgsqlTypes;
using Platform.OptimizelyBrevo.Connections;

namespace Platform.OptimizelyBrevo.Sync;

/// <summary>Which loads of a source table a connection has read (table <c>source_positions</c>).</summary>
internal sealed class SourcePosition
{
    public required string ConnectionId { get; init; }

    public required string TableName { get; init; }

    public required SourceKind Kind { get; init; }

    /// <summary>Hash of all that decides what a row means. Another one: the table is read whole again.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Numbers of the loads that were read.</summary>
    public required NpgsqlRange<long>[] Loads { get; init; }
}

/// <summary>Opens and keeps positions. They are kept in the transaction that keeps the changes the rows led to, or not at all.</summary>
internal sealed class SourcePositions(NpgsqlDataSource database)
{
    public async Task<TableReading> OpenAsync(string connectionId, SourceTable source, string meaning, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("select fingerprint, loads::text from source_positions where connection_id = $1 and table_name = $2 and kind = $3");
        command.Parameters.Add(new() { Value = connectionId });
        command.Parameters.Add(new() { Value = source.Table });
        command.Parameters.Add(new() { Value = source.Kind.ToString() });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new(source, meaning, reader.GetString(0), reader.GetString(1)) : new(source, meaning, null, null);
    }

    public static async Task KeepAsync(NpgsqlTransaction transaction, string connectionId, TableReading reading, CancellationToken cancellationToken)
    {
        if (reading.Fingerprint is null)
        {
            return;
        }

        await using var command = new NpgsqlCommand("""
            insert into source_positions as p (connection_id, table_name, kind, fingerprint, loads)
            values ($1, $2, $3, $4, coalesce((select range_agg(int8range(load, load, '[]')) from unnest($5) load), '{}'))
            on conflict (connection_id, table_name, kind) do update set
                fingerprint = excluded.fingerprint, loads = case when p.fingerprint = excluded.fingerprint then p.loads + excluded.loads else excluded.loads end
            """, transaction.Connection, transaction)
        {
            Parameters =
            {
                new() { Value = connectionId }, new() { Value = reading.Source.Table }, new() { Value = reading.Source.Kind.ToString() }, new() { Value = reading.Fingerprint },
                new() { Value = reading.Loads, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
