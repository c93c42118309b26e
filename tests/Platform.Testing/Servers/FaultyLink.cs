using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Platform.Testing.Servers;

/// <summary>A TCP relay in front of a real server that delays, stalls or cuts connections on request.</summary>
public sealed class FaultyLink : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _target;
    private readonly Task _accepting;
    private readonly Lock _gate = new();
    private readonly List<Socket> _open = [];
    private long _relayed;
    private long _cutAt = long.MaxValue;
    private long _stallAt = long.MaxValue;
    private volatile TaskCompletionSource? _stalled;

    /// <summary>Relays to a port of the loopback interface.</summary>
    public FaultyLink(int target, TimeSpan delay = default)
    {
        _target = target;
        Delay = delay;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>The port to connect to.</summary>
    public int Port { get; }

    /// <summary>Added to every byte, in each direction.</summary>
    public TimeSpan Delay { get; }

    /// <summary>Connections made so far.</summary>
    public int Connections { get; private set; }

    /// <summary>Bytes relayed so far, both directions together.</summary>
    public long Relayed => Interlocked.Read(ref _relayed);

    /// <summary>Cuts every connection once this many more bytes have gone through.</summary>
    public void CutAfter(long bytes) => Interlocked.Exchange(ref _cutAt, Relayed + bytes);

    /// <summary>True while nothing goes through.</summary>
    public bool IsStalled => _stalled is not null;

    /// <summary>Stalls once this many more bytes have gone through.</summary>
    public void StallAfter(long bytes) => Interlocked.Exchange(ref _stallAt, Relayed + bytes);

    /// <summary>Ends a stall: everything goes on where it stood.</summary>
    public void Resume()
    {
        var stalled = _stalled;
        _stalled = null;
        stalled?.TrySetResult();
    }

    /// <summary>Nothing goes through any more, and nobody is told.</summary>
    public void Stall() => _stalled ??= new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Cuts every connection now.</summary>
    public void Cut()
    {
        lock (_gate)
        {
            _open.ForEach(socket => socket.Close(0));
            _open.Clear();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _stalled?.TrySetResult();
        _listener.Stop();
        Cut();
        await _accepting;
        _stop.Dispose();
    }

    private static async Task IgnoreEndAsync(Task relay)
    {
        try
        {
            await relay;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException or ChannelClosedException)
        {
            // One side ended the connection, or the test did.
        }
    }

    private async Task AcceptAsync()
    {
        var relays = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_stop.Token);
                var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                client.NoDelay = true;
                lock (_gate)
                {
                    _open.AddRange([client, server]);
                    Connections++;
                }

                await IgnoreEndAsync(server.ConnectAsync(IPAddress.Loopback, _target));
                relays.Add(IgnoreEndAsync(RelayAsync(client, server)));
                relays.Add(IgnoreEndAsync(RelayAsync(server, client)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }

        await Task.WhenAll(relays);
    }

    private async Task RelayAsync(Socket from, Socket to)
    {
        var queue = Channel.CreateUnbounded<(byte[] Bytes, long Due)>();
        var sending = IgnoreEndAsync(SendAsync(queue.Reader, to));
        try
        {
            var buffer = new byte[256 * 1024];
            int read;
            while ((read = await from.ReceiveAsync(buffer, _stop.Token)) > 0)
            {
                queue.Writer.TryWrite((buffer[..read], Environment.TickCount64 + (long)Delay.TotalMilliseconds));
            }
        }
        finally
        {
            queue.Writer.TryComplete();
            await sending;
            to.Close();
        }
    }

    private async Task SendAsync(ChannelReader<(byte[] Bytes, long Due)> queue, Socket to)
    {
        await foreach (var (bytes, due) in queue.ReadAllAsync(_stop.Token))
        {
            if (Relayed >= Interlocked.Read(ref _stallAt))
            {
                Interlocked.Exchange(ref _stallAt, long.MaxValue);
                Stall();
            }

            if (_stalled is { } stalled)
            {
                await stalled.Task;
            }

            var early = due - Environment.TickCount64;
            if (early > 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(early), _stop.Token);
            }

            if (Interlocked.Add(ref _relayed, bytes.Length) >= Interlocked.Read(ref _cutAt))
            {
                Interlocked.Exchange(ref _cutAt, long.MaxValue);
                Cut();
                return;
            }

            for (var sent = 0; sent < bytes.Length;)
            {
                sent += await to.SendAsync(bytes.AsMemory(sent), _stop.Token);
            }
        }
    }
}
