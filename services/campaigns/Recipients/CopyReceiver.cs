using System.Collections.Concurrent;
using System.Threading.Channels;
using Npgsql;

namespace Platform.Campaigns.Recipients;

/// <summary>
/// Receives what COPY sends, on a thread of its own and a few pieces ahead: the socket is drained by blocking calls while the caller works on what has come. Memory is bounded by the
/// pieces; the server waits when all of them are full.
/// </summary>
internal sealed class CopyReceiver : IAsyncDisposable
{
    private const int PieceSize = 256 * 1024;
    private const int Pieces = 4;

    private readonly NpgsqlRawCopyStream _stream;
    private readonly BlockingCollection<byte[]> _empty = [];
    private readonly Channel<ArraySegment<byte>> _full = Channel.CreateUnbounded<ArraySegment<byte>>(new() { SingleReader = true, SingleWriter = true });
    private readonly Task _receiving;
    private ArraySegment<byte> _current;
    private volatile bool _abandoned;
    private volatile bool _ended;

    public CopyReceiver(NpgsqlRawCopyStream stream)
    {
        _stream = stream;
        for (var piece = 0; piece < Pieces; piece++)
        {
            _empty.Add(new byte[PieceSize]);
        }

        _receiving = Task.Factory.StartNew(Receive, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Takes what has come, at least a byte; 0 at the end. Throws what ended the receiving.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        if (_current.Count == 0)
        {
            if (!await _full.Reader.WaitToReadAsync(cancellationToken) || !_full.Reader.TryRead(out _current))
            {
                return 0;
            }
        }

        var count = Math.Min(target.Length, _current.Count);
        _current.AsMemory(0, count).CopyTo(target);
        var piece = _current.Array!;
        _current = _current[count..];
        if (_current.Count == 0)
        {
            _empty.Add(piece, CancellationToken.None);
        }

        return count;
    }

    public async ValueTask DisposeAsync()
    {
        _abandoned = true;
        _empty.CompleteAdding();
        if (!_ended)
        {
            // Ends a query that still runs: disposing would wait for all of its rows.
            await _stream.CancelAsync();
        }

        await _receiving;
        _empty.Dispose();
        await _stream.DisposeAsync();
    }

    private void Receive()
    {
        try
        {
            while (_empty.TryTake(out var piece, Timeout.Infinite))
            {
                _full.Writer.TryWrite(new(piece, 0, Fill(piece)));
                if (_ended)
                {
                    break;
                }
            }

            _full.Writer.Complete();
        }
        catch (Exception e)
        {
            // Told to whoever reads.
            _ended = true;
            _full.Writer.Complete(e);
        }
    }

    /// <summary>A call gives a row at most, so many calls fill a piece.</summary>
    private int Fill(byte[] piece)
    {
        var length = 0;
        while (length < piece.Length && !_ended && !_abandoned)
        {
            var read = _stream.Read(piece, length, piece.Length - length);
            length += read;
            _ended = read == 0;
        }

        return length;
    }
}
