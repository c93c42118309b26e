namespace Platform.Files.Engine.Child;

/// <summary>Local times of one zone as instants. Offsets change by the quarter of an hour at the earliest, so the last one found mostly serves the next time too.</summary>
internal sealed class LocalTimes
{
    private const long Quarter = Moment.Hour / 4;

    private readonly TimeZoneInfo _zone;
    private long _quarter = long.MinValue;
    private long _offset;

    private LocalTimes(TimeZoneInfo zone) => _zone = zone;

    public static LocalTimes? TryFind(string zone) => TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found) ? new(found) : null;

    /// <summary>Microseconds since 1970 UTC of what a clock in the zone shows <paramref name="local"/> microseconds after its 1970 began.</summary>
    public long ToUtc(long local)
    {
        var quarter = Math.DivRem(local, Quarter, out var rest) - (rest < 0 ? 1 : 0);
        if (quarter != _quarter)
        {
            // .NET takes the standard offset for a time that exists twice and for one that does not exist: the later instant, and the time moved behind the gap.
            var time = DateTime.UnixEpoch.AddTicks(quarter * Quarter * TimeSpan.TicksPerMicrosecond);
            (_quarter, _offset) = (quarter, (long)_zone.GetUtcOffset(DateTime.SpecifyKind(time, DateTimeKind.Unspecified)).TotalMicroseconds);
        }

        return local - _offset;
    }
}
