using Platform.Files.Engine;
using Platform.ServiceDefaults;

namespace Platform.Feeds.Definitions;

/// <summary>Whether a file fits a feed that is defined already (F2): names, types and keys; every field that differs is named.</summary>
internal static class SampleMatch
{
    public static List<FieldProblem> Differences(FeedDefinition definition, IReadOnlyList<InferredField> columns)
    {
        var problems = new List<FieldProblem>();
        var byName = columns.ToLookup(column => column.Name, StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < definition.Fields.Count; i++)
        {
            var field = definition.Fields[i];
            if (byName[field.IncomingName].FirstOrDefault() is not { } column)
            {
                var role = definition.IsKey(field) ? ", part of the primary key" : field.Required ? ", required" : "";
                problems.Add(new($"$.fields[{i}].incomingName", $"The file has no column '{field.IncomingName}' (field '{field.Name}'{role}). Its columns: {string.Join(", ", columns.Select(one => one.Name))}."));
            }
            else if (Misfit(field, column) is { } misfit)
            {
                problems.Add(new($"$.fields[{i}].type", misfit));
            }
        }

        var known = definition.Fields.Select(field => field.IncomingName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        problems.AddRange(columns.Where(column => !known.Contains(column.Name)).Select(column => new FieldProblem("$.fields", $"The file's column '{column.Name}' ({Describe(column)}) is no field of the feed.")));
        return problems;
    }

    /// <summary>Why values of a file's column may be rejected by a field; null when all can be taken. A text may hold anything: its values are judged one by one.</summary>
    public static string? Misfit(FieldDefinition field, InferredField column)
    {
        var fits = (column.Type, field.Type) switch
        {
            (FieldType.String, _) or (_, FieldType.String) => true,
            (FieldType.Integer, FieldType.Decimal) => (field.Precision ?? LoadField.MaxPrecision) - (field.Scale ?? 0) >= 19,
            (FieldType.Integer, FieldType.Float) or (FieldType.Date, FieldType.Datetime) => true,
            (FieldType.Decimal, FieldType.Decimal) => (column.Scale ?? 0) <= (field.Scale ?? 0)
                && (column.Precision ?? LoadField.MaxPrecision) - (column.Scale ?? 0) <= (field.Precision ?? LoadField.MaxPrecision) - (field.Scale ?? 0),
            var (found, wanted) => found == wanted,
        };
        return fits ? null
            : $"The file's column '{column.Name}' is {Describe(column)}, the field '{field.Name}' {Describe(field)}: values that do not fit are rejected. {Remedy(field, column)}";
    }

    public static string Describe(InferredField column) => column.Type == FieldType.Decimal ? $"decimal({column.Precision},{column.Scale})" : column.Type.ToString().ToLowerInvariant();

    private static string Describe(FieldDefinition field) =>
        field.Type == FieldType.Decimal ? $"decimal({field.Precision ?? LoadField.MaxPrecision},{field.Scale ?? 0})" : field.Type.ToString().ToLowerInvariant();

    private static string Remedy(FieldDefinition field, InferredField column) => (column.Type, field.Type) switch
    {
        (FieldType.Decimal or FieldType.Float, FieldType.Integer) or (FieldType.Decimal, FieldType.Decimal) =>
            $"Widen the field to {Describe(column)} and activate: stored values are kept.",
        (_, FieldType.Date) => $"Change the field to {Describe(column)} and activate: stored values that fit are kept.",
        _ => $"Change the field to {Describe(column)} or string, or have the file sent with another type.",
    };
}
