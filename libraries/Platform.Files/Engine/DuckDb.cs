using System.Runtime.InteropServices;

namespace Platform.Files.Engine;

/// <summary>Opens DuckDB databases in this process. Services never do that themselves: their work runs in the engine's child.</summary>
public static class DuckDb
{
    /// <summary>Opens an empty database in memory and connects to it.</summary>
    public static DuckDbConnection OpenInMemory() => new();

    /// <summary><paramref name="name"/> as an SQL identifier.</summary>
    public static string Identifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary><paramref name="text"/> as an SQL string.</summary>
    public static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}

/// <summary>DuckDB refused or could not finish a statement.</summary>
public sealed class DuckDbException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A connection to a database in memory, which lives as long as the connection.</summary>
public sealed class DuckDbConnection : IDisposable
{
    private nint _database;
    private nint _connection;
    private Exception? _readerFailure;

    internal DuckDbConnection()
    {
        if (DuckDbNative.Open(":memory:", out _database) != DuckDbNative.Success
            || DuckDbNative.Connect(_database, out _connection) != DuckDbNative.Success)
        {
            Dispose();
            throw new DuckDbException("DuckDB could not open a database in memory.");
        }
    }

    /// <summary>Runs statements whose results do not matter.</summary>
    /// <exception cref="DuckDbException">The first statement that failed, in DuckDB's words.</exception>
    public void Execute(string sql)
    {
        var state = DuckDbNative.Query(_connection, sql, out var result);
        var error = state == DuckDbNative.Success ? null : Marshal.PtrToStringUTF8(DuckDbNative.ResultError(ref result));
        DuckDbNative.DestroyResult(ref result);
        if (state != DuckDbNative.Success)
        {
            throw Failure(error);
        }
    }

    /// <summary>Makes <paramref name="name"/> a table function of one text, which <paramref name="open"/> turns into the table that our own code reads.</summary>
    internal void Register(string name, Func<string, ITable> open) => TableFunction.Register(this, _connection, name, open);

    /// <summary>Keeps what one of our own readers threw, for the exception of the statement that fails by it; its message.</summary>
    internal string ReaderFailed(Exception failure)
    {
        _readerFailure = failure;
        return failure.Message;
    }

    /// <summary>The exception for a statement that failed with <paramref name="error"/>.</summary>
    internal DuckDbException Failure(string? error) => new(error ?? "Unknown error.", Interlocked.Exchange(ref _readerFailure, null));

    /// <summary>Runs one statement whose result is fetched chunk by chunk, as it is made.</summary>
    internal DuckDbResult Stream(string sql)
    {
        var state = DuckDbNative.Prepare(_connection, sql, out var statement);
        try
        {
            if (state != DuckDbNative.Success)
            {
                throw Failure(Marshal.PtrToStringUTF8(DuckDbNative.PrepareError(statement)));
            }

            if (DuckDbNative.ExecuteStreaming(statement, out var result) != DuckDbNative.Success)
            {
                var error = Marshal.PtrToStringUTF8(DuckDbNative.ResultError(ref result));
                DuckDbNative.DestroyResult(ref result);
                throw Failure(error);
            }

            return new DuckDbResult(this, result);
        }
        finally
        {
            DuckDbNative.DestroyPrepare(ref statement);
        }
    }

    /// <summary>Every row of a small result whose columns are all text.</summary>
    internal List<string?[]> Texts(string sql)
    {
        using var result = Stream(sql);
        var rows = new List<string?[]>();
        while (result.NextChunk())
        {
            for (var row = 0; row < result.ChunkRows; row++)
            {
                var values = new string?[result.Columns.Count];
                for (var column = 0; column < values.Length; column++)
                {
                    values[column] = result.Text(column, row);
                }

                rows.Add(values);
            }
        }

        return rows;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_connection != 0)
        {
            DuckDbNative.Disconnect(ref _connection);
        }

        if (_database != 0)
        {
            DuckDbNative.Close(ref _database);
        }
    }
}
