using System.Collections.Concurrent;

namespace Platform.Couriers.Runs;

/// <summary>Wakes the run worker of this process, so that a run starts at once instead of at the next poll, and stops the runs it works on.</summary>
internal sealed class RunSignal
{
    private readonly SemaphoreSlim _signal = new(0, 1);
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _running = new(StringComparer.Ordinal);

    /// <summary>A row may want a worker.</summary>
    public void Wake()
    {
        if (_signal.CurrentCount == 0)
        {
            try
            {
                _signal.Release();
            }
            catch (SemaphoreFullException)
            {
                // Another thread woke it in between, which is all that was wanted.
            }
        }
    }

    public Task<bool> WaitAsync(TimeSpan atMost, CancellationToken cancellationToken) => _signal.WaitAsync(atMost, cancellationToken);

    /// <summary>Ends the work on a run, if this process has it. Other processes notice by their lease.</summary>
    public void Stop(string runId)
    {
        if (_running.TryGetValue(runId, out var stop))
        {
            try
            {
                stop.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It ended in this moment.
            }
        }
    }

    public void Started(string runId, CancellationTokenSource stop) => _running[runId] = stop;

    public void Ended(string runId) => _running.TryRemove(runId, out _);
}
