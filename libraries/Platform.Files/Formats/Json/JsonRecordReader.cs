using System.Runtime.InteropServices;
using System.Text;
using Platform.Files.Engine;
using Platform.Files.Formats.Records;

namespace Platform.Files.Formats.Json;

/// <summary>How the values of a file stand beside each other.</summary>
internal enum JsonLayout
{
    /// <summary>One value: an array, whose elements are the records, or anything else, which is the only record.</summary>
    Document,

    /// <summary>A record behind the other, blanks or line ends between them: NDJSON, JSON text streams.</summary>
    Stream,
}

/// <summary>
/// Reads JSON strictly, one record at a time: a file is never taken as a whole. A record that is an object has a column for each of its members; any other has one column,
/// <see cref="ValueColumn"/>. Names are matched without regard to case; of two equal ones in an object the last counts.
/// </summary>
internal sealed unsafe class JsonRecordReader : RecordReader
{
    /// <summary>The column of records that are no objects.</summary>
    public const string ValueColumn = "value";

    /// <summary>More are not made known: names that are data would be kept without end.</summary>
    private const int MaxColumns = 2000;

    private const int NotSelected = -1;

    private readonly ByteWindow _window;
    private readonly JsonLayout _layout;
    private readonly JsonScanner _scanner = new();
    private readonly List<string> _columns = [];
    private readonly Dictionary<string, int> _slots = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<(byte[] Name, int Slot)> _usual = [];
    private readonly HashSet<string> _seen = new(StringComparer.OrdinalIgnoreCase);
    private bool _selectAll;
    private int[] _aliases = [];
    private bool _apart = true;
    private JsonMember[] _cells = [];
    private byte* _text;
    private int _textCapacity;
    private int _next;
    private int _recordStart;
    private int _recordEnd;
    private State _state;

    public JsonRecordReader(SourceFile file, Stream bytes, JsonLayout layout)
    {
        _layout = layout;
        _state = layout == JsonLayout.Document ? State.Begin : State.Stream;
        var source = new Utf8Source(bytes, file.Name, null);
        try
        {
            _window = new ByteWindow(source, file.Name);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    private enum State
    {
        Begin,
        FirstElement,
        Element,
        Stream,
        End,
    }

    public override IReadOnlyList<string> Columns => _columns;

    public override bool HasHeader => false;

    public override bool TellsNumbers => true;

    public override string Position => _window.Position(_recordStart);

    public override ReadOnlySpan<byte> Raw => _window.Span(_recordStart, _recordEnd);

    public override void Select(IReadOnlyList<string> names)
    {
        for (var i = 0; i < names.Count; i++)
        {
            // Two fields may read the same member: both get its slot's cell through the first.
            _slots.TryAdd(names[i], i);
        }

        _aliases = [.. names.Select(name => _slots[name])];
        _cells = new JsonMember[names.Count];
    }

    public override void SelectAll() => _selectAll = true;

    public override bool Read()
    {
        if (!Advance())
        {
            return false;
        }

        while (true)
        {
            _scanner.Over(_window.Start, _window.Length, _window.AtEnd);
            switch (_scanner.Read(_next))
            {
                case JsonOutcome.Value:
                    (_recordStart, _recordEnd) = (_next, _scanner.At);
                    _next = _recordEnd;
                    _apart = _scanner.Kind == CellKind.Nested;
                    Assign();
                    return true;
                case JsonOutcome.Fault:
                    throw _window.Bad(_scanner.At, $"is not JSON: expected {_scanner.Expected}, in a record that begins at {_window.Position(_next)}");
                default:
                    Fill();
                    break;
            }
        }
    }

    public override Cell Cell(int selected)
    {
        var slot = _selectAll ? selected : _aliases[selected];
        if (slot >= _cells.Length || _cells[slot] is not { End: > 0 } cell)
        {
            return default;
        }

        var start = _window.Start + cell.Start;
        var length = cell.End - cell.Start;
        switch (*start)
        {
            case (byte)'"':
                return Text(start + 1, length - 2);
            case (byte)'{' or (byte)'[':
                return new Cell(start, length, CellKind.Nested);
            case (byte)'t' or (byte)'f':
                return new Cell(start, length, CellKind.Boolean);
            case (byte)'n':
                return default;
            default:
                return new Cell(start, length, CellKind.Number);
        }
    }

    protected override void Dispose(bool disposing)
    {
        NativeMemory.Free(_text);
        _text = null;
        _window.Dispose();
    }

    /// <summary>Moves <see cref="_next"/> to where the next record begins; false when there is none.</summary>
    private bool Advance()
    {
        while (true)
        {
            _scanner.Over(_window.Start, _window.Length, _window.AtEnd);
            var from = _next;
            _next = _scanner.SkipBlanks(_next);
            _apart |= _next > from;
            if (_next >= _window.Length)
            {
                if (!_window.AtEnd)
                {
                    Fill();
                    continue;
                }

                return _state switch
                {
                    State.Stream or State.End => false,
                    State.Begin => throw _window.Bad(_next, "ends without a value. Expected a JSON document"),
                    _ => throw _window.Bad(_next, "ends inside the array of records. The file may have been cut off; have it sent again"),
                };
            }

            var found = _window.Start[_next];
            switch (_state)
            {
                case State.Stream when !_apart:
                    throw _window.Bad(_next, "has something directly behind a value. Expected a line end between records");
                case State.Stream:
                    return true;
                case State.Begin when found == '[':
                    _state = State.FirstElement;
                    _next++;
                    break;
                case State.Begin:
                    _state = State.End;
                    return true;
                case State.FirstElement when found == ']':
                    _state = State.End;
                    _next++;
                    break;
                case State.FirstElement:
                    _state = State.Element;
                    return true;
                case State.Element when found == ']':
                    _state = State.End;
                    _next++;
                    break;
                case State.Element when found == ',':
                    // The comma belongs to what follows it: both are there, or neither is taken.
                    _next = _scanner.SkipBlanks(_next + 1);
                    if (_next < _window.Length)
                    {
                        return true;
                    }

                    if (_window.AtEnd)
                    {
                        throw _window.Bad(_next, "ends inside the array of records. The file may have been cut off; have it sent again");
                    }

                    _next = from;
                    Fill();
                    break;
                case State.Element:
                    throw _window.Bad(_next, "has neither a comma nor a closing bracket behind a record. Expected an array of records");
                default:
                    throw _window.Bad(_next, "has something behind the JSON document. Expected one document and nothing else; records one behind the other are application/x-ndjson");
            }
        }
    }

    private void Fill()
    {
        _window.Fill(_next);
        _next = 0;
    }

    private void Assign()
    {
        Array.Clear(_cells);
        if (_window.Start[_recordStart] != '{')
        {
            Set(Slot(Encoding.UTF8.GetBytes(ValueColumn)), new JsonMember(0, 0, _recordStart, _recordEnd));
            return;
        }

        var members = _scanner.Members;
        for (var i = 0; i < _scanner.MemberCount; i++)
        {
            // Most records have the same members in the same order.
            ref readonly var member = ref members[i];
            var name = _window.Span(member.KeyStart, member.KeyEnd);
            if (i < _usual.Count && name.SequenceEqual(_usual[i].Name))
            {
                Set(_usual[i].Slot, member);
                continue;
            }

            var slot = Slot(name);
            if (i < _usual.Count)
            {
                _usual[i] = (name.ToArray(), slot);
            }
            else if (i == _usual.Count && i < MaxColumns)
            {
                _usual.Add((name.ToArray(), slot));
            }

            Set(slot, member);
        }
    }

    private void Set(int slot, JsonMember member)
    {
        if (slot != NotSelected)
        {
            _cells[slot] = member;
        }
    }

    /// <summary>The slot of a member's name; a name that was never met becomes a column.</summary>
    private int Slot(ReadOnlySpan<byte> raw)
    {
        var buffer = raw.ToArray();
        var length = JsonText.Unescape(raw, buffer);
        var name = Encoding.UTF8.GetString(buffer, 0, length < 0 ? 0 : length);
        var known = _slots.TryGetValue(name, out var slot);
        if (_columns.Count < MaxColumns && !_seen.Contains(name))
        {
            _seen.Add(name);
            _columns.Add(name);
            if (_selectAll)
            {
                slot = _columns.Count - 1;
                _slots[name] = slot;
                Array.Resize(ref _cells, Math.Max(_cells.Length, slot + 1));
                return slot;
            }
        }

        return known ? slot : NotSelected;
    }

    private Cell Text(byte* start, int length)
    {
        var escaped = new ReadOnlySpan<byte>(start, length);
        if (!escaped.Contains((byte)'\\'))
        {
            return new Cell(start, length, CellKind.String);
        }

        if (_textCapacity < length)
        {
            _textCapacity = Math.Max(length, 4096);
            _text = (byte*)NativeMemory.Realloc(_text, (nuint)_textCapacity);
        }

        var written = JsonText.Unescape(escaped, new Span<byte>(_text, _textCapacity));
        return written < 0 ? new Cell(start, length, CellKind.Broken) : new Cell(_text, written, CellKind.String);
    }
}
