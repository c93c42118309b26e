namespace Platform.Scheduler.Tests.Kit;

/// <summary>A clock that a test sets, forward or back, and that runs on from there. Timers are the real ones.</summary>
internal sealed class SettableClock : TimeProvider
{
    private long _offset;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddTicks(Interlocked.Read(ref _offset));

    public void Set(DateTimeOffset now) => Interlocked.Exchange(ref _offset, (now - System.GetUtcNow()).Ticks);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _offset, by.Ticks);
}
