using System.Collections.Concurrent;
using Platform.Contracts.Couriers;
using Platform.Couriers.Definitions;
using Platform.Couriers.Patterns;
using Platform.Couriers.Runs;
using Platform.Couriers.Sources;
using Platform.Couriers.Sources.Heap;
using Platform.Files.Locations;

namespace Platform.Couriers.Planning;

/// <summary>
/// Decides which files of the source a run covers (R4, R5): resolves the patterns per day, lists each literal prefix once, drops what is not ready, and puts the rest in
/// load order. Never a request per key.
/// </summary>
internal sealed class RunPlanner(IFileLocation source, SourceLayout layout, CourierRun run, int parallelListings)
{
    private readonly RunDays _days = new(run);
    private HeapSyncs? _syncs;
    private readonly ConcurrentDictionary<(string Prefix, ListDepth Depth), Lazy<Task<IReadOnlyList<FileEntry>>>> _listings = new();

    /// <param name="waits">Missing files may still come: they are named, and not yet explained.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    public async Task<RunPlan> PlanAsync(bool waits, CancellationToken cancellationToken)
    {
        _syncs = layout.SyncManifests is { } manifests ? await HeapSyncs.ReadAsync(source, manifests, date => _days.Covers(date), parallelListings, cancellationToken) : null;
        var searches = layout.Entities.SelectMany(entity => Matchers(entity).Select(matcher => new Search(entity, matcher.Matcher, matcher.Day))).ToArray();
        await Parallel.ForEachAsync(searches, new ParallelOptions { MaxDegreeOfParallelism = parallelListings, CancellationToken = cancellationToken },
            async (search, token) => await FindAsync(search, token));

        var judge = new PlanJudge(source, layout, run, _days, _syncs, waits);
        var findings = await judge.JudgeAsync(searches, cancellationToken);
        var files = searches.SelectMany(search => search.Found)
            .DistinctBy(file => (file.Entry.Path, file.Entity.Tag, file.Entity.ContentType))
            .OrderBy(file => file.FileDate ?? DateOnly.MinValue)
            .ThenBy(file => file.Sequence)
            .ThenBy(file => file.Entry.Path, StringComparer.Ordinal)
            .ThenBy(file => file.Entity.Tag, StringComparer.Ordinal)
            .ToArray();
        return findings with { Files = files, Late = [.. searches.SelectMany(search => search.Late).DistinctBy(file => (file.Entry.Path, file.Entity.Tag))] };
    }

    private IEnumerable<(PathMatcher Matcher, DateOnly? Day)> Matchers(Entity entity) => run.Mode switch
    {
        RunMode.All => [(entity.Pattern.ForAll(), null)],
        _ when !entity.Pattern.IsDated => [(entity.Pattern.ForAll(), null)],
        _ => _days.InOrder.Select(day => (entity.Pattern.ForDay(day), (DateOnly?)day)),
    };

    private async Task FindAsync(Search search, CancellationToken cancellationToken)
    {
        await FindAsync(search, path => path, cancellationToken);
        foreach (var (written, instead) in layout.Aliases.Where(alias => search.Found.Count == 0 && !search.CompleteAndEmpty && search.Matcher.Prefix.Contains(alias.Written, StringComparison.Ordinal)))
        {
            await FindAsync(search, path => path.Replace(written, instead, StringComparison.Ordinal), cancellationToken);
        }
    }

    // The alias changes what is listed; a listed path is changed back before it is matched.
    private async Task FindAsync(Search search, Func<string, string> alias, CancellationToken cancellationToken)
    {
        var written = search.Matcher.Prefix;
        var instead = alias(written);
        search.Looked = layout.Prefix + instead;

        // A marker stands at the date level, which a longer prefix would not list.
        var from = layout.ReadyMarker is null ? search.Looked : Partitions.DateFolder(search.Looked) ?? search.Looked;
        var listing = await ListAsync(from, search.Matcher.IsFlat && from == search.Looked ? ListDepth.Level : ListDepth.All, cancellationToken);
        var markers = layout.ReadyMarker is null
            ? []
            : listing.Where(entry => entry.Path.EndsWith("/" + layout.ReadyMarker, StringComparison.Ordinal)).Select(entry => entry.Path).ToHashSet(StringComparer.Ordinal);
        foreach (var entry in listing)
        {
            if (entry.IsFolder || !entry.Path.StartsWith(search.Looked, StringComparison.Ordinal))
            {
                continue;
            }

            var asWritten = written + entry.Path[search.Looked.Length..];
            if (search.Matcher.Matches(asWritten, out var date, out var hour) && _days.Accepts(search.Day, hour))
            {
                Take(search, entry, date, search.Matcher.TimeOf(asWritten), markers);
            }
        }

        search.CompleteAndEmpty = search.Found.Count == 0 && search.NotReady.Count == 0 && search.Day is not null && Partitions.DateFolder(search.Looked) is { } folder && markers.Contains(folder + layout.ReadyMarker);
    }

    private void Take(Search search, FileEntry entry, DateOnly? date, DateTime? time, HashSet<string> markers)
    {
        if (time < run.FilesFrom?.UtcDateTime)
        {
            return;
        }

        if (TemporaryNames.Include(layout.TemporaryNames, entry.Path))
        {
            return;
        }

        var partitions = Partitions.Of(entry.Path);
        if (_syncs is not null && HeapSyncs.NumberOf(entry.Path) is { } number)
        {
            TakeOfSync(search, entry, number, partitions);
            return;
        }

        var fileDate = date ?? Partitions.Date(partitions);
        if (layout.ReadyMarker is not null && Partitions.DateFolder(entry.Path) is { } folder)
        {
            // Spark's own leftovers are no data; days outside the run are another run's, whatever the pattern lets through.
            if (entry.Path[(entry.Path.LastIndexOf('/') + 1)..] is ['_' or '.', ..] || !_days.Covers(fileDate))
            {
                return;
            }

            if (!markers.Contains(folder + layout.ReadyMarker))
            {
                search.NotReady[folder] = search.NotReady.GetValueOrDefault(folder) + 1;
                return;
            }
        }

        (time < run.SequenceReached?.UtcDateTime ? search.Late : search.Found).Add(new(search.Entity, entry, fileDate, partitions) { Sequence = time?.Ticks ?? 0 });
    }

    private void TakeOfSync(Search search, FileEntry entry, long number, IReadOnlyDictionary<string, string> partitions)
    {
        if (_syncs!.Find(number) is not { } sync)
        {
            search.Unfinished[number] = search.Unfinished.GetValueOrDefault(number) + 1;
        }
        else if (_days.Covers(sync.Date))
        {
            search.Found.Add(new(search.Entity, entry, sync.Date, partitions) { Sequence = number });
        }
    }

    private Task<IReadOnlyList<FileEntry>> ListAsync(string prefix, ListDepth depth, CancellationToken cancellationToken) =>
        _listings.GetOrAdd((prefix, depth), key => new(() => ReadListingAsync(key.Prefix, key.Depth, cancellationToken))).Value;

    private async Task<IReadOnlyList<FileEntry>> ReadListingAsync(string prefix, ListDepth depth, CancellationToken cancellationToken)
    {
        var entries = new List<FileEntry>();
        await foreach (var entry in source.ListAsync(prefix, depth, cancellationToken))
        {
            entries.Add(entry);
        }

        return entries;
    }
}
