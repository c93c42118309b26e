namespace Platform.Feeds.Loading;

/// <summary>Wakes the workers of this process when a load was added or ended, so that none waits for the next poll.</summary>
internal sealed class LoadSignal
{
    private volatile TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The task to wait for; take it before looking for work, so that no wake-up is missed.</summary>
    public Task Next => _woken.Task;

    public void Wake() => Interlocked.Exchange(ref _woken, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
}
