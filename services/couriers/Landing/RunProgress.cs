namespace Platform.Couriers.Landing;

/// <summary>How far the landing of a run is; written by its tasks, read by the one that stores it now and then.</summary>
internal sealed class RunProgress(long bytesDone, TimeProvider clock)
{
    private long _bytes = bytesDone;
    private long _firstByteTicks;

    public long Bytes => Interlocked.Read(ref _bytes);

    public DateTimeOffset? FirstByteAt => Interlocked.Read(ref _firstByteTicks) is var ticks and not 0 ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    public void Add(long bytes)
    {
        Interlocked.Add(ref _bytes, bytes);
        if (Interlocked.Read(ref _firstByteTicks) == 0)
        {
            Interlocked.CompareExchange(ref _firstByteTicks, clock.GetUtcNow().UtcTicks, 0);
        }
    }
}

/// <summary>Tells the progress what is read through it.</summary>
internal sealed class CountedStream(Stream inner, RunProgress progress) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => inner.Length;

    public override long Position { get => inner.Position; set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
        if (read > 0)
        {
            progress.Add(read);
        }

        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
