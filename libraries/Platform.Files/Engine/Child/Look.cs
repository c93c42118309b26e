using System.Globalization;
using Platform.Files.Formats;
using Platform.Files.Formats.Records;

namespace Platform.Files.Engine.Child;

/// <summary>What a file looks like: its columns, its first rows.</summary>
internal static class Look
{
    private const string PartitionType = "partition";

    public static IReadOnlyList<InferredField> Infer(DuckDbConnection connection, SourceFile file)
    {
        var format = Format(file);
        if (format is RecordFormat records)
        {
            return RecordLook.Infer(records, file);
        }

        var columns = Columns(connection, format, file);
        try
        {
            var neverNull = format.NeverNullColumns(connection, file);
            return
            [
                .. columns.Select(column => column.Infer(nullable: !neverNull.Contains(column.Name))),
                .. Partitions(file, columns).Select(partition => new InferredField(partition.Key, FieldType.String, null, null, false, PartitionType)),
            ];
        }
        catch (DuckDbException e)
        {
            throw ReadFailure.Of(e, file);
        }
    }

    public static PreviewResult Preview(DuckDbConnection connection, SourceFile file, int rows)
    {
        var format = Format(file);
        if (format is RecordFormat records)
        {
            return RecordLook.Preview(records, file, rows);
        }

        var columns = Columns(connection, format, file);
        var partitions = Partitions(file, columns).ToList();
        var values = columns.Select(column => $"CASE WHEN {column.Source} IS NOT NULL THEN {JsonText(column)} END")
            .Concat(partitions.Select(partition => $"CAST(to_json({DuckDb.Literal(partition.Value)}) AS VARCHAR)"));
        try
        {
            var found = connection.Texts(string.Create(CultureInfo.InvariantCulture, $"SELECT {string.Join(", ", values)} FROM {format.Relation(file)} LIMIT {rows}"));
            return new PreviewResult([.. columns.Select(column => column.Name), .. partitions.Select(partition => partition.Key)], found);
        }
        catch (DuckDbException e)
        {
            throw ReadFailure.Of(e, file);
        }
    }

    public static FileHead Head(SourceFile file, int bytes)
    {
        using var stream = SourceBytes.Open(file);
        var head = new byte[bytes + 1];
        var read = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        return new FileHead(file.Name, head[..Math.Min(read, bytes)], read <= bytes);
    }

    public static IReadOnlyList<FileColumn> Columns(DuckDbConnection connection, IFileFormat format, SourceFile file)
    {
        try
        {
            var readings = format.Examine(connection, file);
            var columns = connection.Texts($"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {format.Relation(file)})");
            return columns.FirstOrDefault(row => row[0]!.Contains('\0', StringComparison.Ordinal)) is null
                ? [.. columns.Select((row, place) => Column(row[0]!, row[1]!, readings.ElementAtOrDefault(place)))]
                : throw new EngineException(EngineFailure.BadFile, $"{file.Name} has a column whose name holds a NUL character, which no database takes. Have its sender rename it.");
        }
        catch (DuckDbException e)
        {
            throw ReadFailure.Of(e, file);
        }
    }

    // A variant is JSON with types of its own; to_json would make one text of it.
    private static FileColumn Column(string name, string type, ColumnReading? reading) =>
        reading is not null ? new(name, reading.Type) { Source = reading.Sql }
        : type == "VARIANT" ? new(name, "JSON") { Source = $"CAST({DuckDb.Identifier(name)} AS JSON)" }
        : new(name, type);

    public static IFileFormat Format(SourceFile file)
    {
        try
        {
            return file.Format == QueryResult.KindName ? QueryResult.Format : FilesLibrary.Formats.Get(file.Format);
        }
        catch (UnknownKindException e)
        {
            throw new EngineException(EngineFailure.BadFile, $"{file.Name}: {e.Message}", e);
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> Partitions(SourceFile file, IReadOnlyList<FileColumn> columns) =>
        file.Partitions.Where(partition => !columns.Any(column => string.Equals(column.Name, partition.Key, StringComparison.OrdinalIgnoreCase)));

    /// <summary>NaN and infinities are no JSON: shown as text.</summary>
    private static string JsonText(FileColumn column)
    {
        var name = column.Source;
        return column.Kind switch
        {
            FileKind.Float => $"CASE WHEN isfinite({name}) THEN CAST(to_json({name}) AS VARCHAR) ELSE CAST(to_json(CAST({name} AS VARCHAR)) AS VARCHAR) END",
            FileKind.Binary => $"CAST(to_json(lower(hex({name}))) AS VARCHAR)",
            FileKind.Json => $"CASE WHEN json_valid({name}) AND NOT regexp_matches(CAST({name} AS VARCHAR), '\\b(NaN|Infinity)\\b') THEN CAST({name} AS VARCHAR) ELSE CAST(to_json(CAST({name} AS VARCHAR)) AS VARCHAR) END",
            FileKind.Nested when column.HasFloats => $"CASE WHEN regexp_matches(CAST(to_json({name}) AS VARCHAR), '\\b(NaN|Infinity)\\b') THEN CAST(to_json(CAST({name} AS VARCHAR)) AS VARCHAR) ELSE CAST(to_json({name}) AS VARCHAR) END",
            _ => $"CAST(to_json({name}) AS VARCHAR)",
        };
    }
}
