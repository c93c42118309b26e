using Npgsql;
using Platform.Feeds.Definitions;
using Platform.Files.Engine;
using Platform.ServiceDefaults;
using static Platform.Feeds.Tables.DomainTable;

namespace Platform.Feeds.Tables;

/// <summary>What a caller allows an activation to do to a table that has rows.</summary>
/// <param name="ClearTable">All rows may go; a re-load brings them back.</param>
/// <param name="DropColumns">Columns of dropped fields may go with their values.</param>
internal sealed record ActivationConsent(bool ClearTable, bool DropColumns);

/// <summary>
/// Makes the domain table fit a definition, inside the caller's transaction: creates it, or adds, drops and alters columns. What would lose or falsify stored rows is refused,
/// unless the caller allowed it (F4, F7).
/// </summary>
internal sealed class TableActivation(NpgsqlConnection connection)
{
    /// <summary>Made by the first migration (docs/adr/0012).</summary>
    private const string ReaderRole = "domain_reader";

    /// <summary>Readers in the middle of a long query hold the table; a few seconds are waited for them.</summary>
    private const string LockTimeout = "5s";

    /// <summary>Returns whether the rows were cleared; throws <see cref="RefusedException"/> when the table cannot become what is wanted.</summary>
    public async Task<bool> ApplyAsync(DomainTable wanted, DomainTable? present, long rows, int version, ActivationConsent consent, CancellationToken cancellationToken)
    {
        var part = wanted.PartName(0, version);
        if (present is null)
        {
            await CreateAsync(wanted, part, cancellationToken);
            return false;
        }

        var change = Compare(wanted.Definition, present.Definition);
        if (!change.Any)
        {
            await DescribeAsync(wanted, cancellationToken);
            return false;
        }

        var clear = rows > 0 && consent.ClearTable;
        if (rows > 0 && !clear)
        {
            RefuseWhatLosesRows(wanted, change, rows, consent);
        }

        try
        {
            await connection.ExecuteAsync($"set local lock_timeout = '{LockTimeout}'", cancellationToken);
            if (rows > 0 && !clear)
            {
                await AlterAsync(wanted, change, cancellationToken);
            }
            else
            {
                await ReplaceEmptyAsync(wanted, present, part, change, cancellationToken);
            }
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DependentObjectsStillExist or PostgresErrorCodes.FeatureNotSupported)
        {
            throw new RefusedException(Refusal.Conflict("views-depend", "Views depend on the table",
                $"The table '{wanted.Name}' cannot be changed as the draft wants: {e.MessageText}{(e.Detail is null ? "" : $" ({e.Detail})")} Drop or change the views first."));
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new RefusedException(Refusal.Conflict("table-in-use", "The table is in use",
                $"A reader has held the table '{wanted.Name}' for more than {LockTimeout}. Try again when its query has ended."));
        }

        await DescribeAsync(wanted, cancellationToken);
        return clear;
    }

    private async Task CreateAsync(DomainTable table, string part, CancellationToken cancellationToken)
    {
        await CreateShellAsync(table, cancellationToken);
        await AttachEmptyAsync(table, part, cancellationToken);
        await DescribeAsync(table, cancellationToken);
    }

    private async Task CreateShellAsync(DomainTable table, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync($"create table {table.Shell} ({string.Join(", ", table.ColumnDefinitions)}, primary key ({table.Key})) partition by range ({table.KeyColumns.First()})", cancellationToken);
        await connection.ExecuteAsync($"grant select on {table.Shell} to {ReaderRole}", cancellationToken);
    }

    private async Task AttachEmptyAsync(DomainTable table, string part, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync(table.CreatePartition(part), cancellationToken);
        await connection.ExecuteAsync(table.CreateKeyIndex(part), cancellationToken);
        await connection.ExecuteAsync(table.UseKeyIndex(part), cancellationToken);
        await connection.ExecuteAsync(table.Attach(part), cancellationToken);
    }

    /// <summary>The table has rows that stay: only what keeps every value is done.</summary>
    private async Task AlterAsync(DomainTable table, Change change, CancellationToken cancellationToken)
    {
        var steps = change.Dropped.Select(name => $"drop column {Quote(name)}")
            .Concat(change.Added.Select(field => $"add column {Quote(field.Name)} {table.ColumnType(field)}"))
            .Concat(change.Retyped.Select(pair => $"alter column {Quote(pair.Wanted.Name)} type {table.ColumnType(pair.Wanted)}"))
            .ToList();
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

        if (change.UpdatedAtAdded)
        {
            await connection.ExecuteAsync($"alter table {table.Shell} alter column {UpdatedAt} drop default", cancellationToken);
        }
    }

    /// <summary>
    /// The table is empty, or its rows may go: the partition is replaced by a new empty one. The shell stays with its views and grants, unless the first key column changes:
    /// what a table is partitioned by cannot be altered.
    /// </summary>
    private async Task ReplaceEmptyAsync(DomainTable wanted, DomainTable present, string part, Change change, CancellationToken cancellationToken)
    {
        var old = await connection.AttachedPartitionAsync(present, cancellationToken);
        await connection.ExecuteAsync(present.Detach(old), cancellationToken);
        await connection.ExecuteAsync($"drop table {Partition(old)}", cancellationToken);
        var firstKey = wanted.Definition.KeyFields.First();
        var firstKeyBefore = present.Definition.KeyFields.First();
        if (firstKey.Name != firstKeyBefore.Name || wanted.ColumnType(firstKey) != present.ColumnType(firstKeyBefore))
        {
            await connection.ExecuteAsync($"drop table {present.Shell}", cancellationToken);
            await CreateShellAsync(wanted, cancellationToken);
        }
        else
        {
            await connection.ExecuteAsync($"alter table {wanted.Shell} drop constraint {Quote(await KeyConstraintAsync(wanted, cancellationToken))}", cancellationToken);
            var before = present.Definition;
            var kept = wanted.Definition.Fields.Where(field => Exactly(before, field.Name) is { } same && wanted.ColumnType(field) == present.ColumnType(same)).ToList();
            var keepUpdatedAt = before.GenerateUpdatedField && wanted.Definition.GenerateUpdatedField;
            var steps = before.Fields.Where(field => !kept.Exists(keep => keep.Name == field.Name)).Select(field => $"drop column {Quote(field.Name)}")
                .Concat(wanted.Definition.Fields.Except(kept).Select(field => $"add column {Quote(field.Name)} {wanted.ColumnType(field)}{(wanted.Definition.IsKey(field) ? " not null" : "")}"))
                .Concat(kept.Where(field => wanted.Definition.IsKey(field) != before.IsKey(Exactly(before, field.Name)!)).Select(field =>
                    $"alter column {Quote(field.Name)} {(wanted.Definition.IsKey(field) ? "set" : "drop")} not null"))
                .ToList();
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

    private static void RefuseWhatLosesRows(DomainTable table, Change change, long rows, ActivationConsent consent)
    {
        var problems = new List<FieldProblem>();
        if (change.KeyChanged)
        {
            problems.Add(new("$.primaryKey", $"The primary key changes from ({string.Join(", ", change.KeyBefore)}) to ({string.Join(", ", table.Definition.PrimaryKey)}). The {rows} stored rows were told apart by the old one and must be loaded again: activate with clearTable true, then run the couriers for the days wanted."));
        }

        problems.AddRange(change.Retyped.Where(pair => !Widens(pair.Present, pair.Wanted)).Select(pair => new FieldProblem($"$.fields[{IndexOf(table, pair.Wanted)}].type",
            $"The field '{pair.Wanted.Name}' changes from {pair.Present.PostgresType} to {pair.Wanted.PostgresType}, which the {rows} stored values may not fit. Keep the type, add a field under a new name, or activate with clearTable true and load again.")));
        if (change.Dropped.Count > 0 && !consent.DropColumns)
        {
            problems.Add(new("$.fields", $"The draft no longer has {string.Join(", ", change.Dropped.Select(name => $"'{name}'"))}, whose values in {rows} rows would be lost. Keep the fields, or activate with dropColumns true."));
        }

        if (problems.Count > 0)
        {
            throw new RefusedException(Refusal.Conflict("incompatible-change", "The table has rows that do not fit the draft",
                $"The table '{table.Name}' has {rows} rows; {problems.Count} changes of the draft would lose or falsify them. Nothing was changed.") with
            { Errors = problems });
        }
    }

    // PostgreSQL stores a numeric without its declared precision: more digits before the point need no rewriting.
    private static bool Widens(FieldDefinition present, FieldDefinition wanted) =>
        present.Type == FieldType.Decimal && wanted.Type == FieldType.Decimal && (present.Scale ?? 0) == (wanted.Scale ?? 0)
        && (wanted.Precision ?? LoadField.MaxPrecision) >= (present.Precision ?? LoadField.MaxPrecision);

    private static int IndexOf(DomainTable table, FieldDefinition field) => table.Definition.Fields.ToList().IndexOf(field);

    private Task DescribeAsync(DomainTable table, CancellationToken cancellationToken)
    {
        var comments = table.Definition.Fields.Select(field => (field.Name, string.Join("; ", field.SemanticTags.Count == 0 ? [field.IncomingName] : [field.IncomingName, string.Join(", ", field.SemanticTags)])))
            .Append(("_load_id", "The load that last changed the row (load_seq of the load history)"))
            .Append(("_file_id", "The file the row came from (file_no of the load's files)"))
            .Append(("_row_no", "The row's number in that file, from 1"))
            .Select(column => $"comment on column {table.Shell}.{Quote(column.Item1)} is {Literal(column.Item2)}")
            .Prepend($"comment on table {table.Shell} is {Literal($"Feed {table.FeedId}. Written by the platform only; its key is ({string.Join(", ", table.Definition.PrimaryKey)}).")}");
        return connection.ExecuteAsync(string.Join(";\n", comments), cancellationToken);
    }

    private static Change Compare(FeedDefinition wanted, FeedDefinition present)
    {
        var both = wanted.Fields.Select(field => (Wanted: field, Present: Exactly(present, field.Name))).ToList();
        return new()
        {
            Added = [.. both.Where(pair => pair.Present is null).Select(pair => pair.Wanted)],
            Dropped = [.. present.Fields.Where(field => Exactly(wanted, field.Name) is null).Select(field => field.Name)],
            Retyped = [.. both.Where(pair => pair.Present is not null && pair.Present.PostgresType != pair.Wanted.PostgresType).Select(pair => (pair.Wanted, pair.Present!))],
            KeyChanged = !wanted.PrimaryKey.SequenceEqual(present.PrimaryKey, StringComparer.Ordinal),
            KeyBefore = present.PrimaryKey,
            UpdatedAtAdded = wanted.GenerateUpdatedField && !present.GenerateUpdatedField,
            UpdatedAtDropped = !wanted.GenerateUpdatedField && present.GenerateUpdatedField,
        };
    }

    // A column's name is exact in PostgreSQL: another case is another column.
    private static FieldDefinition? Exactly(FeedDefinition definition, string name) => definition.Fields.FirstOrDefault(field => field.Name == name);

    private sealed record Change
    {
        public required IReadOnlyList<FieldDefinition> Added { get; init; }

        public required IReadOnlyList<string> Dropped { get; init; }

        public required IReadOnlyList<(FieldDefinition Wanted, FieldDefinition Present)> Retyped { get; init; }

        public required bool KeyChanged { get; init; }

        public required IReadOnlyList<string> KeyBefore { get; init; }

        public required bool UpdatedAtAdded { get; init; }

        public required bool UpdatedAtDropped { get; init; }

        public bool Any => Added.Count + Dropped.Count + Retyped.Count > 0 || KeyChanged || UpdatedAtAdded || UpdatedAtDropped;
    }
}
