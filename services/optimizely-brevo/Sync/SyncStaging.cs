using Npgsql;
using NpgsqlTypes;
using Platform.OptimizelyBrevo.Connections;
using Platform.Postgres;

namespace Platform.OptimizelyBrevo.Sync;

/// <summary>
/// Rows of one collection on their way to changes. They lie in temporary tables of one session: a crash leaves nothing, and the collection begins anew. What differs from
/// what was last sent becomes <c>sync_changes</c>, cut into batches, in one transaction with the contacts' new state (O9).
/// </summary>
internal sealed class SyncStaging : IAsyncDisposable
{
    /// <summary>Below this an import is not worth its process, which has to be polled with scarce calls.</summary>
    public const int LeastForImport = 500;

    /// <summary>Contacts of one import: some 3 MB of the 8 MB that Brevo advises as the most.</summary>
    public const int ImportSize = 20_000;

    private const int DryRunSamples = 100;
    private const int ManyChanges = 10_000;
    private readonly NpgsqlConnection _connection;
    private NpgsqlBinaryImporter? _copy;
    private long _rows;

    private SyncStaging(NpgsqlConnection connection) => _connection = connection;

    /// <summary>Rows added so far.</summary>
    public long Rows => _rows;

    public static async Task<SyncStaging> OpenAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var create = new NpgsqlCommand("""
            drop table if exists staged;
            create temp table staged (
                row_no bigint not null, kind smallint not null, subject text not null, email text, desired jsonb, extra jsonb, in_lists bigint[], out_lists bigint[],
                decided_at timestamptz, experiment_key text, variation_key text, skipped text);
            """, connection);
        await create.ExecuteNonQueryAsync(cancellationToken);
        return new(connection);
    }

    public async Task AddAsync(StagedRow row, CancellationToken cancellationToken)
    {
        _copy ??= await _connection.BeginBinaryImportAsync("copy staged from stdin (format binary)", cancellationToken);
        await _copy.StartRowAsync(cancellationToken);
        await _copy.WriteAsync(++_rows, NpgsqlDbType.Bigint, cancellationToken);
        await _copy.WriteAsync((short)row.Kind, NpgsqlDbType.Smallint, cancellationToken);
        await WriteAsync(row.Subject);
        await WriteAsync(row.Email);
        await WriteJsonAsync(row.Desired);
        await WriteJsonAsync(row.Extra);
        await WriteListsAsync(row.InLists);
        await WriteListsAsync(row.OutLists);
        if (row.DecidedAt is { } decidedAt)
        {
            await _copy.WriteAsync(decidedAt, NpgsqlDbType.TimestampTz, cancellationToken);
        }
        else
        {
            await _copy.WriteNullAsync(cancellationToken);
        }

        await WriteAsync(row.ExperimentKey);
        await WriteAsync(row.VariationKey);
        await WriteAsync(row.Skipped);

        // PostgreSQL's text cannot hold NUL; nobody's address or key has one.
        Task WriteAsync(string? text) => text is null ? _copy.WriteNullAsync(cancellationToken) : _copy.WriteAsync(text.Replace("\0", "", StringComparison.Ordinal), NpgsqlDbType.Text, cancellationToken);
        Task WriteJsonAsync(string? text) => text is null ? _copy.WriteNullAsync(cancellationToken) : _copy.WriteAsync(text, NpgsqlDbType.Jsonb, cancellationToken);
        Task WriteListsAsync(long[]? lists) =>
            lists is null or [] ? _copy.WriteNullAsync(cancellationToken) : _copy.WriteAsync(lists, NpgsqlDbType.Array | NpgsqlDbType.Bigint, cancellationToken);
    }

    /// <summary>Contacts whose last refusal is old enough, and those a sync that was cut off left behind.</summary>
    public async Task AddRetriesAsync(string connectionId, CancellationToken cancellationToken)
    {
        await CompleteCopyAsync(cancellationToken);
        await using var command = new NpgsqlCommand("""
            insert into staged (row_no, kind, subject, email, desired, in_lists)
            select $2 + row_number() over (), 0, email, email, desired, nullif(lists, '{}') from contacts
            where connection_id = $1 and retry_at <= clock_timestamp()
            """, _connection)
        {
            Parameters = { new() { Value = connectionId }, new() { Value = _rows } },
        };
        _rows += await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Contacts known to be in a winning variation.</summary>
    public async Task AddWinnersAsync(string connectionId, string experimentKey, string variationKey, string desired, long? listId, CancellationToken cancellationToken)
    {
        await CompleteCopyAsync(cancellationToken);
        await using var command = new NpgsqlCommand("""
            insert into staged (row_no, kind, subject, email, desired, in_lists)
            select $2 + row_number() over (), 3, email, email, $5, $6 from assignments where connection_id = $1 and experiment_key = $3 and variation_key = $4
            """, _connection)
        {
            Parameters =
            {
                new() { Value = connectionId }, new() { Value = _rows }, new() { Value = experimentKey }, new() { Value = variationKey },
                new() { Value = desired, NpgsqlDbType = NpgsqlDbType.Jsonb },
                new() { Value = listId is { } list ? new[] { list } : DBNull.Value, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
            },
        };
        _rows += await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Turns the rows into changes and batches and moves the sync to sending, or in a dry run ends with counts and samples. One transaction, fenced by the lease.</summary>
    public async Task<SyncCounts> ResolveAsync(RowLease lease, SyncRun sync, BrevoSettings brevo, long conversions, IReadOnlyList<TableReading> readings, CancellationToken cancellationToken)
    {
        await CompleteCopyAsync(cancellationToken);
        await using var transaction = await _connection.BeginTransactionAsync(cancellationToken);
        await using (var prepare = new NpgsqlCommand(SyncStagingSql.Prepare, _connection, transaction) { CommandTimeout = 0 })
        {
            await prepare.ExecuteNonQueryAsync(cancellationToken);
        }

        await ExecuteAsync(SyncStagingSql.DropOutdated);
        await ExecuteAsync(SyncStagingSql.FindChanges);
        await ExecuteAsync(SyncStagingSql.Cut, new("listed", brevo.ListId is not null && brevo.CreateContacts), new("least", LeastForImport), new("create", brevo.CreateContacts),
            new("import_size", ImportSize), new("update_size", brevo.BatchSize));
        var counts = await CountAsync(conversions, cancellationToken);
        await ExecuteAsync(SyncStagingSql.KeepSkipped, new NpgsqlParameter("most", sync.DryRun ? DryRunSamples : int.MaxValue));
        if (sync.DryRun)
        {
            await ExecuteAsync(SyncStagingSql.KeepChanges, new NpgsqlParameter("most", DryRunSamples));
        }
        else
        {
            await ExecuteAsync(SyncStagingSql.KeepChanges, new NpgsqlParameter("most", long.MaxValue));
            await ExecuteAsync(SyncStagingSql.KeepBatches);
            await ExecuteAsync(SyncStagingSql.KeepDesired);
            await ExecuteAsync(SyncStagingSql.KeepUnchanged);
            await ExecuteAsync(SyncStagingSql.KeepAssignments);
            foreach (var reading in readings)
            {
                await SourcePositions.KeepAsync(transaction, sync.ConnectionId, reading, cancellationToken);
            }
        }

        await lease.UpdateAsync(
            transaction, "phase = 'Sending', counts = @counts, failures = 0",
            [new("counts", NpgsqlDbType.Jsonb) { Value = System.Text.Json.JsonSerializer.Serialize(counts, ServiceDefaults.PlatformJson.Options) }], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        if (!sync.DryRun && counts.Changed >= ManyChanges)
        {
            // Until autovacuum comes by, the planner would take a million new rows for a few.
            await using var analyze = new NpgsqlCommand("analyze sync_changes, contacts", _connection) { CommandTimeout = 0 };
            await analyze.ExecuteNonQueryAsync(cancellationToken);
        }

        return counts;

        async Task ExecuteAsync(string sql, params NpgsqlParameter[] more)
        {
            await using var command = new NpgsqlCommand(sql, _connection, transaction) { CommandTimeout = 0 };
            command.Parameters.Add(new("sync", sync.Id));
            command.Parameters.Add(new("connection", sync.ConnectionId));
            command.Parameters.AddRange(more);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_copy is not null)
        {
            await _copy.DisposeAsync();
        }

        await _connection.DisposeAsync();
    }

    private async Task CompleteCopyAsync(CancellationToken cancellationToken)
    {
        if (_copy is not null)
        {
            await _copy.CompleteAsync(cancellationToken);
            await _copy.DisposeAsync();
            _copy = null;
        }
    }

    private async Task<SyncCounts> CountAsync(long conversions, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""
            select (select count(*) from staged), (select count(*) from staged where skipped is not null),
                (select count(*) from changed), (select count(*) from changed where differs)
            """, _connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (read, skipped, contacts, changed) = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
        return new()
        {
            Read = read,
            Skipped = skipped,
            Changed = changed,
            Unchanged = contacts - changed,
            Superseded = read - skipped - contacts,
            Pending = changed,
            Conversions = conversions,
        };
    }
}
