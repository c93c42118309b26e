using Platform.Files.Engine;

namespace Platform.Feeds.Definitions;

/// <summary>A field as a caller writes it.</summary>
public sealed record FieldInput
{
    /// <summary>The column's name in the files; the name when absent.</summary>
    public string? IncomingName { get; init; }

    /// <summary>The column's name in the domain table: letters, digits, underscore; not beginning with an underscore.</summary>
    public string? Name { get; init; }

    /// <summary>boolean, date, datetime, decimal, float, integer, string or json.</summary>
    public FieldType? Type { get; init; }

    /// <summary>Digits of a decimal, 1 to 38.</summary>
    public int? Precision { get; init; }

    /// <summary>Digits behind the point of a decimal, 0 to 37.</summary>
    public int? Scale { get; init; }

    /// <summary>How the files write a date or datetime: a Joda pattern such as <c>dd/MM/yyyy HH:mm</c>, or epoch-seconds, epoch-millis, epoch-micros; ISO 8601 when absent.</summary>
    public string? Pattern { get; init; }

    /// <summary>IANA zone of datetimes that files write without an offset, for example <c>Europe/Berlin</c>; UTC when absent.</summary>
    public string? TimeZone { get; init; }

    /// <summary>A row without a value here is rejected.</summary>
    public bool Required { get; init; }

    /// <summary>For those who read the table; becomes the column's comment. At most 1,000 characters.</summary>
    public string? Description { get; init; }

    /// <summary>What the values mean, for example <c>email</c> or <c>fk-customer</c>.</summary>
    public IReadOnlyList<string?>? SemanticTags { get; init; }
}

/// <summary>A feed as a caller writes it: to create one, or to replace its draft.</summary>
public sealed record FeedInput
{
    /// <summary>Name within the source, for example <c>Events</c>. Fixed once the feed is active.</summary>
    public string? Name { get; init; }

    /// <summary>The source it belongs to, for example <c>Optimizely</c>. Fixed once the feed is active.</summary>
    public string? Source { get; init; }

    /// <summary>A landed file (<c>lf-…</c>) from which the fields are inferred when none are given.</summary>
    public string? SampleFileId { get; init; }

    /// <summary>For those who read the table; becomes its comment. At most 1,000 characters.</summary>
    public string? Description { get; init; }

    /// <summary>The fields, in the order of the table's columns.</summary>
    public IReadOnlyList<FieldInput?>? Fields { get; init; }

    /// <summary>Names of the fields that identify a row.</summary>
    public IReadOnlyList<string?>? PrimaryKey { get; init; }

    /// <summary>Rows have no key (events): all are kept, equal ones too, and a re-load adds nothing.</summary>
    public bool? Keyless { get; init; }

    /// <summary>Name of the datetime or integer field whose greater value wins among rows of one key.</summary>
    public string? LastUpdatedField { get; init; }

    /// <summary>Generate the column <c>_updated_at</c> instead; the default when there is no last updated field.</summary>
    public bool? GenerateUpdatedField { get; init; }

    /// <summary>Percent of bad rows above which a load fails as a whole: 0 to 100, 1 by default.</summary>
    public decimal? ErrorThresholdPercent { get; init; }

    /// <summary>Percent of its rows a table may lose by a truncate before the load waits for approval: 0 to 100, 50 by default; 100 never waits.</summary>
    public decimal? HoldTruncateAbovePercent { get; init; }

    /// <summary>The feed holds customer profiles.</summary>
    public bool? MakeAvailableToStitch { get; init; }

    /// <summary>
    /// A SELECT in DuckDB's dialect over the files of a run, each file tag a view of its files; its result is loaded instead of the files. At most 20,000 characters. Nested values are reached
    /// with <c>unnest</c> and <c>.</c> in Parquet, and as JSON elsewhere: <c>kind -&gt;&gt; 'name'</c>, <c>unnest(cast(items as json[]))</c>. Files can be joined. No other table, file, setting or extension.
    /// </summary>
    public string? IngestQuery { get; init; }

    /// <summary>What happens when a file has a column the feed does not know: ignore (default), add or fail.</summary>
    public DriftPolicy? Drift { get; init; }
}
