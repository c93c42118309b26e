using MassTransit;
using Npgsql;
using Platform.Contracts.Feeds;
using Platform.Feeds.Persistence;
using Platform.Postgres;

namespace Platform.Feeds.Loading;

/// <summary>
/// Beside a running attempt: writes its progress into the load's row and onto the bus once a second, and looks whether the load is to be given up. Progress decides nothing
/// and may be lost.
/// </summary>
internal sealed partial class LoadMonitor : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PublishLimit = TimeSpan.FromSeconds(5);

    private readonly NpgsqlDataSource _database;
    private readonly IBus _bus;
    private readonly LoadSignal _signal;
    private readonly ILogger _logger;
    private readonly Load _load;
    private readonly RowLease _lease;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _cancelled = new();
    private readonly Task _running;
    private long _rowsRead;
    private volatile string _phase = "reading";

    public LoadMonitor(Load load, RowLease lease, NpgsqlDataSource database, IBus bus, LoadSignal signal, TimeProvider clock, ILogger logger)
    {
        (_load, _lease, _database, _bus, _signal, _logger) = (load, lease, database, bus, signal, logger);
        Cancelled = _cancelled.Token;
        _running = Task.Run(() => RunAsync(clock));
    }

    /// <summary>Cancelled when a person asked for the end of the load.</summary>
    public CancellationToken Cancelled { get; }

    /// <summary><c>reading</c>, <c>merging</c> or <c>committing</c>.</summary>
    public string Phase
    {
        get => _phase;
        set => _phase = value;
    }

    public long RowsRead
    {
        get => Interlocked.Read(ref _rowsRead);
        set => Interlocked.Exchange(ref _rowsRead, value);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _cancelled.Dispose();
    }

    private async Task RunAsync(TimeProvider clock)
    {
        while (!_stop.IsCancellationRequested)
        {
            var woken = _signal.Next;
            try
            {
                if (await ReportAsync(_stop.Token))
                {
                    await _cancelled.CancelAsync();
                    return;
                }

                await Task.WhenAny(woken, Task.Delay(Tick, clock, _stop.Token));
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or MassTransitException or TimeoutException or OperationCanceledException)
            {
                ProgressLost(_logger, e, _load.Id);
                await Task.WhenAny(Task.Delay(Tick, clock, _stop.Token));
            }
        }
    }

    /// <summary>True when the load is to be given up.</summary>
    private async Task<bool> ReportAsync(CancellationToken cancellationToken)
    {
        bool cancelled;
        await using (var report = _database.CreateCommand("""
            with reported as (update loads set phase = $3, read = greatest(read, $4) where id = $1 and attempt = $2 and state = 'running' and (phase, read) is distinct from ($3, $4))
            select exists (select from load_cancellations where load_id = $1)
            """))
        {
            report.CommandTimeout = 10;
            report.Parameters.Add(new() { Value = _load.Id });
            report.Parameters.Add(new() { Value = _lease.Attempt });
            report.Parameters.Add(new() { Value = Phase });
            report.Parameters.Add(new() { Value = RowsRead });
            cancelled = (bool)(await report.ExecuteScalarAsync(cancellationToken))!;
        }

        if (!cancelled)
        {
            // Not cut short by the load's end: the bus would log that as a fault.
            using var atMost = new CancellationTokenSource(PublishLimit);
            await _bus.Publish(new LoadProgressed { LoadId = _load.Id, RunId = _load.RunId, Phase = Phase, RowsRead = RowsRead }, atMost.Token);
        }

        return cancelled;
    }

    [LoggerMessage(EventId = 310, Level = LogLevel.Debug, Message = "Progress of load {LoadId} could not be told")]
    private static partial void ProgressLost(ILogger logger, Exception exception, string loadId);
}
