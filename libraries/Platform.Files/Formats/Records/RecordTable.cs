using Platform.Files.Engine;
using Platform.Files.Engine.Child;

namespace Platform.Files.Formats.Records;

/// <summary>
/// A file of records as SQL sees it: every column is text, as what it is to become is for the statement to say. Where each record brings its own columns they are those of
/// the first records.
/// </summary>
internal sealed class RecordTable : ITable
{
    private const int SampleRows = 10_000;
    private const int SampleBytes = 8 << 20;

    // A file without any column has no rows either; DuckDB wants one all the same.
    private const string NoColumn = "value";

    private readonly RecordFormat _format;
    private readonly SourceFile _file;

    public RecordTable(RecordFormat format, SourceFile file)
    {
        (_format, _file) = (format, file);
        var names = RecordFaults.Guard(file, () =>
        {
            using var reader = format.Open(file, SourceBytes.Open(file));
            reader.SelectAll();
            long bytes = 0;
            for (var row = 0; !reader.HasHeader && row < SampleRows && bytes < SampleBytes && reader.Read(); row++)
            {
                bytes += reader.Raw.Length;
            }

            return reader.Columns.ToList();
        });
        Columns = [.. names.DefaultIfEmpty(NoColumn).Select(name => new TableColumn(name, DuckDbType.Varchar))];
    }

    public IReadOnlyList<TableColumn> Columns { get; }

    public ITableReader Open(IReadOnlyList<int> columns) => new Reading(
        _file,
        RecordFaults.Guard(_file, () => _format.Open(_file, SourceBytes.Open(_file))),
        [.. columns.Where(column => column >= 0).Select(column => Columns[column].Name)],
        [.. columns.Select(column => column >= 0)]);

    private sealed unsafe class Reading : ITableReader
    {
        private readonly SourceFile _file;
        private readonly RecordReader _reader;
        private readonly bool[] _wanted;
        private readonly Func<bool> _read;

        public Reading(SourceFile file, RecordReader reader, IReadOnlyList<string> names, bool[] wanted)
        {
            (_file, _reader, _wanted) = (file, reader, wanted);
            _read = reader.Read;
            reader.Select(names);
        }

        public int Read(ReadOnlySpan<nint> vectors, int rows)
        {
            var validity = stackalloc ulong*[vectors.Length];
            for (var i = 0; i < vectors.Length; i++)
            {
                DuckDbNative.EnsureValidityWritable(vectors[i]);
                validity[i] = DuckDbNative.VectorValidity(vectors[i]);
            }

            var row = 0;
            for (; row < rows && Next(); row++)
            {
                var selected = 0;
                for (var i = 0; i < vectors.Length; i++)
                {
                    var cell = _wanted[i] ? _reader.Cell(selected++) : default;
                    if (cell.Kind == CellKind.Null)
                    {
                        validity[i][row >> 6] &= ~(1UL << (row & 63));
                        continue;
                    }

                    fixed (byte* text = cell.Text)
                    {
                        DuckDbNative.AssignText(vectors[i], (ulong)row, text, (ulong)cell.Text.Length);
                    }
                }
            }

            return row;
        }

        public void Dispose() => _reader.Dispose();

        private bool Next()
        {
            if (!RecordFaults.Guard(_file, _read))
            {
                return false;
            }

            return _reader.Problem is { } problem
                ? throw new EngineException(EngineFailure.BadFile, $"{_file.Name}, {_reader.Position}, {problem}. Expected every record to have the fields of the header where SQL reads the file.")
                : true;
        }
    }
}
