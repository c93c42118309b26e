using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Platform.Testing;

/// <summary>Waiting on a condition instead of the clock. The test fails, naming the condition, when it does not come true in time.</summary>
public static class Until
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(25);

    /// <summary>Default patience: far beyond what is ever needed, so that a slow machine fails no test.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Waits until <paramref name="condition"/> holds.</summary>
    public static Task True(Func<bool> condition, TimeSpan? within = null, CancellationToken cancellationToken = default, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        True(() => Task.FromResult(condition()), within, cancellationToken, what);

    /// <summary>Waits until <paramref name="condition"/> holds.</summary>
    public static async Task True(
        Func<Task<bool>> condition, TimeSpan? within = null, CancellationToken cancellationToken = default, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        var limit = within ?? Patience;
        var waited = Stopwatch.StartNew();
        while (!await condition())
        {
            if (waited.Elapsed > limit)
            {
                throw new TimeoutException($"After {limit.TotalSeconds:0.#} s this was still not so: {what}");
            }

            await Task.Delay(Poll, cancellationToken);
        }
    }

    /// <summary>Reads until the value satisfies <paramref name="accepted"/>, and returns it; the failure shows the last value read.</summary>
    public static async Task<T> Is<T>(
        Func<Task<T>> read, Func<T, bool> accepted, TimeSpan? within = null, CancellationToken cancellationToken = default, [CallerArgumentExpression(nameof(accepted))] string what = "")
    {
        var limit = within ?? Patience;
        var waited = Stopwatch.StartNew();
        while (true)
        {
            var value = await read();
            if (accepted(value))
            {
                return value;
            }

            if (waited.Elapsed > limit)
            {
                throw new TimeoutException($"After {limit.TotalSeconds:0.#} s this was still not so: {what}; the last value was {value}");
            }

            await Task.Delay(Poll, cancellationToken);
        }
    }
}
