using System.Globalization;
using Platform.Files.Engine;

namespace Platform.Files.Formats.Parquet;

/// <summary>Apache Parquet, read by DuckDB.</summary>
internal sealed class ParquetFormat : IFileFormat
{
    public string Name => "parquet";

    public IReadOnlyList<string> ContentTypes { get; } = ["application/x-parquet", "application/vnd.apache.parquet", "application/parquet"];

    public FormatCapabilities Capabilities { get; } = new() { NeedsSeekableFile = true, Typed = true };

    // Never hive_partitioning: which folder names are columns is the caller's to say.
    public string Relation(SourceFile file) => $"read_parquet({DuckDb.Literal(file.Path)}, hive_partitioning=false)";

    public string RowNumber => "file_row_number + 1";

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

    public IReadOnlySet<string> NeverNullColumns(DuckDbConnection connection, SourceFile file)
    {
        var elements = connection.Texts(
            $"SELECT name, coalesce(repetition_type, ''), coalesce(num_children, 0)::VARCHAR FROM parquet_schema({DuckDb.Literal(file.Path)})");
        var columns = new HashSet<string>(StringComparer.Ordinal);

        // The schema is a tree written in depth-first order below one root: skip what is inside a column.
        for (var i = 1; i < elements.Count; i = Skip(elements, i))
        {
            if (elements[i] is [{ } name, "REQUIRED", _])
            {
                columns.Add(name);
            }
        }

        return columns;
    }

    private static long Number(DuckDbConnection connection, string query) =>
        long.Parse(connection.Texts($"SELECT CAST(({query}) AS VARCHAR)")[0][0]!, CultureInfo.InvariantCulture);

    private static int Skip(List<string?[]> elements, int element)
    {
        var next = element + 1;
        for (var left = int.Parse(elements[element][2]!, CultureInfo.InvariantCulture); left > 0 && next < elements.Count; left--)
        {
            next = Skip(elements, next);
        }

        return next;
    }
}
