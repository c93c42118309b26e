using System.Runtime.CompilerServices;
using Platform.Files.Engine;

namespace Platform.Files.Formats.Avro;

/// <summary>What a column's values are written as.</summary>
internal enum AvroStorage
{
    /// <summary>No value but null occurs.</summary>
    Null,
    Boolean,
    Int32,
    Int64,
    Single,
    Double,
    Text,
    Binary,
    Symbol,
    Uuid,
    Duration,
    Decimal,
    Time,

    /// <summary>Milliseconds, kept as microseconds.</summary>
    Milliseconds,

    /// <summary>Everything nested, and unions of several types.</summary>
    Json,
}

/// <summary>A column of the file: one top-level field, or the whole value when that is no record.</summary>
internal sealed unsafe class AvroColumn
{
    private const int InlineBytes = 12;

    private readonly AvroType _type;
    private readonly AvroType _single;
    private readonly AvroStorage _storage;
    private nint _vector;
    private byte* _data;
    private ulong* _validity;

    public AvroColumn(string name, AvroType type)
    {
        _type = type;
        (_single, _storage, Column) = Plan(name, type);
    }

    public TableColumn Column { get; }

    public bool Nullable => _type.Nullable;

    /// <summary>The vector the next rows go to; 0 when nobody looks at this column.</summary>
    public void Begin(nint vector)
    {
        _vector = vector;
        _data = vector == 0 ? null : DuckDbNative.VectorData(vector);
        _validity = null;
    }

    /// <summary>Reads the next value into <paramref name="row"/>; how many bytes of text it took.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Read(ref AvroCursor cursor, int row, JsonText json)
    {
        if (_vector == 0)
        {
            AvroNested.Skip(_type, ref cursor);
            return 0;
        }

        var type = _type;
        if (type.Kind == AvroKind.Union)
        {
            type = type.Branches[cursor.Index(type.Branches.Count, "a union")];
            if (type.Kind == AvroKind.Null)
            {
                Null(row);
                return 0;
            }
        }

        switch (_storage)
        {
            case AvroStorage.Null:
                Null(row);
                return 0;
            case AvroStorage.Boolean:
                _data[row] = cursor.Boolean() ? (byte)1 : (byte)0;
                return 0;
            case AvroStorage.Int32:
                ((int*)_data)[row] = cursor.Int();
                return 0;
            case AvroStorage.Int64:
                ((long*)_data)[row] = cursor.Long();
                return 0;
            case AvroStorage.Single:
                ((float*)_data)[row] = cursor.Float();
                return 0;
            case AvroStorage.Double:
                ((double*)_data)[row] = type.Kind == AvroKind.Float ? cursor.Float() : cursor.Double();
                return 0;
            case AvroStorage.Time:
                ((long*)_data)[row] = AvroValues.TimeOfDay(type.Kind == AvroKind.Int ? cursor.Int() : cursor.Long(), type.Logical);
                return 0;
            case AvroStorage.Milliseconds:
                ((long*)_data)[row] = AvroValues.Microseconds(cursor.Long());
                return 0;
            case AvroStorage.Decimal:
                Decimal(AvroValues.Decimal(type.Kind == AvroKind.Fixed ? cursor.Fixed(type.Size) : cursor.Bytes(), type.Precision), row);
                return 0;
            case AvroStorage.Text:
                return Text(AvroValues.Text(cursor.Bytes()), row);
            case AvroStorage.Binary:
                return Text(type.Kind == AvroKind.Fixed ? cursor.Fixed(type.Size) : cursor.Bytes(), row);
            case AvroStorage.Symbol:
                return Text(type.Symbols[cursor.Index(type.Symbols.Length, "an enum")], row);
            case AvroStorage.Uuid:
                json.Clear();
                json.Ascii(AvroValues.Uuid(cursor.Fixed(type.Size)).ToString());
                return Text(new ReadOnlySpan<byte>(json.Start, json.Length), row);
            case AvroStorage.Duration:
                json.Clear();
                json.Ascii(AvroValues.Duration(cursor.Fixed(type.Size)));
                return Text(new ReadOnlySpan<byte>(json.Start, json.Length), row);
            default:
                json.Clear();
                AvroNested.Write(type, ref cursor, json);
                return Text(new ReadOnlySpan<byte>(json.Start, json.Length), row);
        }
    }

    private static (AvroType Single, AvroStorage Storage, TableColumn Column) Plan(string name, AvroType type)
    {
        var single = type.Single ?? Widest(type.Branches);
        if (type.Kind == AvroKind.Union && type.Branches.All(branch => branch.Kind == AvroKind.Null))
        {
            single = type.Branches[0];
        }

        if (single is null)
        {
            return (type, AvroStorage.Json, new(name, DuckDbType.Varchar, Alias: "JSON"));
        }

        var (storage, column) = single.Kind switch
        {
            AvroKind.Null => (AvroStorage.Null, DuckDbType.Varchar),
            AvroKind.Boolean => (AvroStorage.Boolean, DuckDbType.Boolean),
            AvroKind.Float => (AvroStorage.Single, DuckDbType.Float),
            AvroKind.Double => (AvroStorage.Double, DuckDbType.Double),
            AvroKind.Enum => (AvroStorage.Symbol, DuckDbType.Varchar),
            AvroKind.String => (AvroStorage.Text, DuckDbType.Varchar),
            AvroKind.Int or AvroKind.Long => Integer(single),
            AvroKind.Bytes or AvroKind.Fixed => single.Logical switch
            {
                AvroLogical.Decimal => (AvroStorage.Decimal, DuckDbType.Decimal),
                AvroLogical.Uuid => (AvroStorage.Uuid, DuckDbType.Varchar),
                AvroLogical.Duration => (AvroStorage.Duration, DuckDbType.Varchar),
                _ => (AvroStorage.Binary, DuckDbType.Blob),
            },
            AvroKind.Array or AvroKind.Map or AvroKind.Record or AvroKind.Union => (AvroStorage.Json, DuckDbType.Varchar),
        };
        return (single, storage, new(name, column, (byte)single.Precision, (byte)single.Scale, storage == AvroStorage.Json ? "JSON" : null));
    }

    private static (AvroStorage Storage, DuckDbType Column) Integer(AvroType type) => type.Logical switch
    {
        AvroLogical.Date => (AvroStorage.Int32, DuckDbType.Date),
        AvroLogical.TimeMillis or AvroLogical.TimeMicros => (AvroStorage.Time, DuckDbType.Time),
        AvroLogical.TimestampMillis => (AvroStorage.Milliseconds, DuckDbType.TimestampTz),
        AvroLogical.TimestampMicros => (AvroStorage.Int64, DuckDbType.TimestampTz),
        AvroLogical.LocalTimestampMillis => (AvroStorage.Milliseconds, DuckDbType.Timestamp),
        AvroLogical.LocalTimestampMicros => (AvroStorage.Int64, DuckDbType.Timestamp),

        // DuckDB has nanoseconds without a zone only; the engine takes them as UTC.
        AvroLogical.TimestampNanos or AvroLogical.LocalTimestampNanos => (AvroStorage.Int64, DuckDbType.TimestampNanoseconds),
        _ => type.Kind == AvroKind.Int ? (AvroStorage.Int32, DuckDbType.Integer) : (AvroStorage.Int64, DuckDbType.BigInt),
    };

    /// <summary>Of a union of plain numbers, the type that keeps each of them: long for int and long, double for float and double.</summary>
    private static AvroType? Widest(IReadOnlyList<AvroType> branches)
    {
        var types = branches.Where(branch => branch.Kind != AvroKind.Null).ToList();
        return types.All(type => type.Kind is AvroKind.Int or AvroKind.Long && type.Logical == AvroLogical.None) ? types.FirstOrDefault(type => type.Kind == AvroKind.Long)
            : types.All(type => type.Kind is AvroKind.Float or AvroKind.Double) ? types.FirstOrDefault(type => type.Kind == AvroKind.Double)
            : null;
    }

    private void Decimal(Int128 value, int row)
    {
        // duckdb.h: the width says how a decimal is stored.
        switch (_single.Precision)
        {
            case <= 4:
                ((short*)_data)[row] = (short)value;
                break;
            case <= 9:
                ((int*)_data)[row] = (int)value;
                break;
            case <= 18:
                ((long*)_data)[row] = (long)value;
                break;
            default:
                ((Int128*)_data)[row] = value;
                break;
        }
    }

    private int Text(ReadOnlySpan<byte> value, int row)
    {
        if (value.Length > InlineBytes)
        {
            fixed (byte* text = value)
            {
                DuckDbNative.AssignText(_vector, (ulong)row, text, (ulong)value.Length);
            }

            return value.Length;
        }

        // duckdb_string_t: short texts stand in the vector itself, filled up with zeros.
        var at = _data + ((long)row * 16);
        *(UInt128*)at = default;
        *(int*)at = value.Length;
        value.CopyTo(new Span<byte>(at + sizeof(int), InlineBytes));
        return 0;
    }

    private void Null(int row)
    {
        if (_validity == null)
        {
            DuckDbNative.EnsureValidityWritable(_vector);
            _validity = DuckDbNative.VectorValidity(_vector);
        }

        _validity[row >> 6] &= ~(1UL << (row & 63));
        if (Column.Type is DuckDbType.Varchar or DuckDbType.Blob)
        {
            *(UInt128*)(_data + ((long)row * 16)) = default;
        }
    }
}
