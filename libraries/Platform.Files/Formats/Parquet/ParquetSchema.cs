using System.Globalization;
using Platform.Files.Engine;

namespace Platform.Files.Formats.Parquet;

/// <summary>A column of a Parquet file, or a part of one, as the file's own schema describes it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Physical type; empty for a group.</param>
/// <param name="Required">Never null.</param>
/// <param name="Converted">The older annotation, which DuckDB goes by; empty when there is none.</param>
/// <param name="Logical">The newer annotation, in DuckDB's words; empty when there is none.</param>
/// <param name="Children">What a group consists of.</param>
internal sealed record ParquetElement(string Name, string Type, bool Required, string Converted, string Logical, IReadOnlyList<ParquetElement> Children)
{
    /// <summary>Itself and everything inside.</summary>
    public IEnumerable<ParquetElement> All => Children.SelectMany(child => child.All).Prepend(this);
}

/// <summary>Reads the schema of a file's footer: a tree, written in depth-first order below one root.</summary>
internal sealed class ParquetSchema
{
    private const int DeepestNesting = 100;

    private readonly SourceFile _file;
    private readonly List<string?[]> _rows;
    private int _next;

    private ParquetSchema(SourceFile file, List<string?[]> rows) => (_file, _rows) = (file, rows);

    /// <summary>The top-level columns in their order.</summary>
    public static IReadOnlyList<ParquetElement> Read(DuckDbConnection connection, SourceFile file)
    {
        var rows = connection.Texts($"""
            SELECT coalesce(name, ''), coalesce(type, ''), coalesce(repetition_type, ''), coalesce(num_children, 0)::VARCHAR, coalesce(converted_type, ''), coalesce(logical_type, '')
            FROM parquet_schema({DuckDb.Literal(file.Path)})
            """);
        return rows.Count == 0 ? [] : new ParquetSchema(file, rows).Next(0).Children;
    }

    private ParquetElement Next(int depth)
    {
        if (_next >= _rows.Count || depth > DeepestNesting)
        {
            throw new EngineException(EngineFailure.BadFile, _next >= _rows.Count
                ? $"{_file.Name} cannot be read as parquet: its schema has fewer elements than it says. The file is damaged; have its sender write it again."
                : $"{_file.Name} cannot be read as parquet: its schema is nested more than {DeepestNesting} levels deep. Have it written with a flatter schema.");
        }

        var row = _rows[_next++];
        var children = new List<ParquetElement>();
        for (var left = int.Parse(row[3]!, CultureInfo.InvariantCulture); left > 0; left--)
        {
            children.Add(Next(depth + 1));
        }

        return new(row[0]!, children.Count > 0 ? "" : row[1]!, row[2] == "REQUIRED", row[4]!, row[5]!, children);
    }
}
