using System.Buffers.Binary;
using Npgsql;
using Platform.Campaigns.Lists;

namespace Platform.Campaigns.Recipients;

/// <summary>
/// Recipients selected from domain tables with SQL (L3), under the role that may read them and nothing else, in a read-only transaction of limited length. The server sends
/// the values as text in its binary COPY format, which needs no parsing and makes no objects. A thread of its own receives while rows are checked: the server sends a message for each row,
/// and asynchronous reading costs more than a row.
/// </summary>
internal sealed class DomainQuery : IRecipientSource, IAsyncDisposable
{
    private static readonly byte[] Signature = [.. "PGCOPY\n"u8, 0xFF, 0x0D, 0x0A, 0x00];
    private const int HeaderSize = 19;
    private const int LongestValue = 1024 * 1024;

    // The server's own limit comes first, and says why.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);

    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;
    private readonly CopyReceiver _receiver;
    private readonly byte[] _buffer = new byte[2 * LongestValue];
    private int _start;
    private int _end;
    private long _rows;

    private DomainQuery(NpgsqlConnection connection, NpgsqlTransaction transaction, CopyReceiver receiver)
    {
        _connection = connection;
        _transaction = transaction;
        _receiver = receiver;
    }

    public string? RowFault => null;

    /// <summary>The columns a query gives. Throws when it is not exactly one query that the role may run.</summary>
    public static async Task<IReadOnlyList<string>> DescribeAsync(NpgsqlDataSource domainTables, string sql, CancellationToken cancellationToken)
    {
        await using var connection = await domainTables.OpenConnectionAsync(cancellationToken);
        await using var transaction = await BeginAsync(connection, TimeSpan.FromSeconds(10), cancellationToken);
        return await DescribeAsync(connection, transaction, sql, cancellationToken);
    }

    /// <summary>Starts the query. Columns go to the fields of their names; fields without a column are NULL.</summary>
    public static async Task<DomainQuery> OpenAsync(NpgsqlDataSource domainTables, string sql, IReadOnlyList<RecipientField> fields, TimeSpan limit, CancellationToken cancellationToken)
    {
        var connection = await domainTables.OpenConnectionAsync(cancellationToken);
        try
        {
            var transaction = await BeginAsync(connection, limit, cancellationToken);
            var columns = await DescribeAsync(connection, transaction, sql, cancellationToken);
            var map = ColumnMap.Of(columns, fields, "The query");
            var values = map.Select(column => column < 0 ? "null::text" : $"{Quoted(columns[column])}::text");
            var stream = await connection.BeginRawBinaryCopyAsync($"copy (select {string.Join(", ", values)} from (\n{sql}\n) as recipients) to stdout (format binary)", cancellationToken);
            stream.ReadTimeout = (int)(limit + Grace).TotalMilliseconds;
            var query = new DomainQuery(connection, transaction, new(stream));
            try
            {
                await query.ReadHeaderAsync(cancellationToken);
                return query;
            }
            catch
            {
                await query.DisposeAsync();
                throw;
            }
        }
        catch (PostgresException e) when (!Postgres.PostgresFailures.IsTransient(e))
        {
            await connection.DisposeAsync();
            throw Refused(e);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public ValueTask<bool> ReadAsync(RecipientRow row, CancellationToken cancellationToken) => TryRead(row) ? ValueTask.FromResult(true) : ReadSlowlyAsync(row, cancellationToken);

    /// <summary>Reads a row that lies in the buffer as a whole, which nearly all do.</summary>
    private bool TryRead(RecipientRow row)
    {
        var rest = _buffer.AsSpan(_start, _end - _start);
        if (rest.Length < 2 || BinaryPrimitives.ReadInt16BigEndian(rest) is var count && count < 0)
        {
            return false;
        }

        rest = rest[2..];
        row.Clear();
        for (var field = 0; field < count; field++)
        {
            if (rest.Length < 4)
            {
                return false;
            }

            var length = BinaryPrimitives.ReadInt32BigEndian(rest);
            rest = rest[4..];
            if (length < 0)
            {
                row.AddNull();
                continue;
            }

            if (length > Math.Min(rest.Length, LongestValue))
            {
                return false;
            }

            row.Add(rest[..length]);
            rest = rest[length..];
        }

        row.Number = ++_rows;
        _start = _end - rest.Length;
        return true;
    }

    /// <summary>Reads a row value by value, as they arrive; false at the end.</summary>
    private async ValueTask<bool> ReadSlowlyAsync(RecipientRow row, CancellationToken cancellationToken)
    {
        const short end = -1;
        try
        {
            await NeedAsync(2, cancellationToken);
            var count = BinaryPrimitives.ReadInt16BigEndian(Take(2));
            if (count == end)
            {
                return false;
            }

            row.Clear();
            row.Number = ++_rows;
            for (var field = 0; field < count; field++)
            {
                await NeedAsync(4, cancellationToken);
                var length = BinaryPrimitives.ReadInt32BigEndian(Take(4));
                if (length < 0)
                {
                    row.AddNull();
                    continue;
                }

                if (length > LongestValue)
                {
                    throw new RecipientSourceException($"Row {_rows:N0} of the query has a value of {length:N0} bytes; at most {LongestValue:N0} are possible.");
                }

                await NeedAsync(length, cancellationToken);
                row.Add(Take(length));
            }

            return true;
        }
        catch (PostgresException e) when (!Postgres.PostgresFailures.IsTransient(e))
        {
            throw Refused(e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _receiver.DisposeAsync();
            await _transaction.DisposeAsync();
        }
        catch (NpgsqlException)
        {
            // A query that failed has said so when it was read; nothing is left to be told.
        }

        await _connection.DisposeAsync();
    }

    private static async Task<NpgsqlTransaction> BeginAsync(NpgsqlConnection connection, TimeSpan limit, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
        await using var settings = new NpgsqlCommand($"set transaction read only; set local statement_timeout = {(long)limit.TotalMilliseconds}", connection, transaction);
        await settings.ExecuteNonQueryAsync(cancellationToken);
        return transaction;
    }

    private static async Task<IReadOnlyList<string>> DescribeAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string sql, CancellationToken cancellationToken)
    {
        if (sql.Contains('\0'))
        {
            throw new RecipientSourceException("The query contains a NUL character.");
        }

        try
        {
            // With a positional parameter the driver sends the text as it is, and the server takes one statement only; as a subquery, only one that selects. Whatever tries to get
            // out of the brackets fails here, before it is part of a COPY.
            await using var describe = new NpgsqlCommand($"select * from (\n{sql}\n) as recipients limit $1", connection, transaction) { Parameters = { new() { Value = 0L } } };
            await using var reader = await describe.ExecuteReaderAsync(cancellationToken);
            return [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)];
        }
        catch (PostgresException e) when (!Postgres.PostgresFailures.IsTransient(e))
        {
            throw Refused(e);
        }
    }

    private static RecipientSourceException Refused(PostgresException e) => new(e.SqlState switch
    {
        PostgresErrorCodes.InsufficientPrivilege => $"The query may not do this: {e.MessageText}. Only domain tables can be read, as domain.\"Source:Feed\".",
        PostgresErrorCodes.QueryCanceled => "The query took too long and was ended.",
        PostgresErrorCodes.ReadOnlySqlTransaction => $"The query may only read: {e.MessageText}.",
        _ => $"PostgreSQL refuses the query: {e.MessageText}{(e.Hint is null ? "" : $" ({e.Hint})")}. One SELECT is expected.",
    }, e);

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private async Task ReadHeaderAsync(CancellationToken cancellationToken)
    {
        await NeedAsync(HeaderSize, cancellationToken);
        if (!Take(HeaderSize)[..Signature.Length].SequenceEqual(Signature))
        {
            throw new InvalidDataException("PostgreSQL did not answer with its binary COPY format.");
        }
    }

    private ReadOnlySpan<byte> Take(int size)
    {
        _start += size;
        return _buffer.AsSpan(_start - size, size);
    }

    private async ValueTask NeedAsync(int size, CancellationToken cancellationToken)
    {
        while (_end - _start < size)
        {
            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }

            _end += await _receiver.ReadAsync(_buffer.AsMemory(_end), cancellationToken) is > 0 and var read
                ? read
                : throw new InvalidDataException("PostgreSQL ended its answer in the middle of a row.");
        }
    }
}
