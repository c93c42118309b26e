using System.Buffers.Binary;
using System.Text;
using Npgsql;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Postgres.Tests;

public sealed class RelayingCopies(PostgresServer server) : IAsyncLifetime
{
    private const string Copy = "copy t from stdin (format binary)";

    private PostgresDatabase _database = null!;
    private NpgsqlConnection _connection = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await server.CreateDatabaseAsync();
        _connection = new(new NpgsqlConnectionStringBuilder(_database.ConnectionString) { Pooling = false }.ConnectionString);
        await _connection.OpenAsync();
        await using var create = new NpgsqlCommand("create table t (id bigint primary key)", _connection);
        await create.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public async Task Stores_every_row_however_the_bytes_are_cut(int piece)
    {
        var bytes = Rows(1, 500);
        await using (var copy = await BinaryCopy.BeginAsync(_connection, Copy, default))
        {
            for (var from = 0; from < bytes.Length; from += piece)
            {
                await copy.WriteAsync(bytes.AsMemory(from, Math.Min(piece, bytes.Length - from)), default);
            }

            await copy.CompleteAsync(default);
            Assert.Equal(bytes.Length, copy.Bytes);
        }

        Assert.Equal(500, await CountAsync());
    }

    [Fact]
    public async Task Stores_nothing_when_left_before_the_end()
    {
        await using (var copy = await BinaryCopy.BeginAsync(_connection, Copy, default))
        {
            await copy.WriteAsync(Rows(1, 500), default);
        }

        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task Stores_nothing_when_an_exception_passes_through_and_the_connection_lives_on()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await using var copy = await BinaryCopy.BeginAsync(_connection, Copy, default);
            await copy.WriteAsync(Rows(1, 500), default);
            throw new InvalidOperationException("the reader failed");
        });

        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task Stores_nothing_when_the_server_refuses_a_row_and_says_why()
    {
        var refused = await Assert.ThrowsAsync<PostgresException>(async () =>
        {
            await using var copy = await BinaryCopy.BeginAsync(_connection, Copy, default);
            await copy.WriteAsync(Rows(1, 500, repeatLast: true), default);
            await copy.CompleteAsync(default);
        });

        Assert.Equal(PostgresErrorCodes.UniqueViolation, refused.SqlState);
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task Stores_nothing_when_the_stream_has_no_trailer()
    {
        var bytes = Rows(1, 500);
        await Assert.ThrowsAsync<PostgresException>(async () =>
        {
            await using var copy = await BinaryCopy.BeginAsync(_connection, Copy, default);
            await copy.WriteAsync(bytes.AsMemory(0, bytes.Length - 3), default);
            await copy.CompleteAsync(default);
        });

        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task Takes_no_bytes_after_the_end()
    {
        await using var copy = await BinaryCopy.BeginAsync(_connection, Copy, default);
        await copy.WriteAsync(Rows(1, 1), default);
        await copy.CompleteAsync(default);

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await copy.WriteAsync(Rows(2, 1), default));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => copy.CompleteAsync(default));
    }

    [Fact]
    public async Task Is_part_of_the_transaction_around_it()
    {
        await using (var transaction = await _connection.BeginTransactionAsync())
        {
            await using var copy = await BinaryCopy.BeginAsync(_connection, Copy, default);
            await copy.WriteAsync(Rows(1, 500), default);
            await copy.CompleteAsync(default);
            await transaction.RollbackAsync();
        }

        Assert.Equal(0, await CountAsync());
    }

    private static byte[] Rows(long first, int count, bool repeatLast = false)
    {
        using var stream = new MemoryStream();
        stream.Write(Encoding.Latin1.GetBytes("PGCOPY\n\u00ff\r\n\0"));
        stream.Write(new byte[8]);
        Span<byte> row = stackalloc byte[14];
        for (var i = 0; i < count + (repeatLast ? 1 : 0); i++)
        {
            BinaryPrimitives.WriteInt16BigEndian(row, 1);
            BinaryPrimitives.WriteInt32BigEndian(row[2..], 8);
            BinaryPrimitives.WriteInt64BigEndian(row[6..], first + Math.Min(i, count - 1));
            stream.Write(row);
        }

        stream.Write([0xff, 0xff]);
        return stream.ToArray();
    }

    private async Task<long> CountAsync()
    {
        await using var count = new NpgsqlCommand("select count(*) from t", _connection);
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
