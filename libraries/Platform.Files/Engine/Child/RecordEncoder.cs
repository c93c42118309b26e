using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using Platform.Files.Formats.Records;

namespace Platform.Files.Engine.Child;

/// <summary>Writes records as rows of PostgreSQL's binary COPY, as <see cref="CopyEncoder"/> does with DuckDB's chunks: no value is touched by anything but its field's rule.</summary>
internal sealed unsafe class RecordEncoder
{
    private const int LengthBytes = 4;
    private const int LineageColumns = 3;
    private const string WholeRecord = "(record)";

    private readonly CopyBuffer _buffer;
    private readonly RejectedRows _rejected;
    private readonly RecordReader _reader;
    private readonly RecordField[] _fields;
    private readonly JsonObjectColumn? _object;
    private readonly int _inObject;
    private readonly short _columnCount;
    private readonly long _loadId;
    private readonly long _fileId;
    private readonly long _rowsBefore;
    private readonly int _fixedBytes;

    public RecordEncoder(CopyBuffer buffer, RejectedRows rejected, RecordReader reader, RecordField[] fields, long loadId, SourceFile file)
    {
        (_buffer, _rejected, _reader, _fields, _loadId, _fileId, _rowsBefore) = (buffer, rejected, reader, fields, loadId, file.FileId, file.RowsBefore);
        _object = JsonObjectColumn.Of([.. fields.Select(field => field.Rule.Field)]);
        _inObject = _object?.First ?? int.MaxValue;
        _columnCount = BinaryPrimitives.ReverseEndianness((short)(Math.Min(fields.Length, _inObject) + (_object is null ? 0 : 1) + LineageColumns));
        _fixedBytes = sizeof(short) + (fields.Length * (LengthBytes + PostgresNumeric.MaxBytes)) + (LineageColumns * (LengthBytes + sizeof(long)));
    }

    /// <summary>Records seen.</summary>
    public long Read { get; private set; }

    /// <summary>Records of these that were not written.</summary>
    public long Rejected { get; private set; }

    /// <summary>Records that were passed over; not among <see cref="Read"/>.</summary>
    public long Known { get; private set; }

    /// <summary>Leaves the reader's current record out.</summary>
    public void PassOver() => Known++;

    /// <summary>Writes the reader's current record.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Encode()
    {
        var row = _rowsBefore + Known + ++Read;
        if (_reader.Problem is { } problem)
        {
            Rejected++;
            _rejected.Add(_fileId, row, WholeRecord, Start(_reader.Raw), $"{problem} ({_reader.Position})");
            return;
        }

        var at = _buffer.BeginRow(_fixedBytes);
        *(short*)at = _columnCount;
        at += sizeof(short);
        var bad = false;
        var members = 0L;
        for (var i = 0; i < _fields.Length; i++)
        {
            if (i == _inObject)
            {
                members = at - _buffer.Row;
            }

            ref readonly var field = ref _fields[i];
            var cell = field.Selected < 0 ? default : _reader.Cell(field.Selected);
            var text = cell.Text;
            var kind = cell.Kind;
            if (kind == CellKind.Null && field.Constant is not null)
            {
                text = field.Constant;
                kind = CellKind.Text;
            }

            if (kind == CellKind.Null || (text.Length == 0 && kind == CellKind.Text && field.HasFixedSize))
            {
                if (field.Required)
                {
                    bad = true;
                    _rejected.Add(_fileId, row, field.Rule.Field.Name, null, "null in a required field");
                }

                *(int*)at = -1;
                at += LengthBytes;
                continue;
            }

            string? reason;
            if (field.HasFixedSize && kind != CellKind.Broken)
            {
                var end = field.Rule.Write(at, text, kind == CellKind.Number);
                if (end != null)
                {
                    at = end;
                    continue;
                }

                reason = Conversions.Expected(field.Rule.Field);
            }
            else
            {
                reason = field.Rule.Field.Type == FieldType.Json ? WriteJson(ref at, text, kind) : WriteText(ref at, text, kind);
                if (reason is null)
                {
                    continue;
                }
            }

            bad = true;
            _rejected.Add(_fileId, row, field.Rule.Field.Name, Start(text), reason);
        }

        if (bad)
        {
            Rejected++;
            return;
        }

        at = _object is null ? at : _object.Fold(_buffer, members, at, _fixedBytes);
        at = FieldRule.Int64(at, _loadId);
        at = FieldRule.Int64(at, _fileId);
        _buffer.EndRow(FieldRule.Int64(at, row));
    }

    private static string Start(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text[..Math.Min(text.Length, CopyPlan.RejectedValueLength * 4)]);

    private string? WriteText(ref byte* at, ReadOnlySpan<byte> text, CellKind kind)
    {
        if (kind == CellKind.Broken)
        {
            return "contains half of a surrogate pair";
        }

        if (text.Contains((byte)0))
        {
            return "contains a NUL character, which PostgreSQL cannot store in text";
        }

        at = _buffer.Ensure(at, text.Length, _fixedBytes);
        *(int*)at = BinaryPrimitives.ReverseEndianness(text.Length);
        text.CopyTo(new Span<byte>(at + LengthBytes, text.Length));
        at += LengthBytes + text.Length;
        return null;
    }

    private string? WriteJson(ref byte* at, ReadOnlySpan<byte> text, CellKind kind)
    {
        switch (kind)
        {
            case CellKind.Broken:
                return "contains half of a surrogate pair";
            case CellKind.String when text.Contains((byte)0):
                return @"contains \u0000, which PostgreSQL cannot store";
            case CellKind.String:
                at = _buffer.Ensure(at, JsonString.Length(text) + 1, _fixedBytes);
                at[LengthBytes] = JsonbText.Version;
                var end = JsonString.Write(at + LengthBytes + 1, text);
                *(int*)at = BinaryPrimitives.ReverseEndianness((int)(end - at) - LengthBytes);
                at = end;
                return null;
            default:
                var problem = JsonbText.Problem(text, check: kind != CellKind.Boolean);
                if (problem is null)
                {
                    at = _buffer.Ensure(at, text.Length + 1, _fixedBytes);
                    *(int*)at = BinaryPrimitives.ReverseEndianness(text.Length + 1);
                    at[LengthBytes] = JsonbText.Version;
                    text.CopyTo(new Span<byte>(at + LengthBytes + 1, text.Length));
                    at += LengthBytes + 1 + text.Length;
                }

                return problem;
        }
    }
}

/// <summary>Where a field's values come from.</summary>
/// <param name="Rule">How its text becomes a value.</param>
/// <param name="Selected">Its place among the selected columns, or -1.</param>
/// <param name="Constant">The value of the file's path, for records without one of their own.</param>
/// <param name="Required">A null is a bad row.</param>
/// <param name="HasFixedSize">Neither text nor JSON.</param>
internal readonly record struct RecordField(FieldRule Rule, int Selected, byte[]? Constant, bool Required, bool HasFixedSize);
