using System.Security.Cryptography;
using Npgsql;

namespace Platform.Campaigns.Dispatches;

/// <summary>
/// The bytes of prepared files, in pieces of about a megabyte in the table <c>dispatch_chunks</c>: what was validated is what is sent, whichever instance sends it, also after a
/// crash. The index of a dispatch's recipients (see <see cref="RecipientIndex"/>) lies there too.
/// </summary>
internal static class DispatchContent
{
    /// <summary>Kind under which the index is stored.</summary>
    public const string Index = "index";

    public static string KindOf(DispatchFileKind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>Replaces a file's bytes, inside the caller's transaction.</summary>
    public static async Task<ContentWriter> CreateAsync(NpgsqlTransaction transaction, string dispatchId, string kind, CancellationToken cancellationToken)
    {
        await using var delete = new NpgsqlCommand("delete from dispatch_chunks where dispatch_id = $1 and kind = $2", transaction.Connection, transaction)
        {
            Parameters = { new() { Value = dispatchId }, new() { Value = kind } },
        };
        await delete.ExecuteNonQueryAsync(cancellationToken);
        return new(transaction, dispatchId, kind);
    }

    /// <summary>Whether the bytes of a file are still kept (see <see cref="ContentRetention"/>).</summary>
    public static async Task<bool> ExistsAsync(NpgsqlDataSource database, string dispatchId, DispatchFileKind kind, CancellationToken cancellationToken)
    {
        await using var select = database.CreateCommand("select exists (select from dispatch_chunks where dispatch_id = $1 and kind = $2)");
        select.Parameters.Add(new() { Value = dispatchId });
        select.Parameters.Add(new() { Value = KindOf(kind) });
        return (bool)(await select.ExecuteScalarAsync(cancellationToken))!;
    }

    public static ContentStream OpenRead(NpgsqlDataSource database, string dispatchId, string kind, long size) => new(database, dispatchId, kind, size);
}

/// <summary>Appends to one file; storing a piece overlaps with making the next.</summary>
internal sealed class ContentWriter(NpgsqlTransaction transaction, string dispatchId, string kind) : IAsyncDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _pending = [];
    private Task _storing = Task.CompletedTask;

    public long Size { get; private set; }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        await _storing;
        if (_pending.Length < piece.Length)
        {
            _pending = new byte[piece.Length];
        }

        piece.CopyTo(_pending);
        _storing = StoreAsync(_pending.AsMemory(0, piece.Length), Size, cancellationToken);
        _hash.AppendData(piece.Span);
        Size += piece.Length;
    }

    /// <summary>Waits until everything is stored; returns the SHA-256.</summary>
    public async Task<string> CompleteAsync()
    {
        await _storing;
        return Convert.ToHexStringLower(_hash.GetHashAndReset());
    }

    public async ValueTask DisposeAsync()
    {
        // The connection must be idle before its transaction is rolled back; why the writing ended is told by whoever ended it.
        await _storing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _hash.Dispose();
    }

    private async Task StoreAsync(ReadOnlyMemory<byte> piece, long firstByte, CancellationToken cancellationToken)
    {
        await using var insert = new NpgsqlCommand("insert into dispatch_chunks (dispatch_id, kind, first_byte, bytes) values ($1, $2, $3, $4)", transaction.Connection, transaction)
        {
            Parameters = { new() { Value = dispatchId }, new() { Value = kind }, new() { Value = firstByte }, new() { Value = piece, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bytea } },
        };
        await insert.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>Reads a stored file; can be set back, as an upload that is resumed wants it.</summary>
internal sealed class ContentStream(NpgsqlDataSource database, string dispatchId, string kind, long size) : Stream
{
    private byte[] _chunk = [];
    private long _chunkStart;
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => size;

    public override long Position { get => _position; set => _position = value; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_position >= size)
        {
            return 0;
        }

        if (_position < _chunkStart || _position >= _chunkStart + _chunk.Length)
        {
            await LoadAsync(cancellationToken);
        }

        var from = (int)(_position - _chunkStart);
        var count = Math.Min(buffer.Length, _chunk.Length - from);
        _chunk.AsMemory(from, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

    public override long Seek(long offset, SeekOrigin origin) =>
        Position = origin switch { SeekOrigin.Begin => offset, SeekOrigin.Current => _position + offset, _ => size + offset };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        await using var select = database.CreateCommand("select first_byte, bytes from dispatch_chunks where dispatch_id = $1 and kind = $2 and first_byte <= $3 order by first_byte desc limit 1");
        select.Parameters.Add(new() { Value = dispatchId });
        select.Parameters.Add(new() { Value = kind });
        select.Parameters.Add(new() { Value = _position });
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        _chunk = [];
        if (await reader.ReadAsync(cancellationToken))
        {
            _chunkStart = reader.GetInt64(0);
            _chunk = reader.GetFieldValue<byte[]>(1);
        }

        if (_chunkStart + _chunk.Length <= _position)
        {
            throw new InvalidDataException($"The stored {kind} file of dispatch {dispatchId} has no byte {_position:N0} of {size:N0}: it was removed, or the database lost it.");
        }
    }
}
