using Npgsql;

namespace Platform.Postgres;

/// <summary>
/// Relays ready-made bytes of PostgreSQL's binary COPY format to the server. Nothing is stored unless <see cref="CompleteAsync"/> returned: whatever ends the relay
/// before (an exception, a cancellation, an early dispose) aborts the COPY on the server.
/// </summary>
public sealed class BinaryCopy : IAsyncDisposable
{
    private readonly NpgsqlRawCopyStream _stream;
    private bool _ended;

    private BinaryCopy(NpgsqlRawCopyStream stream) => _stream = stream;

    /// <summary>Bytes handed over so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Starts <paramref name="copy"/>, for example <c>COPY staging.load_1 FROM STDIN (FORMAT BINARY)</c>, on a connection that does nothing else meanwhile.</summary>
    public static async Task<BinaryCopy> BeginAsync(NpgsqlConnection connection, string copy, CancellationToken cancellationToken) =>
        new(await connection.BeginRawBinaryCopyAsync(copy, cancellationToken));

    /// <summary>Sends the next bytes; they may begin and end anywhere, but the whole must be one COPY stream with header and trailer.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        await _stream.WriteAsync(bytes, cancellationToken);
        Bytes += bytes.Length;
    }

    /// <summary>Ends the stream and waits for the server's word. Only now are the rows in the table, as part of the connection's transaction if there is one.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        await _stream.FlushAsync(cancellationToken);
        _ended = true;

        // The driver's own rule: disposing a raw COPY completes it, and throws what the server says against it.
        await _stream.DisposeAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        try
        {
            await _stream.CancelAsync();
        }
        catch (Exception e) when (e is NpgsqlException or IOException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            // The connection is broken or the server already ended the COPY with an error: either way nothing of it is stored, and the first error is the one that matters.
        }

        await DisposeAbortedAsync();
    }

    private async ValueTask DisposeAbortedAsync()
    {
        try
        {
            await _stream.DisposeAsync();
        }
        catch (Exception e) when (e is NpgsqlException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // As above: an aborted COPY has nothing more to say.
        }
    }
}
