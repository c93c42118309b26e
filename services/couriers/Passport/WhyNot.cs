using System.Globalization;
using Platform.Contracts.Couriers;
using Platform.Couriers.Definitions;
using Platform.Couriers.Planning;
using Platform.Couriers.Runs;
using Platform.Couriers.Sources;
using Platform.Couriers.Sources.Heap;

namespace Platform.Couriers.Passport;

/// <summary>Explains why a courier has not taken a path: other place, other pattern, other day, or not there when it looked (X2). Says what would take it.</summary>
internal sealed class WhyNot(Courier courier, SourceLayout layout, IReadOnlyList<CourierRun> runs)
{
    /// <summary>What the courier says of <paramref name="path"/>; null when the path lies in another bucket or account altogether.</summary>
    public CourierVerdict? Explain(SourcePath path)
    {
        if (path.Below(layout) is not { } below)
        {
            return layout.Place is BucketPlace bucket && bucket.Bucket == path.Bucket && path.Bucket is not null
                ? No(null, $"It does not lie below the courier's prefix '{layout.Prefix}'.", $"Change the prefix with PUT /api/couriers/{courier.Id}, or pull it with another courier.")
                : null;
        }

        if (TemporaryNames.Include(layout.TemporaryNames, below))
        {
            return No(null, "Its name is one that senders use for unfinished files, which the courier passes over.", "It is taken when its sender renames it; change the setting 'temporaryNames' if the name is final.");
        }

        foreach (var entity in layout.Entities)
        {
            foreach (var written in Spellings(below))
            {
                if (entity.Pattern.ForAll().Matches(written, out var date, out _))
                {
                    return OfDay(entity, below, date ?? Partitions.Date(Partitions.Of(below)));
                }
            }
        }

        return No(null, $"No pattern of the courier means it: {string.Join(", ", layout.Entities.Take(10).Select(entity => entity.Pattern.Text))}{(layout.Entities.Count > 10 ? " …" : "")}.",
            $"Add an entity for it with PUT /api/couriers/{courier.Id}; GET /api/browse/pattern?path=… proposes a pattern.");
    }

    private IEnumerable<string> Spellings(string below) =>
        [below, .. layout.Aliases.Where(alias => below.Contains(alias.Instead, StringComparison.Ordinal)).Select(alias => below.Replace(alias.Instead, alias.Written, StringComparison.Ordinal))];

    private CourierVerdict OfDay(Entity entity, string below, DateOnly? date)
    {
        if (layout.SyncManifests is not null && HeapSyncs.NumberOf(below) is { } sync)
        {
            return Yes(null, $"The pattern {entity.Pattern} (tag {entity.Tag}) means it. It belongs to sync_{sync} and is taken by a run for the day on which that sync's manifest arrived in {layout.SyncManifests}.", RunAll());
        }

        var means = $"The pattern {entity.Pattern} (tag {entity.Tag}) means it{(date is { } day ? $", dated {Day(day)}" : "")}";
        if (runs.Count == 0)
        {
            return Yes(date, $"{means}; the courier has not run yet.", RunFor(date));
        }

        if (runs.FirstOrDefault(run => Covers(run, date)) is not { } covering)
        {
            var newest = runs[0];
            var days = new RunDays(newest).InOrder;
            var asked = days.Count == 1 ? Day(days[0]) : $"{Day(days[0])} to {Day(days[^1])}";
            var apart = date is { } dated ? days[0].DayNumber - dated.DayNumber : 0;
            var offset = apart > 0 ? $" An offset of {apart} {(apart == 1 ? "day" : "days")} would take it." : "";
            return Yes(date, $"{means}; the newest run ({newest.Id}) asked for {asked}.{offset}", RunFor(date));
        }

        var when = covering.EndedAt ?? covering.RequestedAt;
        return covering.State switch
        {
            RunState.Queued or RunState.Running => Yes(date, $"{means}; the run {covering.Id} covers that day and has not ended.", $"Follow it with GET /api/courier-runs/{covering.Id}."),
            RunState.Failed or RunState.Cancelled => Yes(date,
                $"{means}; the run {covering.Id} covered that day and ended {covering.State.ToString().ToLowerInvariant()}: {covering.Message}", $"POST /api/courier-runs/{covering.Id}/restart, once the cause is mended."),
            _ => Yes(date,
                $"{means}; the run {covering.Id} covered that day, ended at {when:yyyy-MM-dd HH:mm} UTC, and did not see it: it came later{(layout.ReadyMarker is { } marker ? $", or its folder had no {marker} then" : "")}, or it does not exist.",
                RunFor(date)),
        };
    }

    private static bool Covers(CourierRun run, DateOnly? date) => new RunDays(run).Covers(date);

    private string RunFor(DateOnly? date) => date is { } day ? $"POST /api/couriers/{courier.Id}/runs {{\"mode\":\"day\",\"date\":\"{Day(day)}\"}}." : RunAll();

    private string RunAll() => $"POST /api/couriers/{courier.Id}/runs {{\"mode\":\"all\"}}.";

    private CourierVerdict Yes(DateOnly? date, string reason, string remedy) => new(courier.Id, courier.Name, true, date, reason, remedy);

    private CourierVerdict No(DateOnly? date, string reason, string remedy) => new(courier.Id, courier.Name, false, date, reason, remedy);

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
