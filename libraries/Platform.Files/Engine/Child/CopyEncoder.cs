using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace Platform.Files.Engine.Child;

/// <summary>
/// Writes chunks as rows of PostgreSQL's binary COPY. Vectors are read in place and bytes are written to one buffer of native memory; a row that turns out bad is taken
/// back and its values are reported instead.
/// </summary>
internal sealed unsafe class CopyEncoder(CopyBuffer buffer, RejectedRows rejected, long loadId)
{
    /// <summary>No text or JSON value may be longer: it must fit the child's memory, and PostgreSQL's limit for JSON is not far above.</summary>
    public const int MaxValueBytes = 32 << 20;

    // 0001-01-01 and 9999-12-31: what date types have in common everywhere. PostgreSQL counts from 2000, DuckDB from 1970.
    private const int MinDays = -719162;
    private const int MaxDays = 2932896;
    private const long MinSeconds = MinDays * 86400L;
    private const long MaxSeconds = (MaxDays * 86400L) + 86399;
    private const int DaysTo2000 = 10957;
    private const long MicrosecondsTo2000 = DaysTo2000 * 86400L * 1_000_000;

    private const int LengthBytes = 4;
    private const int LargestFixedValue = PostgresNumeric.MaxBytes;
    private const int LineageColumns = 3;

    private EncodedColumn[] _columns = [];
    private JsonObjectColumn? _object;
    private int _rowNumbers;
    private long _fileId;
    private int _fixedBytes;

    /// <summary>Rows seen in the current file.</summary>
    public long Read { get; private set; }

    /// <summary>Rows of these that were not written.</summary>
    public long Rejected { get; private set; }

    public void Begin(IReadOnlyList<PlannedField> fields, DuckDbResult result, long fileId)
    {
        _columns = [.. fields.Select(field => EncodedColumn.For(field, field.Column < 0 ? default : result.Columns[field.Column]))];
        _object = JsonObjectColumn.Of([.. fields.Select(field => field.Field)]);
        _rowNumbers = result.Columns.Count - 1;
        _fileId = fileId;
        _fixedBytes = sizeof(short) + (_columns.Length * (LengthBytes + LargestFixedValue)) + (LineageColumns * (LengthBytes + sizeof(long)));
        (Read, Rejected) = (0, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Encode(DuckDbResult result)
    {
        var columns = _columns;
        var inObject = _object?.First ?? int.MaxValue;
        var columnCount = BinaryPrimitives.ReverseEndianness((short)(Math.Min(columns.Length, inObject) + (_object is null ? 0 : 1) + LineageColumns));
        var rowNumbers = (long*)result.Data(_rowNumbers);
        var rows = result.ChunkRows;
        var rejectedRows = 0;
        for (var row = 0; row < rows; row++)
        {
            var at = buffer.BeginRow(_fixedBytes);
            *(short*)at = columnCount;
            at += sizeof(short);
            var bad = false;
            var members = 0L;
            for (var i = 0; i < columns.Length; i++)
            {
                if (i == inObject)
                {
                    members = at - buffer.Row;
                }

                ref readonly var column = ref columns[i];
                if (column.Kind == ColumnKind.Missing || result.IsNull(column.Column, row))
                {
                    bad |= column.Required || (column.Rejected >= 0 && !result.IsNull(column.Rejected, row));
                    *(int*)at = -1;
                    at += LengthBytes;
                }
                else
                {
                    at = Value(result, in column, row, at, ref bad);
                }
            }

            if (bad)
            {
                rejectedRows++;
                Reject(result, row, rowNumbers[row]);
                continue;
            }

            at = _object is null ? at : _object.Fold(buffer, members, at, _fixedBytes);
            at = Int64(at, loadId);
            at = Int64(at, _fileId);
            at = Int64(at, rowNumbers[row]);
            buffer.EndRow(at);
        }

        Read += rows;
        Rejected += rejectedRows;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private byte* Value(DuckDbResult result, in EncodedColumn column, int row, byte* at, ref bool bad)
    {
        var data = result.Data(column.Column);
        switch (column.Kind)
        {
            case ColumnKind.Text:
                var text = result.Bytes(column.Column, row);
                if (text.Length > MaxValueBytes || text.Contains((byte)0))
                {
                    bad = true;
                    return at;
                }

                at = buffer.Ensure(at, text.Length, _fixedBytes);
                *(int*)at = BinaryPrimitives.ReverseEndianness(text.Length);
                text.CopyTo(new Span<byte>(at + LengthBytes, text.Length));
                return at + LengthBytes + text.Length;
            case ColumnKind.Json:
                var json = result.Bytes(column.Column, row);
                if (json.Length > MaxValueBytes || JsonbText.Problem(json, column.CheckJson) is not null)
                {
                    bad = true;
                    return at;
                }

                at = buffer.Ensure(at, json.Length + 1, _fixedBytes);
                *(int*)at = BinaryPrimitives.ReverseEndianness(json.Length + 1);
                at[LengthBytes] = JsonbText.Version;
                json.CopyTo(new Span<byte>(at + LengthBytes + 1, json.Length));
                return at + LengthBytes + 1 + json.Length;
            case ColumnKind.Ruled:
                var end = column.Rule!.Write(at, result.Bytes(column.Column, row), number: false);
                bad |= end == null;
                return end == null ? at : end;
            case ColumnKind.Int64:
                return Int64(at, ((long*)data)[row]);
            case ColumnKind.Int32:
                return Int64(at, ((int*)data)[row]);
            case ColumnKind.UInt32:
                return Int64(at, ((uint*)data)[row]);
            case ColumnKind.Int16:
                return Int64(at, ((short*)data)[row]);
            case ColumnKind.UInt16:
                return Int64(at, ((ushort*)data)[row]);
            case ColumnKind.Int8:
                return Int64(at, ((sbyte*)data)[row]);
            case ColumnKind.UInt8:
                return Int64(at, data[row]);
            case ColumnKind.Double:
                return Int64(at, ((long*)data)[row]);
            case ColumnKind.Single:
                return Int64(at, BitConverter.DoubleToInt64Bits(((float*)data)[row]));
            case ColumnKind.Boolean:
                *(int*)at = BinaryPrimitives.ReverseEndianness(1);
                at[LengthBytes] = data[row];
                return at + LengthBytes + 1;
            case ColumnKind.Date:
                var days = ((int*)data)[row];
                bad |= days is < MinDays or > MaxDays;
                *(int*)at = BinaryPrimitives.ReverseEndianness(sizeof(int));
                *(int*)(at + LengthBytes) = BinaryPrimitives.ReverseEndianness(unchecked(days - DaysTo2000));
                return at + LengthBytes + sizeof(int);
            case ColumnKind.Seconds or ColumnKind.Milliseconds or ColumnKind.Microseconds or ColumnKind.Nanoseconds:
                bad |= !TryMicroseconds(column.Kind, ((long*)data)[row], out var microseconds);
                return Int64(at, microseconds - MicrosecondsTo2000);
            case ColumnKind.Decimal16:
                return PostgresNumeric.Write(at, ((short*)data)[row], column.Scale);
            case ColumnKind.Decimal32:
                return PostgresNumeric.Write(at, ((int*)data)[row], column.Scale);
            case ColumnKind.Decimal64:
                return PostgresNumeric.Write(at, ((long*)data)[row], column.Scale);
            case ColumnKind.Decimal128:
                return PostgresNumeric.Write(at, ((Int128*)data)[row], column.Scale);
            default:
                throw new EngineException(EngineFailure.Bug, $"No writer for {column.Kind}.");
        }
    }

    /// <summary>Goes through a bad row once more, for every value that makes it one.</summary>
    private void Reject(DuckDbResult result, int row, long rowNumber)
    {
        foreach (ref readonly var column in _columns.AsSpan())
        {
            var (value, reason) = Problem(result, in column, row);
            if (reason is not null)
            {
                rejected.Add(_fileId, rowNumber, column.Field.Name, value, reason);
            }
        }
    }

    private static (string? Value, string? Reason) Problem(DuckDbResult result, in EncodedColumn column, int row)
    {
        if (column.Kind == ColumnKind.Missing || result.IsNull(column.Column, row))
        {
            if (column.Rejected >= 0 && !result.IsNull(column.Rejected, row))
            {
                return (result.Text(column.Rejected, row), Conversions.Expected(column.Field));
            }

            return (null, column.Required ? "null in a required field" : null);
        }

        switch (column.Kind)
        {
            case ColumnKind.Ruled:
                var ruled = result.Bytes(column.Column, row);
                var nowhere = stackalloc byte[LengthBytes + LargestFixedValue];
                return column.Rule!.Write(nowhere, ruled, number: false) == null ? (Start(ruled), Conversions.Expected(column.Field)) : (null, null);
            case ColumnKind.Text or ColumnKind.Json:
                var text = result.Bytes(column.Column, row);
                var reason = text.Length > MaxValueBytes ? $"longer than {MaxValueBytes >> 20} MB"
                    : column.Kind == ColumnKind.Json ? JsonbText.Problem(text, column.CheckJson)
                    : text.Contains((byte)0) ? "contains a NUL character, which PostgreSQL cannot store in text"
                    : null;
                return (reason is null ? null : Start(text), reason);
            case ColumnKind.Date:
                var days = ((int*)result.Data(column.Column))[row];
                return (days is < MinDays or > MaxDays ? $"day {days} counted from 1970-01-01" : null, days is < MinDays or > MaxDays ? Conversions.Expected(column.Field) : null);
            case ColumnKind.Seconds or ColumnKind.Milliseconds or ColumnKind.Microseconds:
                var moment = ((long*)result.Data(column.Column))[row];
                return TryMicroseconds(column.Kind, moment, out _)
                    ? (null, null)
                    : ($"{moment} {column.Kind.ToString().ToLowerInvariant()} counted from 1970-01-01", Conversions.Expected(column.Field));
            default:
                return (null, null);
        }
    }

    private static string Start(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text[..Math.Min(text.Length, CopyPlan.RejectedValueLength * 4)]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Int64(byte* at, long value)
    {
        *(int*)at = BinaryPrimitives.ReverseEndianness(sizeof(long));
        *(long*)(at + LengthBytes) = BinaryPrimitives.ReverseEndianness(value);
        return at + LengthBytes + sizeof(long);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryMicroseconds(ColumnKind unit, long value, out long microseconds)
    {
        switch (unit)
        {
            case ColumnKind.Microseconds:
                microseconds = value;
                return value is >= MinSeconds * 1_000_000 and < (MaxSeconds + 1) * 1_000_000;
            case ColumnKind.Milliseconds:
                microseconds = unchecked(value * 1000);
                return value is >= MinSeconds * 1000 and < (MaxSeconds + 1) * 1000;
            case ColumnKind.Seconds:
                microseconds = unchecked(value * 1_000_000);
                return value is >= MinSeconds and <= MaxSeconds;
            default:
                // Nanoseconds reach from 1677 to 2262; the extremes are DuckDB's infinities. PostgreSQL keeps microseconds: cut, never rounded up into the next one.
                microseconds = (value - (((value % 1000) + 1000) % 1000)) / 1000;
                return value is > -long.MaxValue and < long.MaxValue;
        }
    }
}
