using Platform.Files.Engine;
using Platform.Files.Engine.Child;

namespace Platform.Files.Formats.Avro;

/// <summary>An Avro file as a table: its top-level fields, or one column <c>value</c> when it holds no records with fields.</summary>
internal sealed class AvroTable : ITable
{
    private const string WholeValue = "value";

    private readonly SourceFile _file;
    private readonly IReadOnlyList<AvroColumn> _columns;

    /// <exception cref="AvroException">The head is not one that can be read.</exception>
    public AvroTable(SourceFile file)
    {
        _file = file;
        using var blocks = new AvroBlocks(SourceBytes.Open(file));
        _columns = ColumnsOf(blocks.Schema);
    }

    public IReadOnlyList<TableColumn> Columns => [.. _columns.Select(column => column.Column)];

    /// <summary>The columns whose schema allows no null.</summary>
    public IEnumerable<string> NeverNull => _columns.Where(column => !column.Nullable).Select(column => column.Column.Name);

    public ITableReader Open(IReadOnlyList<int> columns) => new AvroTableReader(SourceBytes.Open(_file), ColumnsOf, columns);

    private static List<AvroColumn> ColumnsOf(AvroType schema)
    {
        if (schema is not { Kind: AvroKind.Record, Fields.Count: > 0 })
        {
            return [new AvroColumn(WholeValue, schema)];
        }

        // DuckDB tells names apart without regard to case.
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var columns = new List<AvroColumn>();
        foreach (var field in schema.Fields)
        {
            var name = field.Name;
            for (var i = 1; !names.Add(name); i++)
            {
                name = $"{field.Name}_{i}";
            }

            columns.Add(new AvroColumn(name, field.Type));
        }

        return columns;
    }
}

/// <summary>One reading of an Avro file.</summary>
internal sealed class AvroTableReader : ITableReader
{
    /// <summary>A group of rows ends when its texts have so many bytes, or a few long values would fill the memory.</summary>
    private const int TextBytesPerGroup = 8 << 20;

    private readonly AvroBlocks _blocks;
    private readonly IReadOnlyList<AvroColumn> _columns;
    private readonly IReadOnlyList<int> _wanted;
    private readonly JsonText _json = new();
    private AvroCursor _cursor;

    public AvroTableReader(Stream stream, Func<AvroType, IReadOnlyList<AvroColumn>> columns, IReadOnlyList<int> wanted)
    {
        _blocks = new AvroBlocks(stream);
        _columns = columns(_blocks.Schema);
        _wanted = wanted;
    }

    public int Read(ReadOnlySpan<nint> vectors, int rows)
    {
        foreach (var column in _columns)
        {
            column.Begin(0);
        }

        for (var i = 0; i < vectors.Length; i++)
        {
            if (_wanted[i] >= 0)
            {
                _columns[_wanted[i]].Begin(vectors[i]);
            }
        }

        var row = 0;
        try
        {
            for (var textBytes = 0; row < rows && textBytes < TextBytesPerGroup && (_blocks.Rows > 0 || NextBlock()); row++)
            {
                for (var i = 0; i < _columns.Count; i++)
                {
                    textBytes += _columns[i].Read(ref _cursor, row, _json);
                }

                _blocks.Take();
            }
        }
        catch (AvroException e) when (!e.HasPlace)
        {
            throw _blocks.At(e);
        }

        return row;
    }

    public void Dispose()
    {
        _blocks.Dispose();
        _json.Dispose();
    }

    /// <summary>Moves to the next block that has rows.</summary>
    private bool NextBlock()
    {
        do
        {
            if (_cursor.Left > 0)
            {
                throw new AvroException($"{_cursor.Left} bytes are left over behind its last row");
            }

            if (!_blocks.Next(out _cursor))
            {
                return false;
            }
        }
        while (_blocks.Rows == 0);

        return true;
    }
}
