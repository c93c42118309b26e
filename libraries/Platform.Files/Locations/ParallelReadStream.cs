using System.Buffers;

namespace Platform.Files.Locations;

/// <summary>
/// Reads one large file by several ranged requests at a time and gives its bytes in order, in bounded memory: a connection alone is bound by distance, and by what a server gives one client.
/// Each range resumes after a cut; all are of the version that was listed, so a file that is replaced meanwhile is <see cref="LocationFault.FileChanged"/> and never a mixture.
/// </summary>
public sealed class ParallelReadStream : Stream
{
    /// <summary>Bytes of one request.</summary>
    public const int BlockSize = 8 * 1024 * 1024;

    private readonly IFileLocation _location;
    private readonly FileEntry _file;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _stall;
    private readonly int _ahead;
    private readonly SemaphoreSlim _budget;
    private readonly Queue<Task<Block>> _blocks = new();
    private readonly CancellationTokenSource _stop = new();
    private Block? _current;
    private int _taken;
    private long _asked;
    private long _position;

    /// <summary>
    /// Nothing is opened before the first read. At most <paramref name="ahead"/> blocks are on their way; each takes a place of <paramref name="budget"/>, which several streams share, so that memory is
    /// bounded for all of them together.
    /// </summary>
    public ParallelReadStream(IFileLocation location, FileEntry file, TimeProvider clock, TimeSpan stall, int ahead, SemaphoreSlim budget)
    {
        _location = location;
        _file = file;
        _clock = clock;
        _stall = stall;
        _ahead = ahead;
        _budget = budget;
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => _file.Size;

    /// <inheritdoc/>
    public override long Position { get => _position; set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_position == _file.Size || buffer.Length == 0)
        {
            return 0;
        }

        if (_current is null)
        {
            await AskAsync(cancellationToken);
            _current = await _blocks.Peek().WaitAsync(cancellationToken);
            _ = _blocks.Dequeue();
            _taken = 0;
        }

        var take = Math.Min(buffer.Length, _current.Length - _taken);
        _current.Bytes.AsMemory(_taken, take).CopyTo(buffer);
        _taken += take;
        _position += take;
        if (_taken == _current.Length)
        {
            Release(_current);
            _current = null;
        }

        return take;
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Ends the requests that are still on their way, and waits for them: their places in the budget are given back.</summary>
    public override async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_current is not null)
        {
            Release(_current);
            _current = null;
        }

        while (_blocks.TryDequeue(out var asked))
        {
            await asked.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            if (asked.IsCompletedSuccessfully)
            {
                Release(await asked);
            }
        }

        _stop.Dispose();
        await base.DisposeAsync();
    }

    // The block that is needed next waits for its place; those after it are asked for only where places are free. So no stream holds places while it waits for one.
    private async Task AskAsync(CancellationToken cancellationToken)
    {
        if (_blocks.Count == 0)
        {
            await _budget.WaitAsync(cancellationToken);
            Ask();
        }

        while (_blocks.Count < _ahead && _asked < _file.Size && _budget.Wait(0, CancellationToken.None))
        {
            Ask();
        }
    }

    private void Ask()
    {
        var start = _asked;
        _asked = Math.Min(_file.Size, start + BlockSize);
        _blocks.Enqueue(FetchAsync(start, _asked, _stop.Token));
    }

    private async Task<Block> FetchAsync(long start, long end, CancellationToken cancellationToken)
    {
        var block = new Block(ArrayPool<byte>.Shared.Rent(BlockSize), (int)(end - start));
        try
        {
            await using var part = new ResumingStream(_location, _file, _clock, _stall, start, end);
            await part.ReadExactlyAsync(block.Bytes.AsMemory(0, block.Length), cancellationToken);
            return block;
        }
        catch
        {
            Release(block);
            throw;
        }
    }

    private void Release(Block block)
    {
        ArrayPool<byte>.Shared.Return(block.Bytes);
        _budget.Release();
    }

    private sealed record Block(byte[] Bytes, int Length);
}
