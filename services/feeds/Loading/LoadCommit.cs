using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;
using Platform.Feeds.Persistence;
using Platform.Feeds.Tables;
using Platform.Files.Engine;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Feeds.Loading;

/// <summary>
/// How a load ends. Its state and counts, those of its files, the rejected values and the event are written in the transaction that makes the rows visible, fenced by the
/// attempt; a failed load writes the same without rows.
/// </summary>
internal sealed class LoadCommit(TimeProvider clock, OutboxSignal outbox, LoadSignal signal)
{
    /// <summary>Writes a success into <paramref name="transaction"/>; <see cref="CommitAsync"/> or the caller's rollback follows.</summary>
    public async Task WriteAsync(LoadAttempt attempt, NpgsqlTransaction transaction, LoadCounts counts, CancellationToken cancellationToken)
    {
        counts.MustBalance();
        var load = attempt.Load;
        load.State = LoadState.Loaded;
        load.Failure = null;
        load.Reason = null;
        load.TableRows = attempt.Feed.TableRows + counts.Inserted - counts.Removed;
        Take(load, counts);
        await WriteEndAsync(attempt, transaction, cancellationToken);
        await WriteFileCountsAsync(attempt, transaction, cancellationToken);
        await using var rows = new NpgsqlCommand("update feeds set table_rows = $2 where id = $1", transaction.Connection, transaction)
        {
            Parameters = { new() { Value = load.FeedId }, new() { Value = load.TableRows.Value } },
        };
        await rows.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Commits and wakes whoever waits for it.</summary>
    public async Task CommitAsync(NpgsqlTransaction transaction)
    {
        using var activity = ServiceDefaults.Telemetry.Source.StartActivity("load commit");

        // What the loader committed before need not have reached the disk (LoaderSession); this must, and takes all of that with it.
        await transaction.Connection!.ExecuteAsync("set local synchronous_commit to default", CancellationToken.None);

        // Not to be cancelled: it is short, and a commit cut off in the middle would be known to nobody.
        await transaction.CommitAsync(CancellationToken.None);
        outbox.Wake();
        signal.Wake();
    }

    /// <summary>The end without rows, in a transaction of its own: the table is as it was.</summary>
    public async Task FailAsync(LoadAttempt attempt, NpgsqlConnection connection, FailureCategory failure, string reason, CancellationToken cancellationToken)
    {
        var load = attempt.Load;
        load.State = failure == FailureCategory.Cancelled ? LoadState.Cancelled : LoadState.Failed;
        load.Failure = failure;
        load.Reason = reason;
        load.TableRows = null;
        Take(load, new() { Read = attempt.Copied?.Read ?? attempt.Monitor.RowsRead, Rejected = attempt.Copied?.Rejected ?? 0 });
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await WriteEndAsync(attempt, transaction, cancellationToken);
        if (attempt.Copied is not null)
        {
            await WriteFileCountsAsync(attempt, transaction, cancellationToken);
        }

        await CommitAsync(transaction);
    }

    /// <summary>The load waits for a person's decision; it has no worker and no rows.</summary>
    public async Task HoldAsync(LoadAttempt attempt, NpgsqlConnection connection, LoadHeldException held, CancellationToken cancellationToken)
    {
        var load = attempt.Load;
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await attempt.Lease.UpdateAsync(transaction, """
            state = 'held', phase = 'held', lease_owner = null, lease_until = null, next_attempt_at = null, reason = @reason, read = @read, rejected = @rejected, table_rows = @rows_after
            """,
            [new("reason", held.Message), new("read", held.Counts.Read), new("rejected", held.Counts.Rejected), new("rows_after", held.RowsAfter)], cancellationToken);
        await Outbox.PublishAsync(transaction, new FeedLoadHeld
        {
            LoadId = load.Id,
            RunId = load.RunId,
            FeedId = load.FeedId,
            DomainTable = attempt.Feed.DomainTable,
            TableRows = attempt.Feed.TableRows,
            RowsAfter = held.RowsAfter,
            Reason = held.Message,
        }, clock, cancellationToken);
        await Outbox.PublishAsync(transaction, new LoadProgressed { LoadId = load.Id, RunId = load.RunId, Phase = "held", RowsRead = held.Counts.Read }, clock, cancellationToken);
        await CommitAsync(transaction);
    }

    private static void Take(Load load, LoadCounts counts)
    {
        load.Read = counts.Read;
        load.Inserted = counts.Inserted;
        load.Updated = counts.Updated;
        load.Unchanged = counts.Unchanged;
        load.Superseded = counts.Superseded;
        load.Rejected = counts.Rejected;
        load.Removed = counts.Removed;
    }

    private async Task WriteEndAsync(LoadAttempt attempt, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        var load = attempt.Load;
        // In PostgreSQL's precision, so that a repeated announcement says the same.
        var now = clock.GetUtcNow();
        load.EndedAt = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        load.Strategy = load.State == LoadState.Loaded ? attempt.Strategy : null;
        await attempt.Lease.UpdateAsync(transaction, """
            state = @state, phase = 'done', lease_owner = null, lease_until = null, next_attempt_at = null, ended_at = @ended_at,
            strategy = @strategy, strategy_reason = @strategy_reason, failure = @failure, reason = @reason, feed_version = @feed_version,
            read = @read, inserted = @inserted, updated = @updated, unchanged = @unchanged, superseded = @superseded, rejected = @rejected, removed = @removed,
            table_rows = @table_rows, seconds = @seconds, drift = @drift
            """,
            [
                new("state", load.State.ToString().ToLowerInvariant()), new("ended_at", load.EndedAt.Value),
                Text("strategy", load.Strategy), Text("strategy_reason", load.Strategy is null ? null : attempt.StrategyReason),
                Text("failure", load.Failure is null ? null : JsonNamingPolicy.CamelCase.ConvertName(load.Failure.Value.ToString())), Text("reason", load.Reason),
                new("feed_version", NpgsqlDbType.Integer) { Value = (object?)attempt.Feed?.Version ?? DBNull.Value },
                new("read", load.Read), new("inserted", load.Inserted), new("updated", load.Updated), new("unchanged", load.Unchanged),
                new("superseded", load.Superseded), new("rejected", load.Rejected), new("removed", load.Removed),
                new("table_rows", NpgsqlDbType.Bigint) { Value = (object?)load.TableRows ?? DBNull.Value },
                new("drift", NpgsqlDbType.Jsonb) { Value = JsonSerializer.Serialize(attempt.Drift, PlatformJson.Options) },
                new("seconds", NpgsqlDbType.Json) { Value = JsonSerializer.Serialize(attempt.Seconds, PlatformJson.Options) },
            ], cancellationToken);
        await WriteRejectedAsync(attempt, transaction.Connection!, cancellationToken);
        await Outbox.PublishAsync(transaction, LoadAnnouncements.Of(load, attempt.Feed?.DomainTable ?? "")!, clock, cancellationToken);
        if (attempt.Drift.Count > 0)
        {
            await Outbox.PublishAsync(transaction, LoadAnnouncements.Drift(load, attempt.Feed!, attempt.Drift), clock, cancellationToken);
        }
    }

    private static async Task WriteFileCountsAsync(LoadAttempt attempt, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        var counts = attempt.Copied!.Files.Select(file => new { file_no = file.FileId, read = file.Read, rejected = file.Rejected, known = file.Known, unknown = SchemaDrift.UnknownColumns(file).Select(column => column.Name) });
        await using var update = new NpgsqlCommand("""
            update load_files f set read = c.read, rejected = c.rejected, known = c.known, unknown_columns = c.unknown
            from jsonb_to_recordset($2) as c(file_no bigint, read bigint, rejected bigint, known bigint, unknown text[])
            where f.file_no = c.file_no and f.load_id = $1
            """, transaction.Connection, transaction)
        {
            Parameters = { new() { Value = attempt.Load.Id }, new() { Value = JsonSerializer.Serialize(counts, PlatformJson.Options), NpgsqlDbType = NpgsqlDbType.Jsonb } },
        };
        await update.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task WriteRejectedAsync(LoadAttempt attempt, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (attempt.Rejected.Count == 0)
        {
            return;
        }

        await using var import = await connection.BeginBinaryImportAsync("copy rejected_values (load_id, file_no, row_no, field, value, reason) from stdin (format binary)", cancellationToken);
        foreach (RejectedRow row in attempt.Rejected)
        {
            await import.StartRowAsync(cancellationToken);
            await import.WriteAsync(attempt.Load.Id, NpgsqlDbType.Text, cancellationToken);
            await import.WriteAsync(row.FileId, NpgsqlDbType.Bigint, cancellationToken);
            await import.WriteAsync(row.RowNo, NpgsqlDbType.Bigint, cancellationToken);
            await import.WriteAsync(row.Field, NpgsqlDbType.Text, cancellationToken);
            if (row.Value is null)
            {
                await import.WriteNullAsync(cancellationToken);
            }
            else
            {
                await import.WriteAsync(row.Value, NpgsqlDbType.Text, cancellationToken);
            }

            await import.WriteAsync(row.Reason, NpgsqlDbType.Text, cancellationToken);
        }

        await import.CompleteAsync(cancellationToken);
    }

    private static NpgsqlParameter Text(string name, string? value) => new(name, NpgsqlDbType.Text) { Value = (object?)value ?? DBNull.Value };
}
