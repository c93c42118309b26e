using System.Globalization;
using Npgsql;
using Platform.Contracts.Failures;
using Platform.Feeds.Tables;

namespace Platform.Feeds.Loading;

/// <summary>
/// A load whose rows make up the whole table afterwards: a first load, or a truncate. COPY with FREEZE into a new partition, the key index built afterwards, one exchange
/// of partitions. Nobody sees the new partition before.
/// </summary>
internal sealed class SwapLoad(EngineCopy copy, PartitionSwap swap)
{
    public async Task RunAsync(LoadAttempt attempt, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var table = attempt.Table;
        var target = DomainTable.Partition(attempt.PartName);
        attempt.Strategy = LoadStrategy.Swap;
        attempt.StrategyReason = attempt.Feed.TableRows == 0
            ? "the table is empty: rows are copied straight into a new partition."
            : $"truncate and upsert: a new partition replaces the {attempt.Feed.TableRows} stored rows.";

        await (table.Definition.Keyless ? CopyKeylessAsync(attempt, connection, target, cancellationToken) : CopyKeyedAsync(attempt, connection, target, cancellationToken));
        attempt.Monitor.Phase = "merging";
        var superseded = await attempt.StepAsync("index", () => IndexAsync(attempt, connection, target, cancellationToken));
        var counts = await attempt.StepAsync("count", () => CountAsync(attempt, connection, target, superseded, cancellationToken));
        await HoldWhatCostsTooMuchAsync(attempt, connection, target, counts, cancellationToken);
        var old = await connection.AttachedPartitionAsync(table, cancellationToken);
        await using var exchange = await connection.BeginTransactionAsync(cancellationToken);
        await swap.CommitAsync(attempt, exchange, attempt.PartName, old, counts, cancellationToken);
    }

    private Task CopyKeyedAsync(LoadAttempt attempt, NpgsqlConnection connection, string target, CancellationToken cancellationToken) => attempt.StepAsync("copy", async () =>
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await CreateAsync(attempt, connection, target, cancellationToken);
        await copy.RunAsync(attempt, connection, target, ", freeze", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    });

    private async Task CopyKeylessAsync(LoadAttempt attempt, NpgsqlConnection connection, string target, CancellationToken cancellationToken)
    {
        var raw = DomainTable.Staging(attempt.RawName);
        await attempt.StepAsync("copy", async () =>
        {
            await connection.CreateStagingAsync(attempt.Table, raw, attempt.Table.CopiedColumns, cancellationToken);
            await copy.RunAsync(attempt, connection, raw, "", cancellationToken);
        });
        await attempt.StepAsync("identify", async () =>
        {
            await CreateAsync(attempt, connection, target, cancellationToken);
            await KeylessRows.FillAsync(connection, attempt.Table, raw, target, cancellationToken);
        });
    }

    private static async Task CreateAsync(LoadAttempt attempt, NpgsqlConnection connection, string target, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync($"drop table if exists {target}", cancellationToken);
        await connection.ExecuteAsync($"{attempt.Table.CreatePartition(attempt.PartName)} with (autovacuum_enabled = false)", cancellationToken);
        await SetUpdatedAtAsync(attempt, connection, target, cancellationToken);
    }

    /// <summary>A truncate that would empty the table, or shrink it by more than the feed allows, is more often a broken export than meant: it waits for approval (F8).</summary>
    private static async Task HoldWhatCostsTooMuchAsync(LoadAttempt attempt, NpgsqlConnection connection, string target, LoadCounts counts, CancellationToken cancellationToken)
    {
        var (before, after) = (attempt.Feed.TableRows, attempt.Feed.TableRows + counts.Inserted - counts.Removed);
        var allowed = attempt.Table.Definition.HoldTruncateAbovePercent;
        if (attempt.Load.TruncateApproved || (before - after) * 100m <= allowed * before)
        {
            return;
        }

        await connection.ExecuteAsync($"drop table {target}", cancellationToken);
        throw new LoadHeldException(counts, after, string.Create(CultureInfo.InvariantCulture,
            $"The truncate would leave {after} of the {before} rows of {attempt.Table.Name} ({(before - after) * 100m / before:0.#} % fewer); the feed allows {allowed:0.##} %. The table is as it was. POST /api/loads/{attempt.Load.Id}/approve goes on, /reject ends the load; later loads of the feed wait."));
    }

    /// <summary>The engine knows nothing of a generated field: a default gives all rows of the load one value, and goes again.</summary>
    private static async Task SetUpdatedAtAsync(LoadAttempt attempt, NpgsqlConnection connection, string target, CancellationToken cancellationToken)
    {
        if (attempt.Table.Definition.GenerateUpdatedField)
        {
            await connection.ExecuteAsync($"alter table {target} alter column {DomainTable.UpdatedAt} set default {attempt.UpdatedAt}", cancellationToken);
        }
    }

    /// <summary>Most files have no key twice, so the index is tried first; only its refusal costs a search for the losers.</summary>
    private static async Task<long> IndexAsync(LoadAttempt attempt, NpgsqlConnection connection, string target, CancellationToken cancellationToken)
    {
        var table = attempt.Table;
        long superseded = 0;
        try
        {
            await connection.ExecuteAsync(table.CreateKeyIndex(attempt.PartName), cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            superseded = await Winners.DeleteLosersAsync(connection, table, target, cancellationToken);
            await connection.ExecuteAsync(table.CreateKeyIndex(attempt.PartName), cancellationToken);
        }

        await connection.ExecuteAsync(table.UseKeyIndex(attempt.PartName), cancellationToken);
        await connection.BuildIndexesAsync(table, attempt.PartName, cancellationToken);
        if (table.Definition.GenerateUpdatedField)
        {
            await connection.ExecuteAsync($"alter table {target} alter column {DomainTable.UpdatedAt} drop default", cancellationToken);
        }

        return superseded;
    }

    /// <summary>Rows count as inserted, updated or unchanged against the rows they replace; of those, the ones that did not come back count as removed.</summary>
    private static async Task<LoadCounts> CountAsync(LoadAttempt attempt, NpgsqlConnection connection, string target, long superseded, CancellationToken cancellationToken)
    {
        var rows = await connection.ScalarAsync<long>($"select count(*) from {target}", cancellationToken);
        if (rows + superseded != attempt.Copied!.Written)
        {
            throw new LoadFailedException(FailureCategory.Environment,
                $"The new partition has {rows} rows after {superseded} were superseded, but {attempt.Copied.Written} were copied into it.");
        }

        var counts = new LoadCounts { Read = attempt.Copied.Read, Rejected = attempt.Copied.Rejected, Superseded = superseded, Inserted = rows };
        if (attempt.Feed.TableRows == 0 || rows == 0)
        {
            return counts with { Removed = attempt.Feed.TableRows };
        }

        var table = attempt.Table;
        var old = DomainTable.Partition(await connection.AttachedPartitionAsync(table, cancellationToken));
        await using var compare = new NpgsqlCommand($"""
            select count(*), count(*) filter (where {Winners.Differ(table, "n", "o")})
            from {target} n join {old} o on {Winners.SameKey(table, "n", "o")}
            """, connection)
        { CommandTimeout = 0 };
        await using var reader = await compare.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (kept, changed) = (reader.GetInt64(0), reader.GetInt64(1));
        return counts with { Inserted = rows - kept, Updated = changed, Unchanged = kept - changed, Removed = attempt.Feed.TableRows - kept };
    }
}
