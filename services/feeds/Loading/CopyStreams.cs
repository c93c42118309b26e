using System.Buffers;
using Npgsql;
using Platform.Postgres;

namespace Platform.Feeds.Loading;

/// <summary>
/// One stream of rows spread over several COPYs into the same table. A COPY keeps one PostgreSQL process busy, parsing and writing rows, while the engine waits for it; with
/// two, both processors work (docs/adr/0015). The engine's blocks hold whole rows, so that each may go wherever a COPY is free.
/// </summary>
internal sealed class CopyStreams : IAsyncDisposable
{
    private readonly List<NpgsqlConnection> _opened = [];
    private readonly List<Lane> _lanes = [];

    private CopyStreams()
    {
    }

    /// <summary>Starts <paramref name="count"/> times <paramref name="copy"/>: the first on the loader's own <paramref name="connection"/>, the others on sessions of their own.</summary>
    public static async Task<CopyStreams> BeginAsync(NpgsqlDataSource database, NpgsqlConnection connection, string copy, int count, FeedsOptions options, CancellationToken cancellationToken)
    {
        var streams = new CopyStreams();
        try
        {
            await streams.AddAsync(connection, copy, cancellationToken);
            while (streams._lanes.Count < count)
            {
                var other = await database.OpenConnectionAsync(cancellationToken);
                streams._opened.Add(other);
                await LoaderSession.PrepareAsync(other, options, cancellationToken);
                await streams.AddAsync(other, copy, cancellationToken);
            }

            return streams;
        }
        catch
        {
            await streams.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes the next block of whole rows; returns before they are sent, unless every COPY is busy.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> rows, CancellationToken cancellationToken)
    {
        if (_lanes is [var only])
        {
            await only.Copy.WriteAsync(rows, cancellationToken);
            return;
        }

        var free = await Task.WhenAny(_lanes.Select(lane => lane.Sending));
        await free;
        _lanes.First(lane => lane.Sending == free).Send(rows, cancellationToken);
    }

    /// <summary>Ends every COPY. Outside a transaction those that ended stay even if a later one fails: the caller drops the table then.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        foreach (var lane in _lanes)
        {
            await lane.Sending;
            await lane.Copy.WriteAsync(BinaryCopy.Trailer, cancellationToken);
            await lane.Copy.CompleteAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var lane in _lanes)
        {
            await lane.DisposeAsync();
        }

        foreach (var connection in _opened)
        {
            await connection.DisposeAsync();
        }
    }

    private async Task AddAsync(NpgsqlConnection connection, string copy, CancellationToken cancellationToken)
    {
        var lane = new Lane(await BinaryCopy.BeginAsync(connection, copy, cancellationToken));
        _lanes.Add(lane);
        await lane.Copy.WriteAsync(BinaryCopy.Header, cancellationToken);
    }

    private sealed class Lane(BinaryCopy copy) : IAsyncDisposable
    {
        private byte[] _block = [];

        public BinaryCopy Copy { get; } = copy;

        public Task Sending { get; private set; } = Task.CompletedTask;

        public void Send(ReadOnlyMemory<byte> rows, CancellationToken cancellationToken)
        {
            // The engine reuses its buffer as soon as its call returns.
            if (_block.Length < rows.Length)
            {
                ArrayPool<byte>.Shared.Return(_block);
                _block = ArrayPool<byte>.Shared.Rent(rows.Length);
            }

            rows.CopyTo(_block);
            Sending = Copy.WriteAsync(_block.AsMemory(0, rows.Length), cancellationToken).AsTask();
        }

        public async ValueTask DisposeAsync()
        {
            // What went wrong while sending was thrown to the one who gave the block, or is about to be: here only its end matters.
            await Sending.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            await Copy.DisposeAsync();
            ArrayPool<byte>.Shared.Return(_block);
        }
    }
}
