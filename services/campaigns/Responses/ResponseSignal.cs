namespace Platform.Campaigns.Responses;

/// <summary>Wakes the worker of response imports in this process, so that work starts at once instead of at the next poll.</summary>
internal sealed class ResponseSignal
{
    private readonly SemaphoreSlim _signal = new(0, 1);

    public void Wake()
    {
        try
        {
            _signal.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake already.
        }
    }

    public Task<bool> WaitAsync(TimeSpan atMost, CancellationToken cancellationToken) => _signal.WaitAsync(atMost, cancellationToken);
}
