using Npgsql;
using Platform.Feeds.Definitions;
using Platform.Feeds.Persistence;
using Platform.ServiceDefaults;
using static Platform.Feeds.Tables.DomainTable;

namespace Platform.Feeds.Tables;

/// <summary>What a caller allows an activation to do to a table that has rows.</summary>
/// <param name="ClearTable">All rows may go; a re-load brings them back.</param>
/// <param name="DropColumns">Columns of dropped fields may go with their values.</param>
internal sealed record ActivationConsent(bool ClearTable, bool DropColumns);

/// <summary>What an activation does to the rows of the table.</summary>
public enum TableAction
{
    /// <summary>The table is made.</summary>
    Create,

    /// <summary>No column changes.</summary>
    None,

    /// <summary>Columns are added, dropped, renamed or widened; no row is rewritten.</summary>
    Alter,

    /// <summary>Every row is written anew with converted values, then exchanged for the old ones at once.</summary>
    Rewrite,

    /// <summary>The rows go, as was allowed; a re-load brings them back.</summary>
    Clear,
}

/// <summary>What an activation would do to make the table <paramref name="Wanted"/>, and what speaks against it (F7). Nothing is changed by making one.</summary>
internal sealed record ActivationPlan(DomainTable Wanted, TableAction Action, TableChange? Change, IReadOnlyList<string> Steps, IReadOnlyList<FieldProblem> Problems)
{
    private const int NamesShown = 20;

    public static async Task<ActivationPlan> MakeAsync(
        NpgsqlConnection connection, Feed feed, FeedDefinition definition, ActivationConsent consent, CancellationToken cancellationToken)
    {
        var (present, rows) = (feed.Table, feed.TableRows);
        var rowsStay = rows > 0 && !consent.ClearTable;
        var wanted = new DomainTable(feed.Id, feed.DomainTable, definition, RowLayout.Beyond(definition, rowsStay ? present : null));
        if (present is null)
        {
            return new(wanted, TableAction.Create, null, [$"create the table {wanted.Shell} with {wanted.Columns.Count()} columns and the key ({wanted.Key})", .. StepOfMore(wanted)], []);
        }

        var change = new TableChange(wanted, present);
        if (!change.Any)
        {
            return new(wanted, TableAction.None, change, [], []);
        }

        var steps = StepsOf(wanted, present, change);
        if (!rowsStay)
        {
            return new(wanted, TableAction.Clear, change, rows == 0 ? steps : [.. steps, $"remove all {rows} rows; load them again"], []);
        }

        var problems = RefuseLosses(wanted, change, rows, consent);
        var rewritten = change.Retyped.Where(pair => !TypeMigration.KeepsStoredValues(pair.Present, pair.Wanted)).ToList();
        if (!change.KeyChanged && !change.RowIdentityChanged)
        {
            problems.AddRange(await RefuseMisfitsAsync(connection, wanted, present, rewritten, rows, cancellationToken));
        }

        return rewritten.Count > 0 || (change.MoreRewritten && !change.MoreDisappears)
            ? new(wanted, TableAction.Rewrite, change, [.. steps, $"write all {rows} rows anew; readers see the old ones until the end"], problems)
            : new(wanted, TableAction.Alter, change, steps, problems);
    }

    /// <summary>Throws when something speaks against it.</summary>
    public void MustBePossible(Feed feed)
    {
        if (Problems.Count > 0)
        {
            throw new RefusedException(Refusal.Conflict("incompatible-change", "The table has rows that do not fit the draft",
                $"The table '{feed.DomainTable}' has {feed.TableRows} rows; {Problems.Count} changes of the draft would lose or falsify them. Nothing was changed.") with
            { Errors = Problems });
        }
    }

    private static List<string> StepsOf(DomainTable wanted, DomainTable present, TableChange change)
    {
        var steps = new List<string>();
        steps.AddRange(change.Dropped.Select(name => $"drop column {Quote(name)}"));
        steps.AddRange(change.Renamed.Select(pair => $"rename column {Quote(pair.From)} to {Quote(pair.To)}"));
        steps.AddRange(change.Added.Select(field => $"add column {Quote(field.Name)} {wanted.ColumnType(field)}"));
        steps.AddRange(change.Retyped.Select(pair => $"change column {Quote(pair.Wanted.Name)} from {present.ColumnType(pair.Present)} to {wanted.ColumnType(pair.Wanted)}"));
        steps.AddRange(change.MoreDropped.Select(name => $"take {Quote(name)} out of {More}"));
        steps.AddRange(change.MoreRenamed.Select(pair => $"rename {Quote(pair.From)} in {More} to {Quote(pair.To)}"));
        if (change.MoreDisappears)
        {
            steps.Add($"drop column {More}");
        }
        else if (!wanted.Beyond.SequenceEqual(present.Beyond, StringComparer.Ordinal))
        {
            steps.AddRange(StepOfMore(wanted));
        }

        if (change.KeyChanged)
        {
            steps.Add($"change the key from ({present.Key}) to ({wanted.Key})");
        }

        if (change.UpdatedAtAdded || change.UpdatedAtDropped)
        {
            steps.Add(change.UpdatedAtAdded ? $"add column {UpdatedAt}" : $"drop column {UpdatedAt}");
        }

        return steps;
    }

    private static IEnumerable<string> StepOfMore(DomainTable wanted) => !wanted.HasMore ? [] :
    [
        $"keep {wanted.Beyond.Count} fields together in the column {More} (jsonb), because a row of {wanted.Definition.Fields.Count} columns does not fit a page of PostgreSQL: "
            + $"{string.Join(", ", wanted.Beyond.Take(NamesShown))}{(wanted.Beyond.Count > NamesShown ? $" and {wanted.Beyond.Count - NamesShown} more" : "")}",
    ];

    private static List<FieldProblem> RefuseLosses(DomainTable table, TableChange change, long rows, ActivationConsent consent)
    {
        var problems = new List<FieldProblem>();
        const string Remedy = "must be loaded again: activate with clearTable true, then run the couriers for the days wanted.";
        if (change.KeyChanged)
        {
            problems.Add(new("$.primaryKey", $"The primary key changes from ({Names(change.KeyBefore)}) to ({Names(table.Definition.PrimaryKey)}). The {rows} stored rows were told apart by the old one and {Remedy}"));
        }
        else if (change.RowIdentityChanged)
        {
            problems.Add(new("$.keyless", $"The rows of a keyless feed are known by the hash of their values. A field that is dropped, has another type or another incoming name changes it for the {rows} stored rows, which {Remedy}"));
        }

        problems.AddRange(change.Moved.Select(field => new FieldProblem($"$.fields[{table.Definition.Fields.ToList().IndexOf(field)}]",
            $"The field '{field.Name}' would leave, enter or change in the column {More}, where {rows} rows have its values. Leave it as it is, add a field under a new name, or activate with clearTable true and load again.")));
        var dropped = change.Dropped.Concat(change.MoreDropped).ToList();
        if (dropped.Count > 0 && !consent.DropColumns)
        {
            problems.Add(new("$.fields", $"The draft no longer has {string.Join(", ", dropped.Select(name => $"'{name}'"))}, whose values in {rows} rows would be lost. Keep the fields, or activate with dropColumns true."));
        }

        return problems;

        static string Names(IEnumerable<string> key) => string.Join(", ", key.DefaultIfEmpty("none: keyless"));
    }

    private static async Task<List<FieldProblem>> RefuseMisfitsAsync(
        NpgsqlConnection connection, DomainTable wanted, DomainTable present, List<(FieldDefinition Wanted, FieldDefinition Present)> retyped, long rows, CancellationToken cancellationToken)
    {
        var problems = new List<FieldProblem>();
        var roads = retyped.Select(pair => (pair.Wanted, pair.Present, Migration: TypeMigration.Of(pair.Present, pair.Wanted))).ToList();
        var checks = roads.Where(road => road.Migration is not null and not { Fits: "true" }).ToList();
        var misfits = new Dictionary<string, long>(StringComparer.Ordinal);
        if (checks.Count > 0)
        {
            var counts = checks.Select(road => $"count(*) filter (where {Quote(road.Present.Name)} is not null and not {road.Migration!.Fits})");
            await using var command = new NpgsqlCommand($"select array[{string.Join(", ", counts)}] from {present.Shell}", connection) { CommandTimeout = 0 };
            var found = (long[])(await command.ExecuteScalarAsync(cancellationToken))!;
            misfits = checks.Zip(found).ToDictionary(pair => pair.First.Wanted.Name, pair => pair.Second, StringComparer.Ordinal);
        }

        foreach (var road in roads)
        {
            var path = $"$.fields[{wanted.Definition.Fields.ToList().IndexOf(road.Wanted)}].type";
            var what = $"The field '{road.Wanted.Name}' changes from {road.Present.PostgresType} to {road.Wanted.PostgresType}";
            const string Remedy = "Keep the type, add a field under a new name, or activate with clearTable true and load again.";
            if (road.Migration is null)
            {
                problems.Add(new(path, $"{what}, and there is no way to convert the {rows} stored values. {Remedy}"));
            }
            else if (misfits.GetValueOrDefault(road.Wanted.Name) is > 0 and var misfit)
            {
                problems.Add(new(path, $"{what}, which {misfit} of {rows} stored values do not fit without loss. {Remedy}"));
            }
        }

        return problems;
    }
}
