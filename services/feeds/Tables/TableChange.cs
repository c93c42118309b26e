using Platform.Feeds.Definitions;

namespace Platform.Feeds.Tables;

/// <summary>What sets a wanted definition apart from the one its table was made by. Columns are told apart by their exact names, as PostgreSQL does.</summary>
internal sealed class TableChange
{
    private readonly Dictionary<string, FieldDefinition> _before;

    public TableChange(DomainTable wanted, DomainTable present)
    {
        var (now, then) = (wanted.Definition, present.Definition);
        _before = Match(now, then);
        Added = [.. wanted.Stored.Where(field => !_before.ContainsKey(field.Name))];
        Dropped = [.. present.Stored.Where(field => !_before.ContainsValue(field)).Select(field => field.Name)];
        var columns = wanted.Stored.Where(field => Before(field) is { } before && !present.IsInMore(before.Name)).ToList();
        Renamed = [.. columns.Where(field => Before(field)!.Name != field.Name).Select(field => (Before(field)!.Name, field.Name))];
        Retyped = [.. columns.Where(field => Before(field)!.PostgresType != field.PostgresType).Select(field => (field, Before(field)!))];
        MoreDropped = [.. present.Beyond.Where(name => _before.Values.All(field => field.Name != name))];
        MoreRenamed = [.. now.Fields.Where(field => wanted.IsInMore(field.Name) && Before(field) is { } before && before.Name != field.Name).Select(field => (Before(field)!.Name, field.Name))];
        Moved = [.. now.Fields.Where(field => Before(field) is { } before
            && (wanted.IsInMore(field.Name) != present.IsInMore(before.Name) || (wanted.IsInMore(field.Name) && before.PostgresType != field.PostgresType)))];
        MoreAppears = wanted.HasMore && !present.HasMore;
        MoreDisappears = !wanted.HasMore && present.HasMore;
        KeyBefore = then.PrimaryKey;
        KeyChanged = now.Keyless != then.Keyless
            || !now.KeyFields.Select(field => Before(field)?.Name).SequenceEqual(then.KeyFields.Select(field => field.Name), StringComparer.Ordinal)
            || now.KeyFields.Any(field => Before(field) is { } before && wanted.ColumnType(field) != present.ColumnType(before));
        RowIdentityChanged = now.Keyless && then.Keyless
            && (Dropped.Count + Retyped.Count + MoreDropped.Count + MoreRenamed.Count + Moved.Count > 0 || now.Fields.Any(field => Before(field) is { } before && !string.Equals(before.IncomingName, field.IncomingName, StringComparison.OrdinalIgnoreCase)));
        UpdatedAtAdded = now.GenerateUpdatedField && !then.GenerateUpdatedField;
        UpdatedAtDropped = !now.GenerateUpdatedField && then.GenerateUpdatedField;
    }

    public IReadOnlyList<FieldDefinition> Added { get; }

    public IReadOnlyList<string> Dropped { get; }

    public IReadOnlyList<(string From, string To)> Renamed { get; }

    public IReadOnlyList<(FieldDefinition Wanted, FieldDefinition Present)> Retyped { get; }

    /// <summary>Fields of the shared column that are fields no longer.</summary>
    public IReadOnlyList<string> MoreDropped { get; }

    /// <summary>Fields of the shared column with another name.</summary>
    public IReadOnlyList<(string From, string To)> MoreRenamed { get; }

    /// <summary>Fields that leave or enter the shared column, or change their type in it.</summary>
    public IReadOnlyList<FieldDefinition> Moved { get; }

    public bool MoreAppears { get; }

    public bool MoreDisappears { get; }

    /// <summary>The values in the shared column are others afterwards.</summary>
    public bool MoreRewritten => MoreDropped.Count + MoreRenamed.Count > 0;

    public bool KeyChanged { get; }

    public IReadOnlyList<string> KeyBefore { get; }

    /// <summary>The hashes of a keyless feed's stored rows no longer say what they are.</summary>
    public bool RowIdentityChanged { get; }

    public bool UpdatedAtAdded { get; }

    public bool UpdatedAtDropped { get; }

    public bool Any => Added.Count + Dropped.Count + Renamed.Count + Retyped.Count + MoreDropped.Count + MoreRenamed.Count + Moved.Count > 0 || MoreAppears || MoreDisappears || KeyChanged || UpdatedAtAdded || UpdatedAtDropped;

    /// <summary>The field whose column becomes that of <paramref name="wanted"/>; null for a new one.</summary>
    public FieldDefinition? Before(FieldDefinition wanted) => _before.GetValueOrDefault(wanted.Name);

    /// <summary>The present definition as it is once its columns are renamed.</summary>
    public FeedDefinition AfterRenaming(FeedDefinition present)
    {
        var names = Renamed.ToDictionary(pair => pair.From, pair => pair.To, StringComparer.Ordinal);
        return present with
        {
            // A dropped field whose name another one takes is gone by then.
            Fields = [.. present.Fields.Where(field => !Dropped.Contains(field.Name) || !names.ContainsValue(field.Name)).Select(field => names.TryGetValue(field.Name, out var name) ? field with { Name = name } : field)],
            PrimaryKey = [.. present.PrimaryKey.Select(field => names.GetValueOrDefault(field, field))],
        };
    }

    /// <summary>By name; what is left, by the name in the files: that is a renamed field.</summary>
    public static Dictionary<string, FieldDefinition> Match(FeedDefinition wanted, FeedDefinition present)
    {
        var byName = present.Fields.ToDictionary(field => field.Name, StringComparer.Ordinal);
        var matched = wanted.Fields.Where(field => byName.ContainsKey(field.Name)).ToDictionary(field => field.Name, field => byName[field.Name], StringComparer.Ordinal);
        var left = present.Fields.Where(field => !matched.ContainsKey(field.Name)).ToDictionary(field => field.IncomingName, StringComparer.OrdinalIgnoreCase);
        foreach (var field in wanted.Fields)
        {
            if (!matched.ContainsKey(field.Name) && left.TryGetValue(field.IncomingName, out var renamed))
            {
                matched.Add(field.Name, renamed);
            }
        }

        return matched;
    }
}
