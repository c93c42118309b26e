using System.Net;

namespace Platform.Files.Locations.Sftp;

/// <summary>An answer other than DATA: its type and fields.</summary>
internal readonly record struct Reply(PacketType Type, byte[] Body);

/// <summary>
/// One SFTP version 3 conversation over one ssh process. Requests may be in flight in any number; answers find them by id. Whatever ends the conversation (a cut, a stall, a
/// cancelled caller, nonsense from the server) ends ssh, and every waiting request learns the same cause.
/// </summary>
internal sealed class SftpSession : IAsyncDisposable
{
    private const int LargestPacket = 1024 * 1024;
    private const uint ProtocolVersion = 3;
    private const int SmallestBlock = 32 * 1024;
    private const int LargestBlock = 255 * 1024;

    private readonly SftpOptions _options;
    private readonly TimeProvider _clock;
    private readonly SshProcess _ssh;
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Lock _gate = new();
    private readonly Dictionary<uint, Request> _pending = [];
    private readonly TaskCompletionSource<Reply> _version = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;
    private readonly ITimer _watchdog;
    private readonly HashSet<string> _extensions = new(StringComparer.Ordinal);
    private LocationException? _ended;
    private bool _loggedIn;
    private uint _lastId;
    private long _lastMove;

    private SftpSession(SftpOptions options, SshProcess ssh, TimeProvider clock)
    {
        _options = options;
        _ssh = ssh;
        _clock = clock;
        _lastMove = clock.GetTimestamp();
        _reading = Task.Factory.StartNew(ReadLoopAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
        _watchdog = clock.CreateTimer(_ => EndWhenStalled(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    /// <summary>Largest number of bytes to ask for or send at once.</summary>
    public int Block { get; private set; } = SmallestBlock;

    /// <summary>Time of one question and answer.</summary>
    public TimeSpan RoundTrip { get; private set; }

    public bool IsOpen => Volatile.Read(ref _ended) is null;

    public static async Task<SftpSession> OpenAsync(SftpOptions options, IPAddress address, TimeProvider clock, CancellationToken cancellationToken)
    {
        var session = new SftpSession(options, SshProcess.Start(options, address), clock);
        try
        {
            await session.GreetAsync(cancellationToken);
            return session;
        }
        catch (Exception e)
        {
            await session.DisposeAsync();
            if (e is LocationException { Fault: LocationFault.WrongSecret } && options.PrivateKey is not null && !await SshProcess.OpensKeyAsync(options, cancellationToken))
            {
                throw SftpFaults.UnusableKey();
            }

            throw;
        }
    }

    public bool Supports(string extension) => _extensions.Contains(extension);

    /// <summary>Sends a request and waits for its answer. A cancelled wait ends the session: what the server makes of the request is unknown then.</summary>
    public async Task<Reply> AskAsync(Func<uint, PacketWriter> build, CancellationToken cancellationToken)
    {
        var request = new Request(default);
        await SendAsync(request, build(request.Id = NextId()).Finish(), cancellationToken);
        return (await WaitAsync(request, cancellationToken)).Reply;
    }

    /// <summary>Sends a request whose packet the caller has built around <paramref name="id"/>; returns when it is handed to ssh, the answer comes later.</summary>
    public async Task<Task<Reply>> StartAsync(uint id, ReadOnlyMemory<byte> packet, CancellationToken cancellationToken)
    {
        var request = new Request(default) { Id = id };
        await SendAsync(request, packet, cancellationToken);
        return AnswerOfAsync(request);

        static async Task<Reply> AnswerOfAsync(Request request) => (await request.Answer.Task).Reply;
    }

    /// <summary>Starts reading into <paramref name="destination"/>; the answer is the number of bytes, 0 at the end of the file, or a status.</summary>
    public async Task<Task<(int Read, Reply Reply)>> StartReadAsync(byte[] handle, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var request = new Request(destination) { Id = NextId() };
        var packet = new PacketWriter(PacketType.Read, request.Id).Bytes(handle).UInt64((ulong)offset).UInt32((uint)destination.Length).Finish();
        await SendAsync(request, packet, cancellationToken);
        return request.Answer.Task;
    }

    public uint NextId() => Interlocked.Increment(ref _lastId);

    /// <summary>Ends the conversation at once, for this cause.</summary>
    public void End(LocationException cause)
    {
        Request[] waiting;
        lock (_gate)
        {
            if (_ended is not null)
            {
                return;
            }

            _ended = cause;
            waiting = [.. _pending.Values];
            _pending.Clear();
        }

        _ssh.Kill();
        _version.TrySetException(cause);
        foreach (var request in waiting)
        {
            request.Answer.TrySetException(cause);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _watchdog.DisposeAsync();
        End(new(LocationFault.Unavailable, "The SFTP connection was closed."));
        await _reading;
        _ssh.Dispose();
        _writing.Dispose();
    }

    private async Task GreetAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_options.ConnectTimeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        Reply version;
        try
        {
            await WriteAsync(new PacketWriter(PacketType.Init).UInt32(ProtocolVersion).Finish(), either.Token);
            version = await _version.Task.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new LocationException(LocationFault.Unavailable,
                $"The SFTP server {_options.Host}:{_options.Port} did not finish the login within {_options.ConnectTimeout.TotalSeconds:0} seconds.");
        }
        finally
        {
            _ssh.ForgetSecrets();
        }

        _loggedIn = true;
        ReadVersion(version.Body);
        var started = _clock.GetTimestamp();
        if (Supports("limits@openssh.com"))
        {
            var limits = await AskAsync(id => new PacketWriter(PacketType.Extended, id).Text("limits@openssh.com"), cancellationToken);
            Block = LimitOf(limits);
        }
        else
        {
            await AskAsync(id => new PacketWriter(PacketType.RealPath, id).Text("."), cancellationToken);
        }

        RoundTrip = _clock.GetElapsedTime(started);
    }

    private void ReadVersion(byte[] body)
    {
        var reader = new PacketReader(body);
        var version = reader.UInt32();
        if (version < ProtocolVersion)
        {
            throw new LocationException(LocationFault.BadSettings, $"The server {_options.Host}:{_options.Port} speaks SFTP version {version}; version 3 is needed.");
        }

        while (!reader.AtEnd)
        {
            _extensions.Add(reader.Text());
            reader.Bytes();
        }
    }

    private static int LimitOf(Reply limits)
    {
        if (limits.Type != PacketType.ExtendedReply)
        {
            return SmallestBlock;
        }

        var reader = new PacketReader(limits.Body);
        reader.UInt64();
        var read = reader.UInt64();
        var write = reader.UInt64();
        return (int)Math.Clamp(Math.Min(read == 0 ? SmallestBlock : read, write == 0 ? SmallestBlock : write), 1024, LargestBlock);
    }

    private async Task SendAsync(Request request, ReadOnlyMemory<byte> packet, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_ended is { } cause)
            {
                throw Again(cause);
            }

            if (_pending.Count == 0)
            {
                _lastMove = _clock.GetTimestamp();
            }

            _pending.Add(request.Id, request);
        }

        await WriteAsync(packet, cancellationToken);
    }

    private async Task WriteAsync(ReadOnlyMemory<byte> packet, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            // Half a packet would garble the rest: a packet once begun is written whole, and only the end of ssh can break it off.
            using var broken = cancellationToken.UnsafeRegister(static session => ((SftpSession)session!).EndCancelled(), this);
            await _ssh.Input.WriteAsync(packet, CancellationToken.None);
            _lastMove = _clock.GetTimestamp();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            cancellationToken.ThrowIfCancellationRequested();

            // ssh has ended; the reading side knows why.
            await _reading;
            throw Again(_ended!);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task<(int Read, Reply Reply)> WaitAsync(Request request, CancellationToken cancellationToken)
    {
        using var broken = cancellationToken.UnsafeRegister(static session => ((SftpSession)session!).EndCancelled(), this);
        try
        {
            return await request.Answer.Task;
        }
        catch (LocationException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    private void EndCancelled() => End(new(LocationFault.Unavailable, "The SFTP connection was closed because the work was cancelled."));

    private void EndWhenStalled()
    {
        lock (_gate)
        {
            if (_pending.Count == 0 || _clock.GetElapsedTime(Volatile.Read(ref _lastMove)) < _options.StallTimeout)
            {
                return;
            }
        }

        End(SftpFaults.Stalled(_options));
    }

    // A blocking read on a thread of its own: the pipes of a process know no other.
    private async Task ReadLoopAsync()
    {
        try
        {
            ReadPackets();
        }
        catch (InvalidDataException e)
        {
            End(SftpFaults.Malformed(_options, e));
            return;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The pipe broke with ssh's end.
        }

        if (IsOpen)
        {
            End(SftpFaults.FromSsh(_options, await _ssh.ErrorsAsync(), _loggedIn));
        }
    }

    private void ReadPackets()
    {
        var input = new PacketInput(_ssh.Output, () => Volatile.Write(ref _lastMove, _clock.GetTimestamp()));
        while (!input.AtEnd())
        {
            var length = input.Int32();
            if (length is < 5 or > LargestPacket)
            {
                throw new InvalidDataException($"a packet of {length} bytes");
            }

            var type = (PacketType)input.Byte();
            if (type == PacketType.Version)
            {
                _version.TrySetResult(new(type, input.Bytes(length - 1)));
                continue;
            }

            var id = (uint)input.Int32();
            Request? request;
            lock (_gate)
            {
                _pending.Remove(id, out request);
            }

            if (type == PacketType.Data && request is not null)
            {
                ReadData(input, length - 5, request);
            }
            else
            {
                var body = input.Bytes(length - 5);
                request?.Answer.TrySetResult((0, new(type, body)));
            }
        }
    }

    private static void ReadData(PacketInput input, int length, Request request)
    {
        var size = length < 4 ? 0 : input.Int32();
        if (size < 1 || size > length - 4 || size > request.Destination.Length)
        {
            var cause = new InvalidDataException("more or less data than was asked for");
            request.Answer.TrySetException(cause);
            throw cause;
        }

        try
        {
            input.Fill(request.Destination.Span[..size]);
            input.Bytes(length - 4 - size);
        }
        catch (Exception e)
        {
            request.Answer.TrySetException(new LocationException(LocationFault.Unavailable, "The SFTP connection was cut within an answer.", e));
            throw;
        }

        request.Answer.TrySetResult((size, new(PacketType.Data, [])));
    }

    private static LocationException Again(LocationException cause) => new(cause.Fault, cause.Message, cause);

    private sealed class Request(Memory<byte> destination)
    {
        public uint Id { get; set; }

        public Memory<byte> Destination { get; } = destination;

        public TaskCompletionSource<(int Read, Reply Reply)> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
