using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Platform.Files.Formats.Csv;

/// <summary>What looking for the end of a record gave.</summary>
internal enum CsvOutcome
{
    /// <summary>A record, from <see cref="CsvTokenizer.RecordStart"/> to <see cref="CsvTokenizer.RecordEnd"/>.</summary>
    Record,

    /// <summary>The bytes end before the record does.</summary>
    Incomplete,

    /// <summary>Behind a closing quote, at <see cref="CsvTokenizer.ProblemAt"/>, stands neither a separator nor a line end.</summary>
    TextBehindQuote,

    /// <summary>A carriage return outside of quotes, at <see cref="CsvTokenizer.ProblemAt"/>, that does not belong to a line end.</summary>
    LoneCarriageReturn,

    /// <summary>The file ends inside the quotes opened at <see cref="CsvTokenizer.ProblemAt"/>.</summary>
    OpenQuote,

    /// <summary>More than <see cref="CsvTokenizer.MaxFields"/> fields.</summary>
    TooManyFields,
}

/// <summary>
/// Finds the fields of one record after another. 64 bytes are compared at once with the four or five characters that mean something; only those are looked at one by one.
/// A quote opens a quoted field only as the field's first character, as RFC 4180 has it; elsewhere it is a character like others.
/// </summary>
internal sealed unsafe class CsvTokenizer(CsvDialect dialect)
{
    public const int MaxFields = 20_000;

    private const int BlockBytes = 64;

    private int[] _starts = new int[64];
    private int[] _ends = new int[64];
    private CsvField[] _kinds = new CsvField[64];
    private int _block = -1;
    private ulong _mask;

    public int Fields { get; private set; }

    public int RecordStart { get; private set; }

    /// <summary>Behind the last field, before the line end.</summary>
    public int RecordEnd { get; private set; }

    /// <summary>Where the next record begins.</summary>
    public int Next { get; private set; }

    public int ProblemAt { get; private set; }

    /// <summary>The record has no character at all.</summary>
    public bool IsBlank => Fields == 1 && RecordEnd == RecordStart;

    /// <summary>Where a field's text stands, without its quotes.</summary>
    public (int Start, int End, CsvField Kind) Field(int field) => (_starts[field], _ends[field], _kinds[field]);

    /// <summary>The field now reaches to <paramref name="end"/> and holds no escapes any more.</summary>
    public void Unescaped(int field, int end)
    {
        _ends[field] = end;
        _kinds[field] = CsvField.Quoted;
    }

    /// <summary>The bytes have moved: nothing found before means anything.</summary>
    public void Reset() => _block = -1;

    /// <summary>Takes the record apart that begins at <paramref name="start"/>. Behind <paramref name="length"/> 64 more bytes can be read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public CsvOutcome Scan(byte* bytes, int start, int length, bool atEnd)
    {
        var (separator, quote, escape) = (dialect.Separator, dialect.Quote, dialect.Escape);
        RecordStart = start;
        Fields = 0;
        if (_block < 0 || start < _block || start > _block + BlockBytes)
        {
            _block = start;
            _mask = Mask(bytes + start);
        }

        var fieldStart = start;
        var ignored = start;
        var quoted = false;
        var kind = CsvField.Plain;
        while (true)
        {
            while (_mask == 0)
            {
                _block += BlockBytes;
                if (_block >= length)
                {
                    return AtEnd(quoted, fieldStart, length, kind, atEnd);
                }

                _mask = Mask(bytes + _block);
            }

            var at = _block + BitOperations.TrailingZeroCount(_mask);
            if (at >= length)
            {
                return AtEnd(quoted, fieldStart, length, kind, atEnd);
            }

            _mask &= _mask - 1;
            if (at < ignored)
            {
                continue;
            }

            var found = bytes[at];
            if (quoted)
            {
                if (found == escape && (escape != quote || (at + 1 < length ? bytes[at + 1] == quote : !atEnd)))
                {
                    if (at + 1 >= length)
                    {
                        return AtEnd(quoted, fieldStart, length, kind, atEnd);
                    }

                    kind = CsvField.Escaped;
                    ignored = at + 2;
                }
                else if (found == quote)
                {
                    quoted = false;
                    if (at + 1 < length && bytes[at + 1] is var behind && behind != separator && behind != (byte)'\n' && behind != (byte)'\r')
                    {
                        ProblemAt = at + 1;
                        return CsvOutcome.TextBehindQuote;
                    }
                }
            }
            else if (found == separator)
            {
                if (!Add(fieldStart, at, kind))
                {
                    return CsvOutcome.TooManyFields;
                }

                fieldStart = at + 1;
                kind = CsvField.Plain;
            }
            else if (found == quote)
            {
                if (at == fieldStart)
                {
                    quoted = true;
                    kind = CsvField.Quoted;
                }
            }
            else if (found == (byte)'\n' || found == (byte)'\r')
            {
                var next = at + 1;
                if (found == (byte)'\r' && !dialect.LoneCarriageReturns)
                {
                    if (next >= length && !atEnd)
                    {
                        return CsvOutcome.Incomplete;
                    }

                    if (next < length && bytes[next] != (byte)'\n')
                    {
                        ProblemAt = at;
                        return CsvOutcome.LoneCarriageReturn;
                    }

                    next = Math.Min(next + 1, length);
                }

                return End(fieldStart, at, kind, next);
            }
        }
    }

    private CsvOutcome AtEnd(bool quoted, int fieldStart, int length, CsvField kind, bool atEnd)
    {
        if (!atEnd)
        {
            return CsvOutcome.Incomplete;
        }

        if (quoted)
        {
            ProblemAt = fieldStart;
            return CsvOutcome.OpenQuote;
        }

        return End(fieldStart, length, kind, length);
    }

    private CsvOutcome End(int fieldStart, int at, CsvField kind, int next)
    {
        (RecordEnd, Next) = (at, next);
        return Add(fieldStart, at, kind) ? CsvOutcome.Record : CsvOutcome.TooManyFields;
    }

    private bool Add(int start, int end, CsvField kind)
    {
        var field = Fields;
        if (field == _starts.Length)
        {
            if (field >= MaxFields)
            {
                ProblemAt = RecordStart;
                return false;
            }

            Array.Resize(ref _starts, field * 2);
            Array.Resize(ref _ends, field * 2);
            Array.Resize(ref _kinds, field * 2);
        }

        var inside = kind == CsvField.Plain ? 0 : 1;
        _starts[field] = start + inside;
        _ends[field] = end - inside;
        _kinds[field] = kind;
        Fields = field + 1;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Mask(byte* bytes) => Half(bytes) | ((ulong)Half(bytes + 32) << 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint Half(byte* bytes)
    {
        var block = Vector256.Load(bytes);
        var found = Vector256.Equals(block, Vector256.Create(dialect.Separator))
            | Vector256.Equals(block, Vector256.Create(dialect.Quote))
            | Vector256.Equals(block, Vector256.Create(dialect.Escape))
            | Vector256.Equals(block, Vector256.Create((byte)'\n'))
            | Vector256.Equals(block, Vector256.Create((byte)'\r'));
        return found.ExtractMostSignificantBits();
    }
}

/// <summary>How a field is written.</summary>
internal enum CsvField : byte
{
    Plain,
    Quoted,

    /// <summary>Quoted, with characters to be taken out.</summary>
    Escaped,
}
