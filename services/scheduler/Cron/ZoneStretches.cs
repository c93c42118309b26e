using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Platform.ServiceDefaults;

namespace Platform.Scheduler.Cron;

/// <summary>
/// A stretch of time in which a zone's offset does not change, or a piece of one. <paramref name="RepeatsUntil"/> is the local time up to which the stretch before it
/// has already been: later than the stretch's own local start exactly when the clock was set back.
/// </summary>
internal sealed record Stretch(DateTime Start, DateTime End, TimeSpan Offset, DateTime RepeatsUntil);

/// <summary>A time zone as a row of stretches, found by looking only at the offsets of instants: what a zone says about local times is not right for every zone on every system.</summary>
internal sealed partial class ZoneStretches
{
    private static readonly ConcurrentDictionary<string, ZoneStretches> Known = new(StringComparer.Ordinal);

    /// <summary>No zone changes its clock twice within this time.</summary>
    private static readonly TimeSpan Probe = TimeSpan.FromHours(12);

    private readonly TimeZoneInfo _zone;
    private readonly ConcurrentDictionary<int, Stretch[]> _years = new();

    private ZoneStretches(string id, TimeZoneInfo zone)
    {
        Id = id;
        _zone = zone;
    }

    /// <summary>The IANA name.</summary>
    public string Id { get; }

    public static ZoneStretches Utc { get; } = new("UTC", TimeZoneInfo.Utc);

    /// <summary>A zone of the IANA database, for example <c>Europe/Berlin</c>, or <c>UTC</c>.</summary>
    public static bool TryFind(string id, [NotNullWhen(true)] out ZoneStretches? zone)
    {
        if (id == "UTC")
        {
            zone = Utc;
            return true;
        }

        if (Known.TryGetValue(id, out zone))
        {
            return true;
        }

        if (!IanaName().IsMatch(id) || !TimeZoneInfo.TryFindSystemTimeZoneById(id, out var found))
        {
            zone = null;
            return false;
        }

        zone = Known.GetOrAdd(id, new ZoneStretches(id, found));
        return true;
    }

    /// <summary>A zone that was checked when it was stored.</summary>
    public static ZoneStretches Find(string id) => TryFind(id, out var zone)
        ? zone
        : throw new TimeZoneNotFoundException($"The time zone database of this machine has no zone '{id}', though it had when the schedule was saved. Install the system's tzdata package.");

    /// <summary>The stretch that contains the instant; stretches end at the latest with the UTC year.</summary>
    public Stretch At(DateTime utc)
    {
        var year = _years.GetOrAdd(utc.Year, Survey);
        var i = year.Length - 1;
        while (year[i].Start > utc)
        {
            i--;
        }

        return year[i];
    }

    /// <summary>The instant with the zone's offset.</summary>
    public DateTimeOffset ToLocal(DateTimeOffset instant) => instant.ToOffset(At(instant.UtcDateTime).Offset);

    /// <summary>The calendar day of the instant in the zone.</summary>
    public DateOnly DateOf(DateTimeOffset instant) => DateOnly.FromDateTime(ToLocal(instant).DateTime);

    /// <summary>The instant of a local time: the first one when it occurs twice, the first moment after the gap when it does not exist.</summary>
    public DateTimeOffset InstantOf(DateTime local)
    {
        var stretch = At(DateTime.SpecifyKind(local, DateTimeKind.Utc).AddHours(-26));
        while (local >= DateTime.SpecifyKind(stretch.End + stretch.Offset, DateTimeKind.Unspecified))
        {
            stretch = At(stretch.End);
        }

        var start = DateTime.SpecifyKind(stretch.Start + stretch.Offset, DateTimeKind.Unspecified);
        return new DateTimeOffset(local < start ? start : DateTime.SpecifyKind(local, DateTimeKind.Unspecified), stretch.Offset);
    }

    /// <summary>Names of the database that look most like <paramref name="id"/>, for the answer to a typing error.</summary>
    public static IReadOnlyList<string> Nearest(string id)
    {
        var wanted = id[(id.LastIndexOf('/') + 1)..];
        return [.. TimeZoneInfo.GetSystemTimeZones()
            .Select(zone => (zone.Id, Distance: Math.Min(Spelling.Distance(zone.Id, id), Spelling.Distance(zone.Id[(zone.Id.LastIndexOf('/') + 1)..], wanted))))
            .Where(candidate => candidate.Distance <= Math.Max(1, wanted.Length / 3))
            .OrderBy(candidate => candidate.Distance).ThenBy(candidate => candidate.Id, StringComparer.Ordinal)
            .Take(3).Select(candidate => candidate.Id)];
    }

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$")]
    private static partial Regex IanaName();

    private Stretch[] Survey(int year)
    {
        var start = new DateTime(year, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        var end = start.AddYears(1);
        var before = _zone.GetUtcOffset(start.AddTicks(-1));
        var stretches = new List<Stretch>();
        while (start < end)
        {
            var offset = _zone.GetUtcOffset(start);
            var change = FirstChange(start, end, offset);
            stretches.Add(new(start, change, offset, DateTime.SpecifyKind(start + before, DateTimeKind.Unspecified)));
            (before, start) = (offset, change);
        }

        return [.. stretches];
    }

    private DateTime FirstChange(DateTime start, DateTime end, TimeSpan offset)
    {
        for (var at = start; at < end; at += Probe)
        {
            var next = end - at > Probe ? at + Probe : end;
            if (_zone.GetUtcOffset(next) != offset)
            {
                return ChangeBetween(at, next, offset);
            }
        }

        return end;
    }

    private DateTime ChangeBetween(DateTime low, DateTime high, TimeSpan offset)
    {
        while (high - low > TimeSpan.FromSeconds(1))
        {
            var middle = new DateTime((low.Ticks + ((high.Ticks - low.Ticks) / 2)) / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond, DateTimeKind.Utc);
            if (_zone.GetUtcOffset(middle) == offset)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return high;
    }
}
