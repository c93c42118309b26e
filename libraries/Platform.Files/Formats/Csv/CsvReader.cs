using System.Globalization;
using System.Text;
using Platform.Files.Engine;
using Platform.Files.Engine.Child;
using Platform.Files.Formats.Records;

namespace Platform.Files.Formats.Csv;

/// <summary>
/// Reads CSV strictly: only a record with too few or too many fields is a bad row; any other structural fault ends the file with its position. An empty field without quotes is
/// null, one in quotes an empty text. Blank lines are passed over, unless there is only one column.
/// </summary>
internal sealed unsafe class CsvReader : RecordReader
{
    private readonly ByteWindow _window;
    private readonly CsvDialect _dialect;
    private readonly CsvTokenizer _tokenizer;
    private readonly List<string> _columns;
    private int[] _selected = [];
    private readonly string _encoding;
    private int _next;
    private int _headerRows;
    private string? _problem;

    public CsvReader(SourceFile file, Stream bytes, byte? usualSeparator)
    {
        var settings = file.Settings.Csv ?? new CsvSettings();
        if (settings.Problems().ToList() is { Count: > 0 } problems)
        {
            throw new EngineException(EngineFailure.BadFile, $"{file.Name} cannot be read with its settings: {string.Join(" ", problems.Select(problem => $"{problem.Key} {problem.Problem}"))}");
        }

        var source = new Utf8Source(bytes, file.Name, settings.Encoding);
        _encoding = source.Encoding;
        try
        {
            _window = new ByteWindow(source, file.Name);
        }
        catch
        {
            source.Dispose();
            throw;
        }

        try
        {
            _dialect = CsvSniffer.Sniff(_window, settings, usualSeparator);
            _tokenizer = new CsvTokenizer(_dialect);
            _columns = ReadHeader(settings);
        }
        catch
        {
            _window.Dispose();
            throw;
        }
    }

    public override IReadOnlyList<string> Columns => _columns;

    public override bool HasHeader => true;

    public override string Position => _window.Position(_tokenizer.RecordStart);

    public override string? Problem => _problem;

    public override ReadOnlySpan<byte> Raw => _window.Span(_tokenizer.RecordStart, _tokenizer.RecordEnd);

    public override FileSettings Settings => new()
    {
        Csv = new()
        {
            Separator = _dialect.Separator == '\t' ? "t" : ((char)_dialect.Separator).ToString(),
            Quote = _dialect.Quote == CsvDialect.None ? "" : ((char)_dialect.Quote).ToString(),
            Escape = _dialect.Escape == CsvDialect.None ? null : ((char)_dialect.Escape).ToString(),
            HeaderRows = _headerRows,
            Encoding = _encoding,
        },
    };

    public override void Select(IReadOnlyList<string> names) =>
        _selected = [.. names.Select(name => _columns.FindIndex(column => string.Equals(column, name, StringComparison.OrdinalIgnoreCase)))];

    public override void SelectAll() => _selected = [.. Enumerable.Range(0, _columns.Count)];

    public override bool Read()
    {
        do
        {
            if (!Scan())
            {
                return false;
            }
        }
        while (_tokenizer.IsBlank && _columns.Count > 1);

        _problem = _tokenizer.Fields == _columns.Count
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"has {_tokenizer.Fields} fields, expected {_columns.Count}");
        return true;
    }

    public override Cell Cell(int selected)
    {
        var field = _selected[selected];
        if (field < 0)
        {
            return default;
        }

        var (start, end, kind) = _tokenizer.Field(field);
        if (kind == CsvField.Plain)
        {
            return start == end ? default : new Cell(_window.Start + start, end - start, CellKind.Text);
        }

        if (kind == CsvField.Escaped)
        {
            end = start + CsvText.Unescape(_window.Start + start, end - start, _dialect);
            _tokenizer.Unescaped(field, end);
        }

        return new Cell(_window.Start + start, end - start, CellKind.Text);
    }

    protected override void Dispose(bool disposing) => _window.Dispose();

    private bool Scan()
    {
        while (true)
        {
            if (_next >= _window.Length)
            {
                if (_window.AtEnd)
                {
                    return false;
                }

                Fill();
                continue;
            }

            switch (_tokenizer.Scan(_window.Start, _next, _window.Length, _window.AtEnd))
            {
                case CsvOutcome.Record:
                    _next = _tokenizer.Next;
                    return true;
                case CsvOutcome.Incomplete:
                    Fill();
                    break;
                case CsvOutcome.TextBehindQuote:
                    throw _window.Bad(_tokenizer.ProblemAt,
                        $"has text behind a closing quote in a record that begins at {Position}. Expected a separator or a line end there, and quotes inside of quotes escaped; "
                        + "a quote before that may never have been closed. Have the file written again, or set file/quote and file/escape");
                case CsvOutcome.LoneCarriageReturn:
                    throw _window.Bad(_tokenizer.ProblemAt, "has a carriage return that neither ends a line nor stands in quotes. Expected lines that all end with LF or CRLF, or all with CR");
                case CsvOutcome.OpenQuote:
                    throw _window.Bad(_tokenizer.ProblemAt, "opens a quote that the file never closes. The file may have been cut off; have it sent again, or set file/quote if it quotes otherwise");
                case CsvOutcome.TooManyFields:
                    throw _window.Bad(_tokenizer.ProblemAt, $"has a record of more than {CsvTokenizer.MaxFields} fields. Expected fewer; set file/separator if it is another one");
            }
        }
    }

    private void Fill()
    {
        _window.Fill(_next);
        _tokenizer.Reset();
        _next = 0;
    }

    private List<string> ReadHeader(CsvSettings settings)
    {
        var known = settings.ColumnNames is { } names ? new KnownColumns(names) : null;
        var usual = known is null ? 0 : CsvSniffer.Columns(_window, _dialect);
        var rows = settings.HeaderRows ?? ((known is null ? LooksLikeHeader() : NextRow() && known.IsHeader(Cells())) ? 1 : 0);
        _headerRows = rows;
        _next = 0;
        _tokenizer.Reset();
        List<string>? header = null;
        for (var row = 0; row < rows && NextRow(); row++)
        {
            header = Cells();
        }

        if (settings.Columns is { } given)
        {
            return [.. given];
        }

        if (known is not null)
        {
            return Names(header is null ? known.InOrder(usual) : known.Canonical(header));
        }

        if (header is null)
        {
            header = [];
            if (NextRow())
            {
                // Only a look: it stays the next one.
                header.AddRange(Enumerable.Repeat("", _tokenizer.Fields));
                _next = _tokenizer.RecordStart;
                _tokenizer.Reset();
            }
        }

        return Names(header);
    }

    private bool NextRow()
    {
        while (Scan())
        {
            if (!_tokenizer.IsBlank)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A first row of texts, at least half of them not empty, none a number, date or truth value, is a header.</summary>
    private bool LooksLikeHeader()
    {
        if (!NextRow())
        {
            return false;
        }

        var cells = Cells();
        return cells.Count(cell => cell.Length > 0) * 2 >= cells.Count && cells.TrueForAll(cell => !TypeGuess.IsValue(cell));
    }

    /// <summary>The record's texts. Escapes are taken out of a copy: the record may be read once more.</summary>
    private List<string> Cells()
    {
        var cells = new List<string>(_tokenizer.Fields);
        for (var i = 0; i < _tokenizer.Fields; i++)
        {
            var (start, end, kind) = _tokenizer.Field(i);
            var copy = _window.Span(start, end).ToArray();
            fixed (byte* text = copy)
            {
                cells.Add(Encoding.UTF8.GetString(copy, 0, kind == CsvField.Escaped ? CsvText.Unescape(text, copy.Length, _dialect) : copy.Length));
            }
        }

        return cells;
    }

    /// <summary>Empty names become <c>columnN</c>; a name that was there before gets a number.</summary>
    private static List<string> Names(List<string> header)
    {
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var names = new List<string>(header.Count);
        for (var i = 0; i < header.Count; i++)
        {
            var name = header[i].Trim();
            name = name.Length == 0 ? string.Create(CultureInfo.InvariantCulture, $"column{i + 1}") : name;
            var unique = name;
            for (var number = 2; !taken.Add(unique); number++)
            {
                unique = string.Create(CultureInfo.InvariantCulture, $"{name}_{number}");
            }

            names.Add(unique);
        }

        return names;
    }
}
