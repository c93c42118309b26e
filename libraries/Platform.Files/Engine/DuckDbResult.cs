using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Platform.Files.Engine;

/// <summary>A column of a result.</summary>
internal readonly record struct DuckDbColumn(string Name, DuckDbType Type, byte Width, byte Scale);

/// <summary>A result that is fetched chunk by chunk; the vectors of the current chunk are read in place.</summary>
internal sealed unsafe class DuckDbResult : IDisposable
{
    private readonly DuckDbConnection _connection;
    private readonly byte*[] _data;
    private readonly ulong*[] _validity;
    private DuckDbNative.Result _result;
    private nint _chunk;

    public DuckDbResult(DuckDbConnection connection, DuckDbNative.Result result)
    {
        _connection = connection;
        _result = result;
        var count = (int)DuckDbNative.ColumnCount(ref _result);
        var columns = new DuckDbColumn[count];
        for (var i = 0; i < count; i++)
        {
            var type = DuckDbNative.ColumnLogicalType(ref _result, (ulong)i);
            var id = DuckDbNative.TypeId(type);
            columns[i] = id == DuckDbType.Decimal
                ? new(Name(i), id, DuckDbNative.DecimalWidth(type), DuckDbNative.DecimalScale(type))
                : new(Name(i), id, 0, 0);
            DuckDbNative.DestroyLogicalType(ref type);
        }

        Columns = columns;
        _data = new byte*[count];
        _validity = new ulong*[count];
    }

    public IReadOnlyList<DuckDbColumn> Columns { get; }

    public int ChunkRows { get; private set; }

    /// <summary>Moves to the next chunk that has rows.</summary>
    /// <exception cref="DuckDbException">The statement failed on the way; chunks fetched before are not all of its rows.</exception>
    public bool NextChunk()
    {
        do
        {
            DestroyChunk();
            _chunk = DuckDbNative.FetchChunk(_result);
            if (_chunk == 0)
            {
                // The end and a failure look alike but for the error.
                var error = Marshal.PtrToStringUTF8(DuckDbNative.ResultError(ref _result));
                return string.IsNullOrEmpty(error) ? false : throw _connection.Failure(error);
            }

            ChunkRows = (int)DuckDbNative.ChunkSize(_chunk);
        }
        while (ChunkRows == 0);

        for (var i = 0; i < _data.Length; i++)
        {
            var vector = DuckDbNative.ChunkVector(_chunk, (ulong)i);
            _data[i] = DuckDbNative.VectorData(vector);
            _validity[i] = DuckDbNative.VectorValidity(vector);
        }

        return true;
    }

    /// <summary>The values of a column in the current chunk, laid out by its type.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* Data(int column) => _data[column];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsNull(int column, int row)
    {
        var validity = _validity[column];
        return validity != null && ((validity[row >> 6] >> (row & 63)) & 1) == 0;
    }

    /// <summary>The bytes of a text or blob; valid until the next chunk. Up to 12 bytes stand in the vector itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Bytes(int column, int row)
    {
        var value = _data[column] + ((long)row * 16);
        var length = *(uint*)value;
        return new ReadOnlySpan<byte>(length <= 12 ? value + 4 : *(byte**)(value + 8), checked((int)length));
    }

    public string? Text(int column, int row) => IsNull(column, row) ? null : Encoding.UTF8.GetString(Bytes(column, row));

    public void Dispose()
    {
        DestroyChunk();
        DuckDbNative.DestroyResult(ref _result);
    }

    private void DestroyChunk()
    {
        if (_chunk != 0)
        {
            DuckDbNative.DestroyChunk(ref _chunk);
        }
    }

    private string Name(int column) => Marshal.PtrToStringUTF8(DuckDbNative.ColumnName(ref _result, (ulong)column)) ?? "";
}
