namespace Platform.Files.Locations.Sftp;

/// <summary>Reads a part of a file in order, with requests ahead on every channel it was given; memory is bounded by the requests in flight.</summary>
internal sealed class SftpReadStream : Stream
{
    // Above the 2 MB window of a channel, so that it is never the requests that run out.
    private const int InFlightPerChannel = 12;

    private readonly string _path;
    private readonly List<Channel> _channels;
    private readonly int _blockSize;
    private readonly Queue<Block> _ahead = new();
    private readonly Stack<byte[]> _free = new();
    private readonly long _end;
    private long _asked;
    private long _position;
    private int _turn;
    private Block? _current;
    private int _consumed;
    private bool _closed;

    public SftpReadStream(string path, List<Channel> channels, long offset, long size)
    {
        _path = path;
        _channels = channels;
        _blockSize = (int)Math.Min(channels.Min(channel => channel.Session.Block), size);
        _asked = _position = offset;
        _end = offset + size;
        Length = size;
    }

    /// <summary>One connection with the file opened on it.</summary>
    internal sealed record Channel(SftpSession Session, byte[] Handle);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length { get; }

    public override long Position { get => _position - (_end - Length); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_position == _end || buffer.IsEmpty)
        {
            return 0;
        }

        ObjectDisposedException.ThrowIf(_closed, this);
        if (_current is null)
        {
            AskAhead(cancellationToken);
            var next = _ahead.Dequeue();
            await FillAsync(next, cancellationToken);
            _current = next;
            _consumed = 0;
        }

        var count = Math.Min(buffer.Length, _current.Length - _consumed);
        _current.Buffer.AsMemory(_consumed, count).CopyTo(buffer);
        _consumed += count;
        _position += count;
        if (_consumed == _current.Length)
        {
            _free.Push(_current.Buffer);
            _current = null;
        }

        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_closed)
        {
            _closed = true;
            foreach (var block in _ahead)
            {
                Forget(block.Asked);
            }

            foreach (var channel in _channels)
            {
                Forget(CloseAsync(channel));
            }
        }

        base.Dispose(disposing);
    }

    private static async Task CloseAsync(Channel channel)
    {
        var id = channel.Session.NextId();
        await await channel.Session.StartAsync(id, new PacketWriter(PacketType.Close, id).Bytes(channel.Handle).Finish(), CancellationToken.None);
    }

    // The reader has what it wanted; answers that come too late, or never because the connection ended, concern nobody.
    private static void Forget(Task task) => _ = task.ContinueWith(static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    private void AskAhead(CancellationToken cancellationToken)
    {
        while (_asked < _end && _ahead.Count < InFlightPerChannel * _channels.Count)
        {
            var block = new Block(_free.TryPop(out var used) ? used : new byte[_blockSize], _channels[_turn], _asked, (int)Math.Min(_blockSize, _end - _asked));
            _turn = (_turn + 1) % _channels.Count;
            _asked += block.Length;
            block.Ask(0, cancellationToken);
            _ahead.Enqueue(block);
        }
    }

    // A server may answer with less than was asked for (§6.4): the rest is asked for again.
    private async Task FillAsync(Block block, CancellationToken cancellationToken)
    {
        for (var have = 0; ;)
        {
            var (read, reply) = await block.Asked.WaitAsync(cancellationToken);
            if (reply.Type != PacketType.Data)
            {
                throw SftpFaults.FromRead(_path, reply, block.Offset + have, _end);
            }

            have += read;
            if (have == block.Length)
            {
                return;
            }

            block.Ask(have, cancellationToken);
        }
    }

    private sealed record Block(byte[] Buffer, Channel Channel, long Offset, int Length)
    {
        public Task<(int Read, Reply Reply)> Asked { get; private set; } = Task.FromResult((0, default(Reply)));

        public void Ask(int from, CancellationToken cancellationToken) => Asked = AskAsync(from, cancellationToken);

        private async Task<(int Read, Reply Reply)> AskAsync(int from, CancellationToken cancellationToken) =>
            await await Channel.Session.StartReadAsync(Channel.Handle, Offset + from, Buffer.AsMemory(from, Length - from), cancellationToken);
    }
}
