using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Platform.Files.Engine;

/// <summary>A column of a table that our own code reads.</summary>
/// <param name="Name">Unique without regard to case.</param>
/// <param name="Type">How its values lie in a vector.</param>
/// <param name="Width">Digits, for decimals only.</param>
/// <param name="Scale">Digits after the point, for decimals only.</param>
/// <param name="Alias">What DuckDB calls the type, where that differs: <c>JSON</c> is text to it.</param>
internal readonly record struct TableColumn(string Name, DuckDbType Type, byte Width = 0, byte Scale = 0, string? Alias = null);

/// <summary>A file that our own code reads: known by its columns, and opened anew for every statement.</summary>
internal interface ITable
{
    /// <summary>At least one.</summary>
    IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>Begins to read; <paramref name="columns"/> are the wanted ones, in the order of the vectors, and -1 for one that is not looked at.</summary>
    ITableReader Open(IReadOnlyList<int> columns);
}

/// <summary>One reading of an <see cref="ITable"/>, by one thread.</summary>
internal interface ITableReader : IDisposable
{
    /// <summary>Fills the vectors with at most <paramref name="rows"/> rows; 0 at the end. What it throws fails the statement with its message.</summary>
    int Read(ReadOnlySpan<nint> vectors, int rows);
}

/// <summary>Makes a table function of our own readers. Its one argument is a text that <c>open</c> knows the meaning of.</summary>
internal static unsafe class TableFunction
{
    public static void Register(DuckDbConnection owner, nint connection, string name, Func<string, ITable> open)
    {
        var function = DuckDbNative.CreateTableFunction();
        var text = DuckDbNative.CreateType(DuckDbType.Varchar);
        DuckDbNative.SetName(function, name);
        DuckDbNative.AddParameter(function, text);
        DuckDbNative.SetExtraInfo(function, Keep(new Registered(owner, open)), &Release);
        DuckDbNative.SetBind(function, &Bind);
        DuckDbNative.SetInit(function, &Init);
        DuckDbNative.SetFunction(function, &Read);
        DuckDbNative.SupportsProjectionPushdown(function, true);
        var registered = DuckDbNative.RegisterTableFunction(connection, function);
        DuckDbNative.DestroyLogicalType(ref text);
        DuckDbNative.DestroyTableFunction(ref function);
        if (registered != DuckDbNative.Success)
        {
            throw new DuckDbException($"The table function {name} cannot be registered.");
        }
    }

    // No exception may leave a method that DuckDB calls: it would end the process.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Bind(nint info)
    {
        var registered = Kept<Registered>(DuckDbNative.BindExtraInfo(info));
        try
        {
            var parameter = DuckDbNative.BindParameter(info, 0);
            var text = DuckDbNative.GetText(parameter);
            var argument = Marshal.PtrToStringUTF8(text)!;
            DuckDbNative.Free(text);
            DuckDbNative.DestroyValue(ref parameter);

            var table = registered.Open(argument);
            foreach (var column in table.Columns)
            {
                var type = column.Type == DuckDbType.Decimal ? DuckDbNative.CreateDecimalType(column.Width, column.Scale) : DuckDbNative.CreateType(column.Type);
                if (column.Alias is not null)
                {
                    DuckDbNative.SetAlias(type, column.Alias);
                }

                DuckDbNative.BindAddColumn(info, column.Name, type);
                DuckDbNative.DestroyLogicalType(ref type);
            }

            DuckDbNative.SetBindData(info, Keep(new Bound(registered.Owner, table)), &Release);
        }
        catch (Exception e)
        {
            DuckDbNative.BindError(info, registered.Owner.ReaderFailed(e));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Init(nint info)
    {
        var (owner, table) = Kept<Bound>(DuckDbNative.InitBindData(info));
        try
        {
            // Rows keep the file's order only while one thread reads them.
            DuckDbNative.SetMaxThreads(info, 1);
            var columns = new int[DuckDbNative.InitColumnCount(info)];
            for (var i = 0; i < columns.Length; i++)
            {
                // A statement that wants no column at all is given the row's internal id, which lies beyond them.
                var column = DuckDbNative.InitColumnIndex(info, (ulong)i);
                columns[i] = column < (ulong)table.Columns.Count ? (int)column : -1;
            }

            DuckDbNative.SetInitData(info, Keep(new Reading(owner, table.Open(columns), columns.Length)), &Release);
        }
        catch (Exception e)
        {
            DuckDbNative.InitError(info, owner.ReaderFailed(e));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Read(nint info, nint chunk)
    {
        var reading = Kept<Reading>(DuckDbNative.FunctionInitData(info));
        try
        {
            for (var i = 0; i < reading.Vectors.Length; i++)
            {
                reading.Vectors[i] = DuckDbNative.ChunkVector(chunk, (ulong)i);
            }

            DuckDbNative.SetChunkSize(chunk, (ulong)reading.Reader.Read(reading.Vectors, (int)DuckDbNative.VectorSize()));
        }
        catch (Exception e)
        {
            DuckDbNative.FunctionError(info, reading.Owner.ReaderFailed(e));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Release(nint kept)
    {
        var handle = GCHandle.FromIntPtr(kept);
        (handle.Target as IDisposable)?.Dispose();
        handle.Free();
    }

    private static nint Keep(object target) => GCHandle.ToIntPtr(GCHandle.Alloc(target));

    private static T Kept<T>(nint handle)
        where T : class => (T)GCHandle.FromIntPtr(handle).Target!;

    private sealed record Registered(DuckDbConnection Owner, Func<string, ITable> Open);

    private sealed record Bound(DuckDbConnection Owner, ITable Table);

    private sealed class Reading(DuckDbConnection owner, ITableReader reader, int columns) : IDisposable
    {
        public DuckDbConnection Owner { get; } = owner;

        public ITableReader Reader { get; } = reader;

        public nint[] Vectors { get; } = new nint[columns];

        public void Dispose() => Reader.Dispose();
    }
}

/// <summary>A file cannot be read by our own code: the message says where, what was found and what was expected.</summary>
internal class TableException(string message) : Exception(message);
