using System.Collections.Concurrent;

namespace Platform.PartnerStandIns;

/// <summary>A call that a stand-in got.</summary>
/// <param name="Method">GET, POST …</param>
/// <param name="Path">Path and query.</param>
/// <param name="Body">The request's body.</param>
/// <param name="Status">What was answered; 0 when the connection was cut.</param>
/// <param name="At">When, for checking the pace.</param>
public sealed record ReceivedCall(string Method, string Path, string Body, int Status, DateTimeOffset At);

/// <summary>A fault to play once: what happens instead of, or after, the real work.</summary>
/// <param name="Call">Method and path it waits for, such as <c>POST /v3/contacts</c>; with <c>*</c> at the end whatever begins so.</param>
/// <param name="Status">Answered status; 0 cuts the connection.</param>
/// <param name="AfterWork">The work is done all the same, and only the answer is lost.</param>
/// <param name="Headers">Extra headers of the answer.</param>
/// <param name="Delay">Before it answers.</param>
public sealed record Fault(string Call, int Status, bool AfterWork = false, IReadOnlyDictionary<string, string>? Headers = null, TimeSpan? Delay = null)
{
    /// <summary>For how many calls it is played.</summary>
    public int Times { get; init; } = 1;

    internal bool IsFor(string call) => Call.EndsWith('*') ? call.StartsWith(Call[..^1], StringComparison.Ordinal) : call == Call;
}

/// <summary>A customer's account at a partner. Nothing is shared between two of them: neither what they hold nor calls, faults and limits.</summary>
public abstract class StandInAccount
{
    private readonly ConcurrentQueue<ReceivedCall> _calls = new();
    private readonly ConcurrentQueue<string> _violations = new();
    private readonly List<Fault> _faults = [];
    private readonly Dictionary<string, Queue<DateTimeOffset>> _windows = new(StringComparer.Ordinal);

    /// <summary>Every call so far.</summary>
    public IReadOnlyList<ReceivedCall> Calls => [.. _calls];

    /// <summary>Where a request or an answer departs from the specification. A test expects none.</summary>
    public IReadOnlyList<string> Violations => [.. _violations];

    /// <summary>Whether limits are enforced with 429.</summary>
    public bool EnforcesLimits { get; set; }

    /// <summary>Held while an account answers.</summary>
    protected internal Lock Gate { get; } = new();

    /// <summary>Plays a fault with the next calls that it is for.</summary>
    public void Play(Fault fault)
    {
        lock (_faults)
        {
            for (var i = 0; i < fault.Times; i++)
            {
                _faults.Add(fault);
            }
        }
    }

    internal void Add(ReceivedCall call) => _calls.Enqueue(call);

    internal void Blame(string violation) => _violations.Enqueue(violation);

    internal Fault? TakeFault(string call)
    {
        lock (_faults)
        {
            var fault = _faults.Find(each => each.IsFor(call));
            if (fault is not null)
            {
                _faults.Remove(fault);
            }

            return fault;
        }
    }

    /// <summary>Until when the limits allow no further call, or null; a call that they allow is counted.</summary>
    internal TimeSpan? Exceeded(IReadOnlyList<(string Name, TimeSpan Window, int Most)> limits, DateTimeOffset now)
    {
        if (!EnforcesLimits)
        {
            return null;
        }

        lock (_windows)
        {
            foreach (var (name, length, most) in limits)
            {
                var window = _windows.TryGetValue(name, out var known) ? known : _windows[name] = new();
                while (window.TryPeek(out var first) && first <= now - length)
                {
                    window.Dequeue();
                }

                if (window.Count >= most)
                {
                    return window.Peek() + length - now;
                }
            }

            foreach (var (name, _, _) in limits)
            {
                _windows[name].Enqueue(now);
            }

            return null;
        }
    }
}
