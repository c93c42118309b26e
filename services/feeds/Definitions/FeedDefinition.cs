using System.Text.Json;
using Platform.Files.Engine;
using Platform.ServiceDefaults;

namespace Platform.Feeds.Definitions;

/// <summary>What happens when a file has a column the feed does not know (F12).</summary>
public enum DriftPolicy
{
    /// <summary>The column is reported with the load and otherwise passed over.</summary>
    Ignore,

    /// <summary>The column becomes a field of the feed before the load, and is reported.</summary>
    Add,

    /// <summary>The load fails and names the columns.</summary>
    Fail,
}

/// <summary>One field of a feed: a column of its domain table (F3).</summary>
public sealed record FieldDefinition
{
    /// <summary>The column's name in the files; matched without regard to case.</summary>
    public required string IncomingName { get; init; }

    /// <summary>The column's name in the domain table: letters, digits, underscore.</summary>
    public required string Name { get; init; }

    /// <summary>The type values are checked against and stored as.</summary>
    public required FieldType Type { get; init; }

    /// <summary>Digits of a decimal, 1 to 38; 38 when absent.</summary>
    public int? Precision { get; init; }

    /// <summary>Digits behind the point of a decimal, 0 to 37; 0 when absent.</summary>
    public int? Scale { get; init; }

    /// <summary>How the files write a date or datetime: a Joda pattern, or epoch-seconds, epoch-millis, epoch-micros; ISO 8601 when absent.</summary>
    public string? Pattern { get; init; }

    /// <summary>IANA zone of datetimes that files write without an offset; UTC when absent.</summary>
    public string? TimeZone { get; init; }

    /// <summary>A row without a value here is rejected. Fields of the primary key always are required.</summary>
    public bool Required { get; init; }

    /// <summary>For those who read the table; becomes the column's comment.</summary>
    public string? Description { get; init; }

    /// <summary>What the values mean, for example <c>email</c> or <c>fk-customer</c> (F6).</summary>
    public IReadOnlyList<string> SemanticTags { get; init; } = [];

    internal string PostgresType => Type.PostgresType(Precision ?? LoadField.MaxPrecision, Scale ?? 0);
}

/// <summary>A feed's schema and rules: edited as a draft, in force once activated (F3-F9).</summary>
public sealed record FeedDefinition
{
    /// <summary>For those who read the table; becomes its comment.</summary>
    public string? Description { get; init; }

    /// <summary>The fields in the order of the table's columns.</summary>
    public required IReadOnlyList<FieldDefinition> Fields { get; init; }

    /// <summary>Names of the fields that identify a row; may be empty in a draft.</summary>
    public IReadOnlyList<string> PrimaryKey { get; init; } = [];

    /// <summary>
    /// Rows have no key: all are kept, equal ones too. A row is then known by the hash of its values and its occurrence number among equal rows of its file, so that a re-load adds
    /// nothing (F4).
    /// </summary>
    public bool Keyless { get; init; }

    /// <summary>Name of the datetime or integer field whose greater value wins among rows of one key; absent when the field is generated (F5).</summary>
    public string? LastUpdatedField { get; init; }

    /// <summary>Adds the column <c>_updated_at</c>, the time a row was last changed by a load: newly loaded rows win.</summary>
    public bool GenerateUpdatedField { get; init; }

    /// <summary>Percent of bad rows above which a load fails as a whole (F9), 0 to 100.</summary>
    public decimal ErrorThresholdPercent { get; init; } = 1;

    /// <summary>Percent of its rows a table may lose by a truncate; one that would lose more waits for approval (F8). 100 never waits.</summary>
    public decimal HoldTruncateAbovePercent { get; init; } = 50;

    /// <summary>The feed holds customer profiles.</summary>
    public bool MakeAvailableToStitch { get; init; }

    /// <summary>A SELECT over the files of a run, each tag a view of its files, whose result is loaded instead of them (F10).</summary>
    public string? IngestQuery { get; init; }

    /// <summary>Columns of a file that the feed does not know.</summary>
    public DriftPolicy Drift { get; init; }

    internal static bool Same(FeedDefinition one, FeedDefinition other) =>
        JsonSerializer.Serialize(one, PlatformJson.Options) == JsonSerializer.Serialize(other, PlatformJson.Options);

    internal bool IsKey(FieldDefinition field) => PrimaryKey.Contains(field.Name, StringComparer.OrdinalIgnoreCase);

    internal FieldDefinition? Find(string name) => Fields.FirstOrDefault(field => string.Equals(field.Name, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The fields of the key, in the key's order.</summary>
    internal IEnumerable<FieldDefinition> KeyFields => PrimaryKey.Select(name => Find(name)!);

    internal FieldDefinition? LastUpdated => LastUpdatedField is null ? null : Find(LastUpdatedField);
}
