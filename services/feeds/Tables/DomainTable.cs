using Platform.Feeds.Definitions;
using Platform.Files.Engine;

namespace Platform.Feeds.Tables;

/// <summary>
/// A domain table as SQL sees it: a permanent shell <c>domain."Source:Feed"</c>, partitioned by range of the first key column with exactly one partition from MINVALUE to
/// MAXVALUE. <paramref name="Beyond"/> names the fields that have no column of their own (<see cref="RowLayout"/>). The shell carries name, grants, comments and views; a swap exchanges the partition (docs/adr/0007).
/// </summary>
internal sealed record DomainTable(string FeedId, string Name, FeedDefinition Definition, IReadOnlyList<string> Beyond)
{
    public const string Schema = "domain";
    public const string PartitionSchema = "domain_parts";
    public const string StagingSchema = "staging";

    /// <summary>Ends the name of a staging table that belongs to another table of the same attempt.</summary>
    public const string RawSuffix = "_raw";

    /// <summary>Which load, file and row of the file a stored row came from.</summary>
    public static readonly IReadOnlyList<string> Lineage = ["_load_id", "_file_id", "_row_no"];

    public const string UpdatedAt = "_updated_at";

    /// <summary>The column of the fields beyond what a row holds: one jsonb object, without those that are null.</summary>
    public const string More = "_more";

    /// <summary>Key of a keyless feed's rows: the hash of their values, and their number among the equal rows of their file.</summary>
    public static readonly IReadOnlyList<string> RowIdentity = ["_row_hash", "_row_occurrence"];

    /// <summary>Names of columns that every table of PostgreSQL has already.</summary>
    public static readonly IReadOnlySet<string> SystemColumns = new HashSet<string>(["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"], StringComparer.OrdinalIgnoreCase);

    /// <summary>The shell, quoted.</summary>
    public string Shell => $"{Schema}.{Quote(Name)}";

    public bool HasMore => Beyond.Count > 0;

    /// <summary>The fields with a column of their own.</summary>
    public IEnumerable<FieldDefinition> Stored => HasMore ? Definition.Fields.Where(one => !IsInMore(one.Name)) : Definition.Fields;

    /// <summary>The columns a COPY of the engine fills, in its order.</summary>
    public IEnumerable<string> CopiedColumns => Stored.Select(one => Quote(one.Name)).Concat(HasMore ? [More] : []).Concat(Lineage);

    /// <summary>The columns of a staging table: what was copied and, without a key, what takes its place.</summary>
    public IEnumerable<string> StagedColumns => Definition.Keyless ? CopiedColumns.Concat(RowIdentity) : CopiedColumns;

    /// <summary>Every column.</summary>
    public IEnumerable<string> Columns => Definition.GenerateUpdatedField ? StagedColumns.Append(UpdatedAt) : StagedColumns;

    public IEnumerable<string> KeyColumns => Definition.Keyless ? RowIdentity : Definition.KeyFields.Select(one => Quote(one.Name));

    /// <summary>The types of <see cref="KeyColumns"/>.</summary>
    public IEnumerable<string> KeyTypes => Definition.Keyless ? ["uuid", "bigint"] : Definition.KeyFields.Select(one => one.PostgresType);

    /// <summary>The fields whose values decide whether a row changed: all but the key. Rows of a keyless feed never change.</summary>
    public IEnumerable<string> ValueColumns => Definition.Keyless ? [] : Stored.Where(one => !Definition.IsKey(one)).Select(one => Quote(one.Name)).Concat(HasMore ? [More] : []);

    public string Key => string.Join(", ", KeyColumns);

    /// <summary>Column definitions of the shell and its partitions; key columns cannot be null, so that a swap needs no scan.</summary>
    public IEnumerable<string> ColumnDefinitions
    {
        get
        {
            foreach (var one in Stored)
            {
                yield return $"{Quote(one.Name)} {ColumnType(one)}{(Definition.IsKey(one) ? " not null" : "")}";
            }

            if (HasMore)
            {
                yield return $"{More} jsonb not null";
            }

            foreach (var column in Lineage)
            {
                yield return $"{column} bigint not null";
            }

            if (Definition.Keyless)
            {
                yield return "_row_hash uuid not null";
                yield return "_row_occurrence bigint not null";
            }

            if (Definition.GenerateUpdatedField)
            {
                yield return $"{UpdatedAt} timestamp with time zone not null";
            }
        }
    }

    /// <summary>Key columns compare byte by byte: building and searching their index takes half the time, and no library update can change the order.</summary>
    public string ColumnType(FieldDefinition field) =>
        Definition.IsKey(field) && field.PostgresType == "text" ? "text collate \"C\"" : field.PostgresType;

    public bool IsInMore(string field) => Beyond.Contains(field, StringComparer.Ordinal);

    /// <summary>SQL for a field's value in its own type, wherever it is kept.</summary>
    public string ValueOf(FieldDefinition field) => !IsInMore(field.Name) ? Quote(field.Name)
        : field.Type == FieldType.Json ? $"({More} -> {Literal(field.Name)})"
        : field.Type == FieldType.String ? $"({More} ->> {Literal(field.Name)})"
        : $"({More} ->> {Literal(field.Name)})::{field.PostgresType}";

    /// <summary>Name of a partition or staging table. It carries load and attempt, so that a worker that fell behind meets none of its successor's tables.</summary>
    public string PartName(long loadSeq, int attempt) => $"{FeedId.Replace('-', '_')}_{loadSeq}_{attempt}";

    public static string Partition(string name) => $"{PartitionSchema}.{Quote(name)}";

    public static string Staging(string name) => $"{StagingSchema}.{Quote(name)}";

    public static string Quote(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    public static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>Key of the advisory lock that lets one session at a time change a feed's table.</summary>
    public static string LockKey(string feedId) => $"feed {feedId}";
}
