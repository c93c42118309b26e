using System.Net.Sockets;
using Platform.Testing;

namespace Platform.Couriers.Tests;

/// <summary>A TCP road to the S3 server that can be told to hold, cut or shorten answers about certain objects.</summary>
internal sealed class StallingS3 : IAsyncDisposable
{
    private const int BytesBeforeFault = 4096;

    private readonly TcpListener _listener;
    private readonly Uri _target;
    private readonly string _about;
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private Task _accepting = Task.CompletedTask;
    private int _cuts;

    private StallingS3(string target, string about)
    {
        var port = FreePorts.Take(1)[0];
        _listener = new(System.Net.IPAddress.Loopback, port);
        _target = new(target);
        _about = about;
        Address = $"http://127.0.0.1:{port}";
    }

    public string Address { get; }

    /// <summary>So many answers are cut off after a few kilobytes, instead of being held.</summary>
    public int Cuts { get => _cuts; set => _cuts = value; }

    /// <summary>Answers about keys that contain <paramref name="about"/> are held after a few kilobytes until <see cref="Release"/>.</summary>
    public static Task<StallingS3> StartAsync(string target, string about)
    {
        var road = new StallingS3(target, about);
        road._listener.Start();
        road._accepting = road.AcceptAsync();
        return Task.FromResult(road);
    }

    public void Release() => _released.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        Release();
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = RelayAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using var near = client;
        using var far = new TcpClient();
        try
        {
            await far.ConnectAsync(_target.Host, _target.Port, _stop.Token);
            var exchange = new Exchange();
            var up = UpAsync(near.GetStream(), far.GetStream(), exchange);
            await DownAsync(far.GetStream(), near.GetStream(), exchange);
            near.Close();
            await up;
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One side hung up.
        }
    }

    private async Task UpAsync(NetworkStream from, NetworkStream to, Exchange exchange)
    {
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await from.ReadAsync(buffer, _stop.Token)) > 0)
        {
            var line = System.Text.Encoding.ASCII.GetString(buffer, 0, Math.Min(read, 2000)).Split('\n')[0];
            exchange.Concerned = line.StartsWith("GET", StringComparison.Ordinal) && line.Split('?')[0].Contains(_about, StringComparison.Ordinal);
            exchange.Passed = 0;
            await to.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
        }
    }

    private async Task DownAsync(NetworkStream from, NetworkStream to, Exchange exchange)
    {
        var buffer = new byte[BytesBeforeFault];
        int read;
        while ((read = await from.ReadAsync(buffer, _stop.Token)) > 0)
        {
            exchange.Passed += read;
            if (exchange.Concerned && exchange.Passed > BytesBeforeFault)
            {
                if (Interlocked.Decrement(ref _cuts) >= 0)
                {
                    return;
                }

                if (Cuts < 0 && HoldsAfterCuts)
                {
                    await _released.Task.WaitAsync(_stop.Token);
                }
            }

            await to.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
        }
    }

    /// <summary>False lets everything through once the cuts are used up.</summary>
    public bool HoldsAfterCuts { get; set; } = true;

    /// <summary>The request a connection is answering.</summary>
    private sealed class Exchange
    {
        public bool Concerned { get; set; }

        public int Passed { get; set; }
    }
}
