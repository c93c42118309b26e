using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Xml;
using Platform.Files.Engine;
using Platform.Files.Formats.Records;

namespace Platform.Files.Formats.Xml;

/// <summary>
/// Reads XML one record at a time. A record's columns are its child elements, by local name, and its attributes, as <c>@name</c>; a record without either has its text in
/// <see cref="TextColumn"/>. A child with children or attributes of its own becomes JSON, and so do several children of one name. There are no document types and no entities
/// but XML's own five. An empty child is null.
/// </summary>
internal sealed unsafe class XmlRecordReader : RecordReader
{
    /// <summary>The column of a record that is nothing but text.</summary>
    public const string TextColumn = "value";

    private const int MaxColumns = 2000;

    private readonly BoundedInput _input;
    private readonly XmlReader _xml;
    private readonly string _name;
    private readonly List<string> _columns = [];
    private readonly HashSet<string> _seen = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<XmlValue>> _record = new(StringComparer.OrdinalIgnoreCase);
    private readonly bool _rowsAnywhere;
    private string? _rowElement;
    private IReadOnlyList<string>? _selected;
    private byte* _text;
    private int _textCapacity;
    private byte[] _raw = [];
    private string _position = "";

    public XmlRecordReader(SourceFile file, Stream bytes)
    {
        _name = file.Name;
        _rowElement = file.Settings.Xml?.RowElement;
        _rowsAnywhere = _rowElement is not null;
        if (file.Settings.Xml?.Problems().FirstOrDefault() is { } problem)
        {
            bytes.Dispose();
            throw new EngineException(EngineFailure.BadFile, $"{file.Name} cannot be read with its settings: {problem.Key} {problem.Problem}");
        }

        _input = new BoundedInput(bytes, file.Name);
        _xml = XmlReader.Create(_input, new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
            IgnoreWhitespace = true,
            MaxCharactersInDocument = 0,
            CheckCharacters = true,
        });
    }

    public override IReadOnlyList<string> Columns => _columns;

    public override bool HasHeader => false;

    public override string Position => _position;

    public override ReadOnlySpan<byte> Raw => _raw;

    public override FileSettings? Settings => new() { Xml = new() { RowElement = _rowElement } };

    public override void Select(IReadOnlyList<string> names) => _selected = names;

    public override void SelectAll() => _selected = null;

    public override bool Read()
    {
        try
        {
            if (!MoveToRow())
            {
                return false;
            }

            _position = Here();
            _input.Renew();
            _record.Clear();
            ReadRow();
            return true;
        }
        catch (XmlException e)
        {
            // Its text quotes what it found, which may be a person's data.
            throw new EngineException(
                EngineFailure.BadFile,
                string.Create(CultureInfo.InvariantCulture, $"{_name}, line {e.LineNumber} (column {e.LinePosition}), is not well-formed XML as it is taken here. Expected one document, complete, without a document type, entities of its own or characters that XML does not have, in the encoding it declares; have its sender write it again."),
                e);
        }
    }

    public override Cell Cell(int selected)
    {
        var name = _selected is null ? _columns[selected] : _selected[selected];
        if (!_record.TryGetValue(name, out var values) || values is [{ IsNull: true }])
        {
            return default;
        }

        return values is [{ Nested: null } only] ? Text(only.Text!, CellKind.String) : Text(XmlJson.Of(values), CellKind.Nested);
    }

    protected override void Dispose(bool disposing)
    {
        _xml.Dispose();
        _input.Dispose();
        NativeMemory.Free(_text);
        _text = null;
    }

    private string Here()
    {
        var line = (IXmlLineInfo)_xml;
        return string.Create(CultureInfo.InvariantCulture, $"line {line.LineNumber} (column {line.LinePosition})");
    }

    /// <summary>Reads on to the next element that is a row, and stands on it.</summary>
    private bool MoveToRow()
    {
        var stay = false;
        while (stay || _xml.Read())
        {
            stay = false;
            if (_xml.NodeType != XmlNodeType.Element)
            {
                if (_xml.NodeType is XmlNodeType.Text or XmlNodeType.CDATA && !_rowsAnywhere)
                {
                    throw Bad("has text between the records. Expected a root element with nothing in it but the elements that are records; file/row-element names them");
                }

                continue;
            }

            if (_xml.Depth >= XmlElement.MaxDepth)
            {
                throw Bad($"has more than {XmlElement.MaxDepth} elements inside each other");
            }

            if (_rowsAnywhere ? _xml.LocalName == _rowElement : _xml.Depth == 1)
            {
                _rowElement ??= _xml.LocalName;
                if (_xml.LocalName != _rowElement)
                {
                    throw Bad($"has an element that is no '{_rowElement}' beside the records. Expected elements of one name below the root; file/row-element says which are records when others stand beside them");
                }

                return true;
            }

            _input.Renew();
        }

        return false;
    }

    private void ReadRow()
    {
        var row = XmlElement.Read(_xml, Bad);
        var size = 0;
        foreach (var (name, value) in row.Members)
        {
            size += value.Length;
            Add(name, value);
        }

        if (row.Members.Count == 0)
        {
            Add(TextColumn, new XmlValue(row.Text.Length == 0 ? null : row.Text, null));
        }

        // Only its length counts, where samples are bounded.
        _raw = size + row.Text.Length > _raw.Length ? new byte[size + row.Text.Length] : _raw;
    }

    private void Add(string name, XmlValue value)
    {
        if (_seen.Count < MaxColumns && _seen.Add(name))
        {
            _columns.Add(name);
        }

        ref var values = ref CollectionsMarshal.GetValueRefOrAddDefault(_record, name, out _);
        (values ??= []).Add(value);
    }

    private EngineException Bad(string problem) => new(EngineFailure.BadFile, $"{_name}, {Here()}, {problem}.");

    private Cell Text(string text, CellKind kind)
    {
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (_textCapacity < most)
        {
            _textCapacity = most;
            _text = (byte*)NativeMemory.Realloc(_text, (nuint)most);
        }

        return new Cell(_text, Encoding.UTF8.GetBytes(text, new Span<byte>(_text, _textCapacity)), kind);
    }
}
