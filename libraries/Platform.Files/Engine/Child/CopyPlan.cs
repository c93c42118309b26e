using System.Globalization;
using Platform.Files.Formats;

namespace Platform.Files.Engine.Child;

/// <summary>What the encoder needs to know of a field in one file.</summary>
/// <param name="Field">The field.</param>
/// <param name="Column">Its column in the result, or -1: the file has none and every value is null.</param>
/// <param name="Rejected">The column that holds a bad value's text and is null otherwise, or -1: no value can be bad.</param>
/// <param name="CheckJson">Whether each value must be proved to be JSON.</param>
internal sealed record PlannedField(LoadField Field, int Column, int Rejected, bool CheckJson);

/// <summary>How one file becomes rows: a statement, and the meaning of its columns. The last column is the row's number.</summary>
internal sealed record CopyPlan(string Sql, IReadOnlyList<PlannedField> Fields, IReadOnlyList<string> Missing, IReadOnlyList<InferredField> Extra)
{
    /// <summary>How much of a bad value is kept, in characters.</summary>
    public const int RejectedValueLength = 200;

    // What Hive and Spark name the folder of rows whose partition value is null.
    public const string NullPartition = "__HIVE_DEFAULT_PARTITION__";

    public static CopyPlan For(IFileFormat format, SourceFile file, IReadOnlyList<FileColumn> columns, IReadOnlyList<LoadField> fields)
    {
        var byName = columns.ToDictionary(column => column.Name, StringComparer.OrdinalIgnoreCase);
        var partitions = new Dictionary<string, string>(file.Partitions, StringComparer.OrdinalIgnoreCase);
        var used = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var sources = new List<string>();
        var values = new List<string>();
        var rejected = new List<string>();
        var planned = new List<PlannedField>();
        var missing = new List<string>();

        foreach (var field in fields)
        {
            FileColumn column;
            string source;
            if (byName.TryGetValue(field.Incoming, out var found))
            {
                (column, source) = (found, found.Source);
                used.Add(found.Name);
            }
            else if (partitions.TryGetValue(field.Incoming, out var value))
            {
                (column, source) = (new FileColumn(field.Incoming, "VARCHAR"), value == NullPartition ? "CAST(NULL AS VARCHAR)" : DuckDb.Literal(value));
            }
            else if (field.Required)
            {
                throw new EngineException(EngineFailure.BadFile, MissingColumn(file, field, [.. columns.Select(column => column.Name)]));
            }
            else
            {
                missing.Add(field.Incoming);
                planned.Add(new PlannedField(field, -1, -1, false));
                continue;
            }

            // Each field has its own name for its source: two fields may read the same column.
            var name = $"s{sources.Count}";
            var conversion = Conversions.Find(column, field, name)
                ?? throw new EngineException(EngineFailure.BadFile, WrongType(file, field, column));
            sources.Add($"{source} AS {name}");
            var output = values.Count;
            values.Add($"{conversion.Sql} AS f{output}");
            if (conversion.Fallible)
            {
                rejected.Add($"CASE WHEN f{output} IS NULL THEN left(CAST({name} AS VARCHAR), {RejectedValueLength}) END");
            }

            planned.Add(new PlannedField(field, output, conversion.Fallible ? rejected.Count - 1 : -1, conversion.CheckJson));
        }

        var fieldColumns = string.Concat(Enumerable.Range(0, values.Count).Select(i => $"f{i}, "));
        var rejectedColumns = string.Concat(rejected.Select(text => $"{text}, "));
        var sql = $"""
            SELECT {fieldColumns}{rejectedColumns}row_no
            FROM (SELECT *{string.Concat(values.Select(value => $", {value}"))}
                  FROM (SELECT {string.Concat(sources.Select(source => $"{source}, "))}{file.RowsBefore.ToString(CultureInfo.InvariantCulture)} + CAST({format.RowNumber(byName.Keys)} AS BIGINT) AS row_no FROM {format.Relation(file)}))
            """;

        return new CopyPlan(
            sql,
            [.. planned.Select(field => field.Rejected < 0 ? field : field with { Rejected = values.Count + field.Rejected })],
            missing,
            [.. columns.Where(column => !used.Contains(column.Name)).Select(column => column.Infer(nullable: true))]);
    }

    public static string MissingColumn(SourceFile file, LoadField field, IReadOnlyList<string> columns) =>
        $"{file.Name} has no column '{field.Incoming}', which the required field '{field.Name}' is loaded from. Its columns are: {List(columns)}. "
        + "Correct the field's incoming name, or have the file sent with that column.";

    private static string WrongType(SourceFile file, LoadField field, FileColumn column) =>
        $"{file.Name} holds column '{column.Name}' as {column.Type}, which cannot become the {field.Type.ToString().ToLowerInvariant()} field '{field.Name}'. "
        + "Change the field's type, or have the file sent with another one.";

    private static string List(IEnumerable<string> names)
    {
        const int Shown = 100;
        var all = names.ToList();
        return all.Count <= Shown ? string.Join(", ", all) : $"{string.Join(", ", all.Take(Shown))} and {all.Count - Shown} more";
    }
}
