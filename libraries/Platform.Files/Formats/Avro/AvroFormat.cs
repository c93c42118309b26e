using Platform.Files.Engine;

namespace Platform.Files.Formats.Avro;

/// <summary>Apache Avro object container files, read by our own reader.</summary>
internal sealed class AvroFormat : IFileFormat
{
    private const string Function = "read_avro";

    public string Name => "avro";

    public IReadOnlyList<string> ContentTypes { get; } = ["application/avro", "avro/binary", "application/vnd.apache.avro", "application/x-avro"];

    public FormatCapabilities Capabilities { get; } = new() { NeedsSeekableFile = false, Typed = true };

    // One thread reads, in the file's order, and a streaming window keeps it.
    public string RowNumber(IEnumerable<string> columns) => "row_number() OVER ()";

    public void Register(DuckDbConnection connection, Func<string, SourceFile> files) => connection.Register(Function, path => new AvroTable(files(path)));

    public string Relation(SourceFile file) => $"{Function}({DuckDb.Literal(file.Path)})";

    public bool DeclaresRows(DuckDbConnection connection, SourceFile file, long rows) => true;

    public IReadOnlySet<string> NeverNullColumns(DuckDbConnection connection, SourceFile file)
    {
        try
        {
            return new AvroTable(file).NeverNull.ToHashSet(StringComparer.Ordinal);
        }
        catch (TableException e)
        {
            throw new DuckDbException(e.Message, e);
        }
    }
}
