using Platform.Feeds.Definitions;
using Platform.Files.Engine;

namespace Platform.Feeds.Tables;

/// <summary>
/// Which fields get a column of their own. PostgreSQL refuses a row that does not fit a page; what is long can move out of it, but at least 24 bytes of each text, number or JSON may stay. So the fields are
/// columns as far as any row of them fits, and the rest shares one column, <see cref="DomainTable.More"/>.
/// </summary>
internal static class RowLayout
{
    /// <summary>Fields a feed can have.</summary>
    public const int MostFields = 5_000;

    // A table can have 1,600 columns, and those that were dropped count.
    private const int MostColumns = 1_500;
    private const int PageBytes = 8_160;
    private const int HeaderBytes = 24;
    private const int LongBytes = 24;
    private const int IdentityBytes = 24;
    private const int Alignment = 8;

    /// <summary>The names of the fields that get no column, in order.</summary>
    /// <param name="definition">The definition.</param>
    /// <param name="present">A table whose rows stay: its columns stay columns, and what shares a column goes on doing so.</param>
    public static IReadOnlyList<string> Beyond(FeedDefinition definition, DomainTable? present)
    {
        if (present?.HasMore != true && Fits(definition, definition.Fields, more: false))
        {
            return [];
        }

        var before = present is null ? [] : TableChange.Match(definition, present.Definition);
        var columns = definition.Fields.Where(field => NeedsColumn(definition, field) || (before.TryGetValue(field.Name, out var stored) && !present!.IsInMore(stored.Name))).ToList();
        var taken = columns.Select(field => field.Name).ToHashSet(StringComparer.Ordinal);
        var beyond = new List<string>();
        foreach (var field in definition.Fields.Where(field => !taken.Contains(field.Name)))
        {
            // In the order of the fields: the first that does not fit ends the columns, so that people can foresee them.
            if (before.ContainsKey(field.Name) || beyond.Count > 0 || !Fits(definition, [.. columns, field], more: true))
            {
                beyond.Add(field.Name);
            }
            else
            {
                columns.Add(field);
            }
        }

        return beyond;
    }

    /// <summary>Whether what must have a column can have one.</summary>
    public static bool HasRoom(FeedDefinition definition) => Fits(definition, [.. definition.Fields.Where(field => NeedsColumn(definition, field))], more: true);

    /// <summary>Keys are indexed, and which record wins is decided by comparing columns.</summary>
    public static bool NeedsColumn(FeedDefinition definition, FieldDefinition field) =>
        definition.IsKey(field) || ForeignKeyIndexes.IsForeignKey(field) || string.Equals(definition.LastUpdatedField, field.Name, StringComparison.OrdinalIgnoreCase);

    private static bool Fits(FeedDefinition definition, IReadOnlyList<FieldDefinition> columns, bool more) => columns.Count <= MostColumns && Bytes(definition, columns, more) <= PageBytes;

    /// <summary>What a row takes at most once everything that can has moved out of it, in whatever order the columns stand.</summary>
    private static int Bytes(FeedDefinition definition, IReadOnlyList<FieldDefinition> columns, bool more)
    {
        var small = columns.Count(field => field.Type is FieldType.Boolean or FieldType.Date);
        var numbers = columns.Count(field => field.Type is FieldType.Datetime or FieldType.Float or FieldType.Integer);
        var longs = columns.Count - small - numbers + (more ? 1 : 0);
        var aligned = numbers + DomainTable.Lineage.Count + (definition.GenerateUpdatedField ? 1 : 0);
        var smallBytes = columns.Any(field => field.Type == FieldType.Date) ? sizeof(int) : 1;
        var all = columns.Count + DomainTable.Lineage.Count + 4;
        return HeaderBytes + (all / 8) + Alignment
            + (longs * LongBytes) + (aligned * sizeof(long)) + (small * smallBytes) + (Math.Min(small, aligned) * (Alignment - 1))
            + (definition.Keyless ? IdentityBytes : 0);
    }
}
