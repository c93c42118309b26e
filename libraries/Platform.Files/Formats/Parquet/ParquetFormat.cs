using System.Globalization;
using Platform.Files.Engine;

namespace Platform.Files.Formats.Parquet;

/// <summary>Apache Parquet, read by DuckDB.</summary>
internal sealed class ParquetFormat : IFileFormat
{
    // DuckDB's, unless the file has a column of that name.
    private const string OwnNumber = "file_row_number";

    public string Name => "parquet";

    public IReadOnlyList<string> ContentTypes { get; } = ["application/x-parquet", "application/vnd.apache.parquet", "application/parquet"];

    public FormatCapabilities Capabilities { get; } = new() { NeedsSeekableFile = true, Typed = true };

    // Never hive_partitioning: which folder names are columns is the caller's to say.
    public string Relation(SourceFile file) => $"read_parquet({DuckDb.Literal(file.Path)}, hive_partitioning=false)";

    /// <summary>Encryption ends here; so does a schema that is damaged, or means what DuckDB would not read.</summary>
    public IReadOnlyList<ColumnReading?> Examine(DuckDbConnection connection, SourceFile file)
    {
        if (connection.Texts($"SELECT 'yes' FROM parquet_file_metadata({DuckDb.Literal(file.Path)}) WHERE encryption_algorithm IS NOT NULL").Count > 0)
        {
            throw new EngineException(EngineFailure.BadFile, $"{file.Name} cannot be read as parquet: it is encrypted, at least in part. Have it sent without Parquet's own encryption; PGP and KMS are understood.");
        }

        // The reader calls columns of the same name differently: the place counts.
        var columns = ParquetSchema.Read(connection, file);
        var names = columns.Any(column => column.All.Any(part => part.Logical.Length > 0 && part.Converted.Length == 0))
            ? connection.Texts($"SELECT column_name FROM (DESCRIBE SELECT * FROM {Relation(file)})")
            : [];
        return names.Count == columns.Count ? [.. columns.Zip(names, (column, name) => ParquetAnnotations.Reading(file, column, name[0]!))] : [];
    }

    public string RowNumber(IEnumerable<string> columns) => columns.Contains(OwnNumber, StringComparer.OrdinalIgnoreCase) ? "row_number() OVER ()" : $"{OwnNumber} + 1";

    public bool DeclaresRows(DuckDbConnection connection, SourceFile file, long rows)
    {
        var path = DuckDb.Literal(file.Path);
        if (Number(connection, $"SELECT num_rows FROM parquet_file_metadata({path})") == rows)
        {
            return true;
        }

        // There are writers that leave the file's own number at zero; then that of its row groups counts, which costs more to read.
        return Number(connection, $"SELECT coalesce(sum(n), 0) FROM (SELECT DISTINCT row_group_id, row_group_num_rows AS n FROM parquet_metadata({path}))") == rows;
    }

    public IReadOnlySet<string> NeverNullColumns(DuckDbConnection connection, SourceFile file) =>
        ParquetSchema.Read(connection, file).Where(column => column.Required).Select(column => column.Name).ToHashSet(StringComparer.Ordinal);

    private static long Number(DuckDbConnection connection, string query) =>
        long.Parse(connection.Texts($"SELECT CAST(({query}) AS VARCHAR)")[0][0]!, CultureInfo.InvariantCulture);
}
