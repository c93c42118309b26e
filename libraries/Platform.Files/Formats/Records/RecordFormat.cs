using Platform.Files.Engine;

namespace Platform.Files.Formats.Records;

/// <summary>
/// A format whose records are taken apart by a reader of ours, from the file's first byte to its last (docs/adr/0070). Where SQL is to see such a file, the reader's table
/// function gives it: every column is text, nested values are JSON.
/// </summary>
internal abstract class RecordFormat : IFileFormat
{
    public abstract string Name { get; }

    public abstract IReadOnlyList<string> ContentTypes { get; }

    public FormatCapabilities Capabilities { get; } = new() { NeedsSeekableFile = false, Typed = false };

    /// <summary>Not <c>read_csv</c>, which is DuckDB's own.</summary>
    private string Function => $"{Name}_records";

    // One thread reads, in the file's order, and a streaming window keeps it.
    public string RowNumber(IEnumerable<string> columns) => "row_number() OVER ()";

    public void Register(DuckDbConnection connection, Func<string, SourceFile> files) => connection.Register(Function, path => new RecordTable(this, files(path)));

    public string Relation(SourceFile file) => $"{Function}({DuckDb.Literal(file.Path)})";

    /// <summary>Such files declare nothing; their readers vouch for the end.</summary>
    public bool DeclaresRows(DuckDbConnection connection, SourceFile file, long rows) => true;

    public IReadOnlySet<string> NeverNullColumns(DuckDbConnection connection, SourceFile file) => new HashSet<string>();

    /// <summary>A reader at the beginning of the file, which owns <paramref name="bytes"/>. Its columns are known; no record has been read.</summary>
    public abstract RecordReader Open(SourceFile file, Stream bytes);
}
