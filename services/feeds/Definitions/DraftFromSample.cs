using System.Text;
using Platform.Feeds.Tables;
using Platform.Files.Engine;

namespace Platform.Feeds.Definitions;

/// <summary>Turns the columns found in a sample file into fields: names made fit for a table, types as inferred, semantic tags suggested from names (F2, F6).</summary>
internal static class DraftFromSample
{
    private const int MaxName = 63;

    /// <summary>One field for each column, none of them with a name that is <paramref name="taken"/>.</summary>
    public static List<FieldInput> Fields(IEnumerable<InferredField> columns, HashSet<string>? taken = null)
    {
        taken ??= new(StringComparer.OrdinalIgnoreCase);
        return [.. columns.Select(column => new FieldInput
        {
            IncomingName = column.Name,
            Name = ColumnName(column.Name, taken),
            Type = column.Type,
            Precision = column.Type == FieldType.Decimal ? column.Precision : null,
            Scale = column.Type == FieldType.Decimal ? column.Scale : null,
            Pattern = column.Pattern,
            SemanticTags = SemanticTags.Suggest(column.Name) is { } tag ? [tag] : [],
        })];
    }

    private static string ColumnName(string incoming, HashSet<string> taken)
    {
        var text = new StringBuilder(incoming.Length);
        foreach (var character in incoming)
        {
            text.Append(char.IsAsciiLetterOrDigit(character) ? character : '_');
        }

        var name = text.ToString().Trim('_');
        name = name.Length == 0 ? "field" : name.Length > MaxName ? name[..MaxName] : name;
        var unique = name;
        for (var number = 2; DomainTable.SystemColumns.Contains(unique) || !taken.Add(unique); number++)
        {
            var suffix = $"_{number}";
            unique = $"{(name.Length + suffix.Length > MaxName ? name[..(MaxName - suffix.Length)] : name)}{suffix}";
        }

        return unique;
    }
}
