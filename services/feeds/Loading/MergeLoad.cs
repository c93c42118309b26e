using Npgsql;
using Platform.Contracts.Failures;
using Platform.Feeds.Tables;

namespace Platform.Feeds.Loading;

/// <summary>
/// A load into a table that has rows: COPY into an unlogged staging table, one join that finds the fate of every row that is not unchanged, then either the changed rows alone are
/// applied in place, or, when they are many beside the table, table and changes are written into a new partition that is swapped in.
/// </summary>
internal sealed class MergeLoad(EngineCopy copy, PartitionSwap swap, LoadCommit commit)
{
    public async Task RunAsync(LoadAttempt attempt, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var table = attempt.Table;
        var staging = DomainTable.Staging(attempt.PartName);
        var raw = table.Definition.Keyless ? DomainTable.Staging(attempt.RawName) : staging;
        await attempt.StepAsync("copy", async () =>
        {
            await connection.CreateStagingAsync(table, raw, table.CopiedColumns, cancellationToken);
            await copy.RunAsync(attempt, connection, raw, "", cancellationToken);
        });
        if (table.Definition.Keyless)
        {
            await attempt.StepAsync("identify", async () =>
            {
                await connection.CreateStagingAsync(table, staging, table.StagedColumns, cancellationToken);
                await KeylessRows.FillAsync(connection, table, raw, staging, cancellationToken);
            });
        }

        attempt.Monitor.Phase = "merging";
        var superseded = await attempt.StepAsync("deduplicate", () => DeduplicateAsync(attempt, connection, staging, cancellationToken));
        var partition = await connection.AttachedPartitionAsync(table, cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var fates = await attempt.StepAsync("classify", () => ClassifyAsync(table, connection, staging, DomainTable.Partition(partition), cancellationToken));
        var counts = new LoadCounts
        {
            Read = attempt.Copied!.Read,
            Rejected = attempt.Copied.Rejected,
            Superseded = superseded + fates.StoredWins,
            Inserted = fates.Insert,
            Updated = fates.Update,
            Unchanged = attempt.Copied.Written - superseded - fates.StoredWins - fates.Insert - fates.Update,
        };
        var (rebuild, why) = LoadStrategy.Choose(attempt.Feed.TableRows, fates.Insert, fates.Update);
        attempt.Strategy = rebuild ? LoadStrategy.Swap : LoadStrategy.Merge;
        attempt.StrategyReason = why;
        if (rebuild)
        {
            await attempt.StepAsync("rebuild", () => RebuildAsync(attempt, connection, staging, partition, counts, cancellationToken));
            await swap.CommitAsync(attempt, transaction, attempt.PartName, partition, counts, cancellationToken);
        }
        else
        {
            await attempt.StepAsync("apply", () => ApplyAsync(attempt, connection, staging, DomainTable.Partition(partition), counts, cancellationToken));
            attempt.Monitor.Phase = "committing";
            await commit.WriteAsync(attempt, transaction, counts, cancellationToken);
            await commit.CommitAsync(transaction);
        }
    }

    private static async Task<long> DeduplicateAsync(LoadAttempt attempt, NpgsqlConnection connection, string staging, CancellationToken cancellationToken)
    {
        var (rows, mayHaveDuplicates) = await Winners.CountAsync(connection, attempt.Table, staging, cancellationToken);
        if (rows != attempt.Copied!.Written)
        {
            // An unlogged table is empty after a crash of the server.
            throw new LoadFailedException(FailureCategory.Environment, $"The staging table has {rows} rows, but {attempt.Copied.Written} were copied into it.");
        }

        return mayHaveDuplicates ? await Winners.DeleteLosersAsync(connection, attempt.Table, staging, cancellationToken) : 0;
    }

    /// <summary>
    /// Keeps place and fate of every staged row that is not unchanged: i(nsert), u(pdate), s(tored row wins). Hash or nested loop, never a merge join: the key index is in no
    /// relation to the order of the heap.
    /// </summary>
    private static async Task<(long Insert, long Update, long StoredWins)> ClassifyAsync(
        DomainTable table, NpgsqlConnection connection, string staging, string partition, CancellationToken cancellationToken)
    {
        var key = table.KeyColumns.First();
        await connection.ExecuteAsync($"""
            set local enable_mergejoin = off;
            create temp table fates on commit drop as
            select s.ctid as staged, t.ctid as stored,
                (case when t.{key} is null then 'i' when {Winners.StoredWins(table, "t", "s")} then 's' else 'u' end)::"char" as fate
            from {staging} s left join {partition} t on {Winners.SameKey(table, "t", "s")}
            where t.{key} is null or {Winners.Differ(table, "s", "t")}
            """, cancellationToken);
        await connection.ExecuteAsync("analyze fates", cancellationToken);
        await using var count = new NpgsqlCommand("select count(*) filter (where fate = 'i'), count(*) filter (where fate = 'u'), count(*) filter (where fate = 's') from fates", connection);
        await using var reader = await count.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
    }

    private static async Task ApplyAsync(LoadAttempt attempt, NpgsqlConnection connection, string staging, string partition, LoadCounts counts, CancellationToken cancellationToken)
    {
        var table = attempt.Table;
        if (counts.Updated > 0)
        {
            await KeepBeforeImagesAsync(attempt, connection, partition, counts, cancellationToken);
            var set = table.ValueColumns.Concat(DomainTable.Lineage).Select(column => $"{column} = s.{column}");
            var updated = await connection.ExecuteAsync($"""
                update {partition} t set {string.Join(", ", table.Definition.GenerateUpdatedField ? set.Append($"{DomainTable.UpdatedAt} = {attempt.UpdatedAt}") : set)}
                from (select staged, stored from fates where fate = 'u' order by stored) f join {staging} s on s.ctid = f.staged
                where t.ctid = f.stored
                """, cancellationToken);
            MustBe(counts.Updated, updated, "updated");
        }

        if (counts.Inserted > 0)
        {
            var inserted = await connection.ExecuteAsync($"""
                insert into {partition} ({string.Join(", ", table.Columns)})
                select {StagedColumns(attempt)} from fates f join {staging} s on s.ctid = f.staged where f.fate = 'i' order by {string.Join(", ", table.KeyColumns.Select(column => $"s.{column}"))}
                """, cancellationToken);
            MustBe(counts.Inserted, inserted, "inserted");
        }
    }

    /// <summary>
    /// The rows as they were before this load changed them, kept as long as a partition that a swap replaced: without them a load could not be undone later. They lie in a table of
    /// their own, which is dropped whole.
    /// </summary>
    private static async Task KeepBeforeImagesAsync(LoadAttempt attempt, NpgsqlConnection connection, string partition, LoadCounts counts, CancellationToken cancellationToken)
    {
        var columns = string.Join(", ", attempt.Table.Columns);
        var images = DomainTable.Partition(attempt.PartName);
        await connection.ExecuteAsync($"{attempt.Table.CreatePartition(attempt.PartName)} with (autovacuum_enabled = false)", cancellationToken);
        var kept = await connection.ExecuteAsync($"""
            insert into {images} ({columns})
            select {string.Join(", ", attempt.Table.Columns.Select(column => $"t.{column}"))} from (select stored from fates where fate = 'u' order by stored) f join {partition} t on t.ctid = f.stored
            """, cancellationToken);
        MustBe(counts.Updated, kept, "kept as they were");
        await using var keep = new NpgsqlCommand("insert into detached_partitions (name, feed_id, load_id, kind, detached_at) values ($1, $2, $3, 'before-images', clock_timestamp())", connection)
        {
            Parameters = { new() { Value = attempt.PartName }, new() { Value = attempt.Feed.Id }, new() { Value = attempt.Load.Id } },
        };
        await keep.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task RebuildAsync(LoadAttempt attempt, NpgsqlConnection connection, string staging, string oldPartition, LoadCounts counts, CancellationToken cancellationToken)
    {
        var table = attempt.Table;
        var columns = string.Join(", ", table.Columns);
        var target = DomainTable.Partition(attempt.PartName);
        await connection.ExecuteAsync($"{table.CreatePartition(attempt.PartName)} with (autovacuum_enabled = false)", cancellationToken);
        var kept = await connection.ExecuteAsync($"""
            insert into {target} ({columns})
            select {columns} from {DomainTable.Partition(oldPartition)} t where not exists (select from fates f where f.stored = t.ctid and f.fate = 'u')
            """, cancellationToken);
        MustBe(attempt.Feed.TableRows - counts.Updated, kept, "kept");
        var changed = await connection.ExecuteAsync($"""
            insert into {target} ({columns})
            select {StagedColumns(attempt)} from fates f join {staging} s on s.ctid = f.staged where f.fate in ('i', 'u')
            """, cancellationToken);
        MustBe(counts.Inserted + counts.Updated, changed, "new or changed");
        await connection.ExecuteAsync(table.CreateKeyIndex(attempt.PartName), cancellationToken);
        await connection.ExecuteAsync(table.UseKeyIndex(attempt.PartName), cancellationToken);
        await connection.BuildIndexesAsync(table, attempt.PartName, cancellationToken);
    }

    private static string StagedColumns(LoadAttempt attempt)
    {
        var columns = attempt.Table.StagedColumns.Select(column => $"s.{column}");
        return string.Join(", ", attempt.Table.Definition.GenerateUpdatedField ? columns.Append(attempt.UpdatedAt) : columns);
    }

    /// <summary>The fence between what was counted and what was done: nobody but the holder of the feed's lock may change the table, and if someone did, nothing is committed.</summary>
    private static void MustBe(long expected, long found, string what)
    {
        if (expected != found)
        {
            throw new LoadFailedException(FailureCategory.Bug, $"{found} rows were {what} where {expected} were expected: the table was changed by someone else meanwhile, or the platform is wrong. Nothing was committed.");
        }
    }
}
