using System.Collections.Concurrent;
using System.Diagnostics;

namespace Platform.Files.Engine;

/// <summary>
/// Starts children from one thread that lives as long as the engine. The kernel ties a child to the thread that started it (PR_SET_PDEATHSIG): a child started
/// from the thread pool would be killed when the pool lets that thread go.
/// </summary>
internal sealed class ChildLauncher : IDisposable
{
    private readonly BlockingCollection<(ProcessStartInfo Info, TaskCompletionSource<Process> Started)> _requests = [];

    public ChildLauncher() => new Thread(Run) { IsBackground = true, Name = "engine launcher" }.Start();

    public Task<Process> StartAsync(ProcessStartInfo info)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _requests.Add((info, started));
        return started.Task;
    }

    public void Dispose() => _requests.CompleteAdding();

    private void Run()
    {
        foreach (var (info, started) in _requests.GetConsumingEnumerable())
        {
            try
            {
                started.SetResult(Process.Start(info)!);
            }
            catch (Exception e)
            {
                started.SetException(e);
            }
        }
    }
}
