using System.Collections.Concurrent;

namespace Platform.Scheduler.Runs;

/// <summary>Wakes this process's workers after a change that may have made something due, so that it does not wait for the next poll.</summary>
internal sealed class WorkSignal
{
    private readonly ConcurrentQueue<string> _succeeded = new();
    private volatile TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Wake() => Interlocked.Exchange(ref _woken, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>Runs of these groups succeeded and are committed: groups that wait for them may go on.</summary>
    public void Succeeded(IEnumerable<string> groups)
    {
        foreach (var group in groups)
        {
            _succeeded.Enqueue(group);
        }

        Wake();
    }

    /// <summary>Takes what was told by <see cref="Succeeded"/> since the last call.</summary>
    public IReadOnlyCollection<string> TakeSucceeded()
    {
        var groups = new HashSet<string>(StringComparer.Ordinal);
        while (_succeeded.TryDequeue(out var group))
        {
            groups.Add(group);
        }

        return groups;
    }

    /// <summary>Returns when woken or when the time is over.</summary>
    public async Task WaitAsync(TimeSpan atMost, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var woken = _woken.Task;
        if (!_succeeded.IsEmpty)
        {
            return;
        }

        await Task.WhenAny(woken, Task.Delay(atMost, clock, over.Token));
        await over.CancelAsync();
    }
}
