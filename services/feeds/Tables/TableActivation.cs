using Npgsql;
using Platform.Feeds.Definitions;
using Platform.ServiceDefaults;
using static Platform.Feeds.Tables.DomainTable;

namespace Platform.Feeds.Tables;

/// <summary>Carries an <see cref="ActivationPlan"/> out, inside the caller's transaction (F7). Everything here is undone with it.</summary>
internal sealed class TableActivation(NpgsqlConnection connection, TimeProvider clock)
{
    /// <summary>Made by the first migration (docs/adr/0012).</summary>
    private const string ReaderRole = "domain_reader";

    /// <summary>Readers that come while the table's lock is waited for queue up behind it: it is asked for in short tries.</summary>
    private const string LockTimeout = "100ms";

    private const int LockTries = 50;

    /// <summary>Throws <see cref="RefusedException"/> when the table cannot become what is wanted.</summary>
    public async Task ApplyAsync(ActivationPlan plan, DomainTable? present, int version, CancellationToken cancellationToken)
    {
        var wanted = plan.Wanted;
        var part = wanted.PartName(0, version);
        var foreignKeys = new ForeignKeyIndexes(connection);
        try
        {
            if (plan.Action is TableAction.Alter or TableAction.Rewrite)
            {
                // On columns that stay as they are, before readers are held up: an index of a large table takes its time.
                await foreignKeys.CreateMissingAsync(present!, wanted.Stored.Where(field => plan.Change!.Before(field) is { } before && before.Name == field.Name && before.PostgresType == field.PostgresType), cancellationToken);
            }

            switch (plan.Action)
            {
                case TableAction.Create:
                    await CreateShellAsync(wanted, cancellationToken);
                    await AttachEmptyAsync(wanted, part, cancellationToken);
                    break;
                case TableAction.Alter:
                    await LockAsync(present!, cancellationToken);
                    await RenameAsync(present!, plan.Change!, cancellationToken);
                    await AlterAsync(wanted, plan.Change!, cancellationToken);
                    break;
                case TableAction.Rewrite:
                    await RewriteAsync(wanted, present!, part, plan.Change!, cancellationToken);
                    break;
                case TableAction.Clear:
                    await LockAsync(present!, cancellationToken);
                    await RenameAsync(present!, plan.Change!, cancellationToken);
                    await ReplaceEmptyAsync(wanted, present! with { Definition = plan.Change!.AfterRenaming(present.Definition) }, part, cancellationToken);
                    break;
                case TableAction.None:
                    break;
            }

            await foreignKeys.EnsureAsync(wanted, cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.TooManyColumns)
        {
            throw new RefusedException(Refusal.Conflict("too-many-columns", "The table has had too many columns",
                $"PostgreSQL counts the dropped columns of '{wanted.Name}', too, and allows 1,600 in a table's life. Copy the feed, activate the copy and load it."), e);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DependentObjectsStillExist or PostgresErrorCodes.FeatureNotSupported)
        {
            throw new RefusedException(Refusal.Conflict("views-depend", "Views depend on the table",
                $"The table '{wanted.Name}' cannot be changed as the draft wants: {e.MessageText}{(e.Detail is null ? "" : $" ({e.Detail})")} Drop or change the views first."));
        }

        await DescribeAsync(wanted, cancellationToken);
    }

    private async Task LockAsync(DomainTable table, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            await connection.ExecuteAsync($"savepoint before_lock; set local lock_timeout = '{LockTimeout}'", cancellationToken);
            try
            {
                await connection.ExecuteAsync($"lock table {table.Shell} in access exclusive mode", cancellationToken);
                return;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                await connection.ExecuteAsync("rollback to savepoint before_lock", cancellationToken);
                if (tries == LockTries)
                {
                    throw new RefusedException(Refusal.Conflict("table-in-use", "The table is in use",
                        $"Readers have held the table '{table.Name}' for {LockTries} tries in a row. Try again when their queries have ended."), e);
                }

                await Task.Delay(TimeSpan.FromMilliseconds(50), clock, cancellationToken);
            }
        }
    }

    private async Task CreateShellAsync(DomainTable table, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync($"create table {table.Shell} ({string.Join(", ", table.ColumnDefinitions)}, primary key ({table.Key})) partition by range ({table.KeyColumns.First()})", cancellationToken);
        await connection.ExecuteAsync($"grant select on {table.Shell} to {ReaderRole}", cancellationToken);
    }

    private async Task AttachEmptyAsync(DomainTable table, string part, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync(table.CreatePartition(part), cancellationToken);
        await FinishAsync(table, part, cancellationToken);
    }

    private async Task FinishAsync(DomainTable table, string part, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync(table.CreateKeyIndex(part), cancellationToken);
        await connection.ExecuteAsync(table.UseKeyIndex(part), cancellationToken);
        await connection.ExecuteAsync(table.Attach(part), cancellationToken);
    }

    /// <summary>By way of names nobody has, so that names may be exchanged.</summary>
    private async Task RenameAsync(DomainTable table, TableChange change, CancellationToken cancellationToken)
    {
        var steps = change.Renamed.Select((pair, i) => $"alter table {table.Shell} rename column {Quote(pair.From)} to {Quote($"_renamed_{i}")}")
            .Concat(change.Dropped.Where(name => change.Renamed.Any(pair => pair.To == name)).Select(name => $"alter table {table.Shell} drop column {Quote(name)}"))
            .Concat(change.Renamed.Select((pair, i) => $"alter table {table.Shell} rename column {Quote($"_renamed_{i}")} to {Quote(pair.To)}"));
        foreach (var step in steps)
        {
            await connection.ExecuteAsync(step, cancellationToken);
        }
    }

    /// <summary>The table has rows that stay: only what keeps every value is done.</summary>
    private async Task AlterAsync(DomainTable table, TableChange change, CancellationToken cancellationToken)
    {
        var steps = ColumnSteps(table, change);
        if (change.MoreAppears)
        {
            steps.Add($"add column {More} jsonb not null default '{{}}'");
        }
        else if (change.MoreDisappears)
        {
            steps.Add($"drop column {More}");
        }

        if (change.UpdatedAtAdded)
        {
            // A default that is one value for all rows rewrites nothing.
            steps.Add($"add column {UpdatedAt} timestamp with time zone not null default now()");
        }
        else if (change.UpdatedAtDropped)
        {
            steps.Add($"drop column {UpdatedAt}");
        }

        if (steps.Count > 0)
        {
            await connection.ExecuteAsync($"alter table {table.Shell} {string.Join(", ", steps)}", cancellationToken);
        }

        foreach (var column in (IEnumerable<string>)[.. change.UpdatedAtAdded ? [UpdatedAt] : Array.Empty<string>(), .. change.MoreAppears ? [More] : Array.Empty<string>()])
        {
            await connection.ExecuteAsync($"alter table {table.Shell} alter column {column} drop default", cancellationToken);
        }
    }

    private static List<string> ColumnSteps(DomainTable table, TableChange change) =>
    [
        .. change.Dropped.Where(name => change.Renamed.All(pair => pair.To != name)).Select(name => $"drop column {Quote(name)}"),
        .. change.Added.Select(field => $"add column {Quote(field.Name)} {table.ColumnType(field)}"),
        .. change.Retyped.Select(pair => $"alter column {Quote(pair.Wanted.Name)} type {table.ColumnType(pair.Wanted)}"
            + (TypeMigration.KeepsStoredValues(pair.Present, pair.Wanted) ? "" : $" using null::{table.ColumnType(pair.Wanted)}")),
    ];

    /// <summary>
    /// Types change: a new partition is filled with converted values while readers read the old one; then the shell, which holds no rows itself, is altered between taking off the
    /// one and putting on the other.
    /// </summary>
    private async Task RewriteAsync(DomainTable wanted, DomainTable present, string part, TableChange change, CancellationToken cancellationToken)
    {
        var old = await connection.AttachedPartitionAsync(present, cancellationToken);
        await connection.ExecuteAsync("set local timezone = 'UTC'", cancellationToken);
        await connection.ExecuteAsync(wanted.CreatePartition(part), cancellationToken);
        var retyped = change.Retyped.ToDictionary(pair => pair.Wanted.Name, pair => TypeMigration.Of(pair.Present, pair.Wanted)!, StringComparer.Ordinal);
        var values = wanted.Stored.Select(field => retyped.TryGetValue(field.Name, out var migration) ? migration.Value : change.Before(field) is { } before ? Quote(before.Name) : "null")
            .Concat(!wanted.HasMore ? [] : change.MoreAppears ? ["'{}'::jsonb"] : [ConvertedMore(change)])
            .Concat(Lineage).Concat(wanted.Definition.Keyless ? RowIdentity : []);
        values = !wanted.Definition.GenerateUpdatedField ? values : values.Append(change.UpdatedAtAdded ? "now()" : UpdatedAt);
        await connection.ExecuteAsync($"insert into {Partition(part)} ({string.Join(", ", wanted.Columns)}) select {string.Join(", ", values)} from {Partition(old)}", cancellationToken);
        await connection.ExecuteAsync(wanted.CreateKeyIndex(part), cancellationToken);
        await connection.ExecuteAsync(wanted.UseKeyIndex(part), cancellationToken);
        if (change.Renamed.Count + change.Dropped.Count == 0)
        {
            // The shell's indexes speak of its columns' present names.
            await connection.BuildIndexesAsync(present, part, cancellationToken);
        }

        await LockAsync(present, cancellationToken);
        await connection.ExecuteAsync(present.Detach(old), cancellationToken);
        await connection.ExecuteAsync($"drop table {Partition(old)}", cancellationToken);
        await RenameAsync(present, change, cancellationToken);
        await AlterAsync(wanted, change, cancellationToken);
        await connection.ExecuteAsync(wanted.Attach(part), cancellationToken);
    }

    /// <summary>The stored object without the fields that are dropped, the renamed ones under their new names.</summary>
    private static string ConvertedMore(TableChange change)
    {
        var gone = change.MoreDropped.Concat(change.MoreRenamed.Select(pair => pair.From)).ToList();
        var renamed = change.MoreRenamed.Select(pair => $" || case when {More} ? {Literal(pair.From)} then jsonb_build_object({Literal(pair.To)}, {More} -> {Literal(pair.From)}) else '{{}}' end");
        return gone.Count == 0 ? More : $"({More} - array[{string.Join(", ", gone.Select(Literal))}]{string.Concat(renamed)})";
    }

    /// <summary>
    /// The table is empty, or its rows may go: the partition is replaced by a new empty one. The shell stays with its views and grants, unless the first key column changes:
    /// what a table is partitioned by cannot be altered.
    /// </summary>
    private async Task ReplaceEmptyAsync(DomainTable wanted, DomainTable present, string part, CancellationToken cancellationToken)
    {
        var old = await connection.AttachedPartitionAsync(present, cancellationToken);
        await connection.ExecuteAsync(present.Detach(old), cancellationToken);
        await connection.ExecuteAsync($"drop table {Partition(old)}", cancellationToken);
        if (wanted.KeyColumns.First() != present.KeyColumns.First() || wanted.KeyTypes.First() != present.KeyTypes.First())
        {
            await connection.ExecuteAsync($"drop table {present.Shell}", cancellationToken);
            await CreateShellAsync(wanted, cancellationToken);
        }
        else
        {
            await connection.ExecuteAsync($"alter table {wanted.Shell} drop constraint {Quote(await KeyConstraintAsync(wanted, cancellationToken))}", cancellationToken);
            var before = present.Definition;
            var kept = wanted.Stored.Where(field => !present.IsInMore(field.Name) && Exactly(before, field.Name) is { } same && wanted.ColumnType(field) == present.ColumnType(same)).ToList();
            var keepUpdatedAt = before.GenerateUpdatedField && wanted.Definition.GenerateUpdatedField;
            var steps = present.Stored.Where(field => !kept.Exists(keep => keep.Name == field.Name)).Select(field => $"drop column if exists {Quote(field.Name)}")
                .Concat(wanted.Stored.Except(kept).Select(field => $"add column {Quote(field.Name)} {wanted.ColumnType(field)}{(wanted.Definition.IsKey(field) ? " not null" : "")}"))
                .Concat(kept.Where(field => wanted.Definition.IsKey(field) != before.IsKey(Exactly(before, field.Name)!)).Select(field =>
                    $"alter column {Quote(field.Name)} {(wanted.Definition.IsKey(field) ? "set" : "drop")} not null"))
                .ToList();
            if (wanted.HasMore != present.HasMore)
            {
                steps.Add(wanted.HasMore ? $"add column {More} jsonb not null" : $"drop column {More}");
            }

            if (before.GenerateUpdatedField && !keepUpdatedAt)
            {
                steps.Add($"drop column {UpdatedAt}");
            }

            if (wanted.Definition.GenerateUpdatedField && !keepUpdatedAt)
            {
                steps.Add($"add column {UpdatedAt} timestamp with time zone not null");
            }

            steps.Add($"add primary key ({wanted.Key})");
            await connection.ExecuteAsync($"alter table {wanted.Shell} {string.Join(", ", steps)}", cancellationToken);
        }

        await AttachEmptyAsync(wanted, part, cancellationToken);
    }

    private async Task<string> KeyConstraintAsync(DomainTable table, CancellationToken cancellationToken) =>
        await connection.ScalarAsync<string>($"select conname::text from pg_constraint where conrelid = {Literal(table.Shell)}::regclass and contype = 'p'", cancellationToken);

    private Task DescribeAsync(DomainTable table, CancellationToken cancellationToken)
    {
        var key = table.Definition.Keyless ? "rows have no key and are all kept" : $"its key is ({string.Join(", ", table.Definition.PrimaryKey)})";
        IEnumerable<(string, string)> identity = table.Definition.Keyless ? [("_row_hash", "Hash of the row's values"), ("_row_occurrence", "The row's number among the equal rows of its file, from 1")] : [];
        IEnumerable<(string, string)> more = table.HasMore ? [(More, $"The fields beyond what a row holds, without those that are null: {string.Join(", ", table.Beyond)}")] : [];
        var comments = table.Stored.Select(field => (field.Name, string.Join("; ", new[] { field.Description, field.IncomingName, string.Join(", ", field.SemanticTags) }.Where(part => !string.IsNullOrEmpty(part)))))
            .Append(("_load_id", "The load that last changed the row (load_seq of the load history)"))
            .Append(("_file_id", "The file the row came from (file_no of the load's files)"))
            .Append(("_row_no", "The row's number in that file, from 1"))
            .Concat(identity)
            .Concat(more)
            .Select(column => $"comment on column {table.Shell}.{Quote(column.Item1)} is {Literal(column.Item2)}")
            .Prepend($"comment on table {table.Shell} is {Literal($"{(table.Definition.Description is null ? "" : $"{table.Definition.Description} ")}Feed {table.FeedId}. Written by the platform only; {key}.")}");
        return connection.ExecuteAsync(string.Join(";\n", comments), cancellationToken);
    }

    private static FieldDefinition? Exactly(FeedDefinition definition, string name) => definition.Fields.FirstOrDefault(field => field.Name == name);
}
