using Platform.Files.Engine;

namespace Platform.Feeds.Definitions;

/// <summary>A feed that another service wants to load into, to be made from the columns of its files where there is none yet.</summary>
internal sealed record StreamInput
{
    /// <summary>The source it belongs to.</summary>
    public required string Source { get; init; }

    /// <summary>Name within the source.</summary>
    public required string Name { get; init; }

    public string? Description { get; init; }

    /// <summary>The columns to be kept, as found in a sample.</summary>
    public required IReadOnlyList<InferredField> Columns { get; init; }

    /// <summary>Names of the columns that identify a row; none when all rows are kept (events).</summary>
    public required IReadOnlyList<string> Key { get; init; }

    /// <summary>The column that says when something happened: of two rows of one key the later one wins.</summary>
    public string? TimestampColumn { get; init; }

    /// <summary>The feed as a person would have defined it.</summary>
    public FeedInput ToFeed()
    {
        const string EventTime = "event-datetime";
        var keyless = Key.Count == 0;
        var fields = DraftFromSample.Fields(Columns);
        if (Field(fields, TimestampColumn) is { SemanticTags: null or { Count: 0 } } timestamp && keyless)
        {
            fields[fields.IndexOf(timestamp)] = timestamp with { SemanticTags = [EventTime] };
        }

        return new()
        {
            Source = Source,
            Name = Name,
            Description = Description,
            Fields = fields,
            PrimaryKey = keyless ? null : [.. Key.Select(column => Field(fields, column)?.Name ?? column)],
            Keyless = keyless,
            LastUpdatedField = keyless ? null : Field(fields, TimestampColumn)?.Name,
        };
    }

    private static FieldInput? Field(IEnumerable<FieldInput> fields, string? column) =>
        column is null ? null : fields.FirstOrDefault(field => string.Equals(field.IncomingName, column, StringComparison.OrdinalIgnoreCase));
}
