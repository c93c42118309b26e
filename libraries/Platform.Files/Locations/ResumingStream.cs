namespace Platform.Files.Locations;

/// <summary>
/// Reads a file of known size and version to its end, whatever the connection does: a cut, a stall or a body that ends early is answered by opening the file
/// again at the byte reached, under the same version. Gives up after <see cref="MaxFaults"/> faults without a single byte between them.
/// </summary>
public sealed class ResumingStream : Stream
{
    private const int MaxFaults = 4;

    private readonly IFileLocation _location;
    private readonly FileEntry _file;
    private readonly TimeSpan _stall;
    private readonly TimeProvider _clock;
    private readonly long _end;
    private Stream? _part;
    private long _position;
    private int _faults;

    /// <summary>Nothing is opened before the first read. A read that gives no byte for <paramref name="stall"/> counts as a cut connection.</summary>
    public ResumingStream(IFileLocation location, FileEntry file, TimeProvider clock, TimeSpan stall)
        : this(location, file, clock, stall, 0, file.Size)
    {
    }

    /// <summary>The same for the bytes from <paramref name="start"/> to before <paramref name="end"/>.</summary>
    public ResumingStream(IFileLocation location, FileEntry file, TimeProvider clock, TimeSpan stall, long start, long end)
    {
        _position = start;
        _end = end;
        _location = location;
        _file = file;
        _clock = clock;
        _stall = stall;
    }

    /// <summary>How often the file had to be opened again.</summary>
    public int Resumed { get; private set; }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => _end;

    /// <inheritdoc/>
    public override long Position { get => _position; set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_position < _end)
        {
            try
            {
                _part ??= await _location.OpenReadAsync(_file.Path, new() { Offset = _position, Length = _end == _file.Size ? null : _end - _position, ETag = _file.ETag }, cancellationToken);
                var read = await ReadPartAsync(buffer, cancellationToken);
                if (read > 0)
                {
                    _position += read;
                    _faults = 0;
                    return _position <= _end ? read : throw Changed("is longer");
                }

                throw new EndOfStreamException($"the body ended after {_position:N0} of {_file.Size:N0} bytes");
            }
            catch (Exception e) when (IsCut(e, cancellationToken))
            {
                await CloseAsync();
                if (++_faults >= MaxFaults)
                {
                    throw new LocationException(LocationFault.Unavailable,
                        $"Reading {_location.Describe(_file.Path)} was cut off {MaxFaults} times at byte {_position:N0} of {_file.Size:N0} ({Innermost(e).Message}).", e);
                }

                Resumed++;
                await Task.Delay(TimeSpan.FromMilliseconds(100 << _faults), _clock, cancellationToken);
            }
        }

        return 0;
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

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await CloseAsync();
        await base.DisposeAsync();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _part?.Dispose();
            _part = null;
        }

        base.Dispose(disposing);
    }

    private static bool IsCut(Exception e, CancellationToken cancellationToken) => !cancellationToken.IsCancellationRequested
        && (e is IOException or HttpRequestException or OperationCanceledException or TimeoutException || e is LocationException { Fault: LocationFault.Unavailable });

    private static Exception Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e;

    private async ValueTask<int> ReadPartAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        // By cancellation, not by closing the stream: a connection that is closed while it is read from may go back to its pool with the reader still on it.
        using var stalled = new CancellationTokenSource(_stall, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stalled.Token, cancellationToken);
        try
        {
            return await _part!.ReadAsync(buffer, either.Token);
        }
        catch (Exception e) when (stalled.IsCancellationRequested && !cancellationToken.IsCancellationRequested && e is not LocationException)
        {
            throw new TimeoutException($"no byte for {_stall.TotalSeconds:0} seconds", e);
        }
    }

    private async ValueTask CloseAsync()
    {
        if (_part is { } part)
        {
            _part = null;
            await part.DisposeAsync();
        }
    }

    private LocationException Changed(string how) => new(LocationFault.FileChanged,
        $"{_location.Describe(_file.Path)} {how} than the {_file.Size:N0} bytes it was listed with; it was replaced meanwhile.");
}
