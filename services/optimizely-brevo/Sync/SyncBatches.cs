using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Platform.Postgres;

namespace Platform.OptimizelyBrevo.Sync;

/// <summary>A contact of a batch with what is to be sent.</summary>
internal sealed record ChangedContact(long No, string Subject, JsonElement Attributes, long[] AddLists, long[] DropLists)
{
    public bool HasAttributes => Attributes.EnumerateObject().Any();

    /// <summary>Bytes of its entry in an import.</summary>
    public int Size => System.Text.Encoding.UTF8.GetByteCount(Attributes.GetRawText()) + Subject.Length + 32;
}

/// <summary>The batches of a sync in PostgreSQL. Every change is fenced by the sync's lease: who lost it changes nothing.</summary>
internal sealed class SyncBatches(NpgsqlDataSource database)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromHours(1);

    public async Task<List<SyncBatch>> ListAsync(string syncId, BatchState state, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("select no, kind, contacts, process_id, updated_at from sync_batches where sync_id = $1 and state = $2 order by no");
        command.Parameters.Add(new() { Value = syncId });
        command.Parameters.Add(new() { Value = state.ToString() });
        var found = new List<SyncBatch>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(new()
            {
                SyncId = syncId,
                No = reader.GetInt32(0),
                Kind = Enum.Parse<BatchKind>(reader.GetString(1)),
                State = state,
                Contacts = reader.GetInt32(2),
                ProcessId = reader.IsDBNull(3) ? null : reader.GetInt64(3),
                UpdatedAt = reader.GetFieldValue<DateTimeOffset>(4),
            });
        }

        return found;
    }

    /// <summary>Its contacts that have no outcome yet, in order.</summary>
    public async Task<List<ChangedContact>> ReadAsync(SyncBatch batch, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "select no, subject, coalesce(attributes, '{}')::text, add_lists, drop_lists from sync_changes where sync_id = $1 and batch_no = $2 and outcome = 'Pending' order by no");
        command.Parameters.Add(new() { Value = batch.SyncId });
        command.Parameters.Add(new() { Value = batch.No });
        var contacts = new List<ChangedContact>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            contacts.Add(new(reader.GetInt64(0), reader.GetString(1), JsonElement.Parse(reader.GetString(2)), reader.GetFieldValue<long[]>(3), reader.GetFieldValue<long[]>(4)));
        }

        return contacts;
    }

    public Task MoveAsync(RowLease lease, SyncBatch batch, BatchState state, long? processId, CancellationToken cancellationToken) => FencedAsync(
        lease, state == BatchState.Sending ? "counts = counts || jsonb_build_object('calls', coalesce((counts ->> 'calls')::bigint, 0) + 1)" : "failures = 0", async transaction =>
        {
            await ExecuteAsync(
                transaction, "update sync_batches set state = $3, process_id = coalesce($4, process_id), updated_at = clock_timestamp() where sync_id = $1 and no = $2", cancellationToken,
                batch.SyncId, batch.No, state.ToString(), new NpgsqlParameter { Value = (object?)processId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint });
        }, cancellationToken);

    /// <summary>Brevo has the contacts: what was sent is what it holds.</summary>
    public Task CompleteAsync(RowLease lease, SyncBatch batch, CancellationToken cancellationToken) => CompleteAsync(lease, batch, [], cancellationToken);

    /// <summary>Brevo has the contacts but for <paramref name="others"/>, which go out again one by one.</summary>
    public Task CompleteAsync(RowLease lease, SyncBatch batch, IReadOnlyList<ChangedContact> others, CancellationToken cancellationToken) => MovedAsync(lease, "sent", async transaction =>
    {
        await DivideAsync(transaction, batch, [.. others.Chunk(1)], BatchKind.Single, cancellationToken);
        await ExecuteAsync(transaction, """
            update contacts c set sent = coalesce(c.sent, '{}') || coalesce(ch.attributes, '{}'), sent_at = clock_timestamp(), failures = 0, reason = null, retry_at = null,
                sent_lists = array(select distinct e from unnest(c.sent_lists || ch.add_lists) as e where e <> all (ch.drop_lists))
            from sync_changes ch join syncs s on s.id = ch.sync_id
            where ch.sync_id = $1 and ch.batch_no = $2 and ch.outcome = 'Pending' and c.connection_id = s.connection_id and c.email = ch.subject
            """, cancellationToken, batch.SyncId, batch.No);
        return await OutcomeAsync(transaction, batch, "Sent", null, BatchState.Done, cancellationToken);
    }, cancellationToken);

    /// <summary>Brevo's list shows contacts of imports; those it shows as they were sent have arrived.</summary>
    public Task ConfirmAsync(RowLease lease, string syncId, string[] emails, string[] attributes, CancellationToken cancellationToken) => MovedAsync(lease, "sent", async transaction =>
    {
        // Brevo answers an emptied attribute by leaving it out.
        return await ExecuteAsync(transaction, """
            with confirmed as (
                update sync_changes ch set outcome = 'Sent'
                from unnest($2, $3) as held (email, attributes), sync_batches b
                where ch.sync_id = $1 and ch.subject = held.email and ch.outcome = 'Pending' and b.sync_id = ch.sync_id and b.no = ch.batch_no and b.state = 'Importing'
                    and not exists (select 1 from jsonb_each(coalesce(ch.attributes, '{}')) sent
                        where sent.value is distinct from coalesce(nullif(held.attributes -> sent.key, 'null'), '""'))
                returning ch.subject, ch.attributes)
            update contacts c set sent = coalesce(c.sent, '{}') || coalesce(confirmed.attributes, '{}'), sent_at = clock_timestamp(), failures = 0, reason = null, retry_at = null
            from confirmed, syncs s where s.id = $1 and c.connection_id = s.connection_id and c.email = confirmed.subject
            """, cancellationToken, syncId, emails, new NpgsqlParameter { Value = attributes, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Jsonb });
    }, cancellationToken);

    /// <summary>Brevo refuses the batch's one contact: it is listed with the reason, and tried again with a later sync.</summary>
    public Task RejectAsync(RowLease lease, SyncBatch batch, string reason, CancellationToken cancellationToken) => MovedAsync(lease, "rejected", async transaction =>
    {
        await ExecuteAsync(transaction, """
            update contacts c set failures = c.failures + 1, reason = $3, retry_at = clock_timestamp() + $4 * power(2, least(c.failures, 7))
            from sync_changes ch join syncs s on s.id = ch.sync_id
            where ch.sync_id = $1 and ch.batch_no = $2 and ch.outcome = 'Pending' and c.connection_id = s.connection_id and c.email = ch.subject
            """, cancellationToken, batch.SyncId, batch.No, reason, FirstRetry);
        return await OutcomeAsync(transaction, batch, "Rejected", reason, BatchState.Rejected, cancellationToken);
    }, cancellationToken);

    /// <summary>Divides a batch in two, or into single contacts.</summary>
    public Task SplitAsync(RowLease lease, SyncBatch batch, IReadOnlyList<ChangedContact> contacts, BatchKind kind, CancellationToken cancellationToken) => FencedAsync(lease, "failures = 0", async transaction =>
    {
        await DivideAsync(transaction, batch, [.. contacts.Chunk(kind == BatchKind.Single ? 1 : (contacts.Count + 1) / 2)], kind, cancellationToken);
        await ExecuteAsync(transaction, "update sync_batches set state = 'Split', updated_at = clock_timestamp() where sync_id = $1 and no = $2", cancellationToken, batch.SyncId, batch.No);
    }, cancellationToken);

    private static async Task DivideAsync(NpgsqlTransaction transaction, SyncBatch batch, IReadOnlyList<ChangedContact[]> parts, BatchKind kind, CancellationToken cancellationToken)
    {
        if (parts.Count == 0)
        {
            return;
        }

        // The lease's row is locked by the fence, so no other batch of this sync takes the same numbers.
        await using var greatest = new NpgsqlCommand("select max(no) from sync_batches where sync_id = $1", transaction.Connection, transaction) { Parameters = { new() { Value = batch.SyncId } } };
        var next = (int)(await greatest.ExecuteScalarAsync(cancellationToken))! + 1;
        foreach (var part in parts)
        {
            await ExecuteAsync(
                transaction, "insert into sync_batches (sync_id, no, kind, state, contacts, updated_at) values ($1, $2, $3, 'Ready', $4, clock_timestamp())", cancellationToken,
                batch.SyncId, next, kind.ToString(), part.Length);
            await ExecuteAsync(transaction, "update sync_changes set batch_no = $2 where sync_id = $1 and no = any($3)", cancellationToken, batch.SyncId, next, part.Select(contact => contact.No).ToArray());
            next++;
        }
    }

    /// <summary>The contacts that got the outcome.</summary>
    private static async Task<int> OutcomeAsync(NpgsqlTransaction transaction, SyncBatch batch, string outcome, string? reason, BatchState state, CancellationToken cancellationToken)
    {
        var moved = await ExecuteAsync(
            transaction, "update sync_changes set outcome = $3, reason = $4 where sync_id = $1 and batch_no = $2 and outcome = 'Pending'", cancellationToken,
            batch.SyncId, batch.No, outcome, new NpgsqlParameter { Value = (object?)reason ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        await ExecuteAsync(transaction, "update sync_batches set state = $3, updated_at = clock_timestamp() where sync_id = $1 and no = $2", cancellationToken, batch.SyncId, batch.No, state.ToString());
        return moved;
    }

    // The fence comes first, for its lock keeps the batches of a sync apart; the counts come last, when they are known.
    private Task MovedAsync(RowLease lease, string to, Func<NpgsqlTransaction, Task<int>> change, CancellationToken cancellationToken) => FencedAsync(lease, "failures = 0", async transaction =>
    {
        var moved = await change(transaction);
        await lease.UpdateAsync(
            transaction, $"counts = counts || jsonb_build_object('{to}', coalesce((counts ->> '{to}')::bigint, 0) + @moved, 'pending', coalesce((counts ->> 'pending')::bigint, 0) - @moved)",
            [new("moved", moved)], cancellationToken);
    }, cancellationToken);

    private async Task FencedAsync(RowLease lease, string set, Func<NpgsqlTransaction, Task> change, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await lease.UpdateAsync(transaction, set, [], cancellationToken);
        await change(transaction);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<int> ExecuteAsync(NpgsqlTransaction transaction, string sql, CancellationToken cancellationToken, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, transaction.Connection, transaction) { CommandTimeout = 0 };
        foreach (var value in values)
        {
            command.Parameters.Add(value as NpgsqlParameter ?? new() { Value = value });
        }

        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
