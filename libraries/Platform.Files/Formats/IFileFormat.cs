using Platform.Files.Engine;

namespace Platform.Files.Formats;

/// <summary>How the bytes of a file become rows of a DuckDB relation. One folder per format; see <c>README.md</c> beside this file.</summary>
public interface IFileFormat : IKind
{
    /// <summary>The values of <c>file/content-type</c> that mean this format, the usual one first.</summary>
    IReadOnlyList<string> ContentTypes { get; }

    /// <summary>What the format can and needs.</summary>
    FormatCapabilities Capabilities { get; }

    /// <summary>Makes the format's own table functions known to a connection; <paramref name="files"/> finds a file of the job by its path.</summary>
    void Register(DuckDbConnection connection, Func<string, SourceFile> files)
    {
    }

    /// <summary>A table function call that gives the file's own columns.</summary>
    string Relation(SourceFile file);

    /// <summary>
    /// Looks at what the file says of itself before it is read; throws when it cannot be read as it is meant. Tells, by the place of each column, how it must be read where that is not the column as
    /// it comes; an empty list when all columns come right.
    /// </summary>
    IReadOnlyList<ColumnReading?> Examine(DuckDbConnection connection, SourceFile file) => [];

    /// <summary>An SQL expression over <see cref="Relation"/>, which has these columns: the row's number in the file, from 1.</summary>
    string RowNumber(IEnumerable<string> columns);

    /// <summary>Whether the file itself says it has this many rows; <see langword="true"/> when its format does not say.</summary>
    bool DeclaresRows(DuckDbConnection connection, SourceFile file, long rows);

    /// <summary>The top-level columns the file itself says are never null.</summary>
    IReadOnlySet<string> NeverNullColumns(DuckDbConnection connection, SourceFile file);
}

/// <summary>How a column is read as it is meant.</summary>
/// <param name="Sql">An expression over the format's relation.</param>
/// <param name="Type">DuckDB's name of its type.</param>
public sealed record ColumnReading(string Sql, string Type);

/// <summary>What a format can and needs, as data.</summary>
public sealed record FormatCapabilities
{
    /// <summary>The file is read back and forth: it cannot come through a pipe.</summary>
    public required bool NeedsSeekableFile { get; init; }

    /// <summary>The file says the type of each column; otherwise all values are text.</summary>
    public required bool Typed { get; init; }
}
