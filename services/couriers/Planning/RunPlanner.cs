using System.Collections.Concurrent;
using System.Globalization;
using Platform.Contracts.Couriers;
using Platform.Contracts.Failures;
using Platform.Couriers.Definitions;
using Platform.Couriers.Patterns;
using Platform.Couriers.Runs;
using Platform.Couriers.Sources;
using Platform.Files.Locations;

namespace Platform.Couriers.Planning;

/// <summary>
/// Decides which files of the source a run covers (R4, R5): resolves the patterns per day, lists each literal prefix once, drops what is not ready, and puts the rest in
/// load order. Never a request per key.
/// </summary>
internal sealed class RunPlanner(IFileLocation source, SourceLayout layout, CourierRun run, int parallelListings)
{
    private readonly ConcurrentDictionary<(string Prefix, ListDepth Depth), Lazy<Task<IReadOnlyList<FileEntry>>>> _listings = new();

    public async Task<RunPlan> PlanAsync(CancellationToken cancellationToken)
    {
        var searches = layout.Entities.SelectMany(entity => Matchers(entity).Select(matcher => new Search(entity, matcher.Matcher, matcher.Day))).ToArray();
        await Parallel.ForEachAsync(searches, new ParallelOptions { MaxDegreeOfParallelism = parallelListings, CancellationToken = cancellationToken },
            async (search, token) => await FindAsync(search, token));

        var warnings = new List<string>();
        var problems = new List<string>();
        foreach (var search in searches)
        {
            await JudgeAsync(search, warnings, problems, cancellationToken);
        }

        if (problems.Count > 0)
        {
            throw new RunFailureException(FailureCategory.Configuration, string.Join('\n', problems.Take(20).Concat(problems.Count > 20 ? [$"… and {problems.Count - 20} more."] : [])));
        }

        var files = searches.SelectMany(search => search.Found)
            .DistinctBy(file => (file.Entry.Path, file.Entity.Tag, file.Entity.ContentType))
            .OrderBy(file => file.FileDate ?? DateOnly.MinValue)
            .ThenBy(file => file.Entry.Path, StringComparer.Ordinal)
            .ThenBy(file => file.Entity.Tag, StringComparer.Ordinal)
            .ToArray();
        var complete = searches.Any(search => search.CompleteAndEmpty);
        if (files.Length == 0 && !complete && !run.SkipMissingFiles && warnings.Count == 0)
        {
            throw new RunFailureException(FailureCategory.Configuration,
                $"None of the optional files was found {When(null)}. {await NearbyAsync(searches[0], cancellationToken)} Check bucket, prefix and patterns.");
        }

        return new(files, warnings);
    }

    private IEnumerable<(PathMatcher Matcher, DateOnly? Day)> Matchers(Entity entity) => run.Mode switch
    {
        RunMode.All => [(entity.Pattern.ForAll(), null)],
        _ when !entity.Pattern.IsDated => [(entity.Pattern.ForAll(), null)],
        RunMode.Day => [(entity.Pattern.ForDay(run.Date!.Value), run.Date)],
        RunMode.Period => Days(run.PeriodStart!.Value, run.PeriodEnd!.Value).Select(day => (entity.Pattern.ForDay(day), (DateOnly?)day)),
        _ => throw new InvalidOperationException($"Unknown mode {run.Mode}."),
    };

    private static IEnumerable<DateOnly> Days(DateOnly start, DateOnly end)
    {
        for (var day = start; day < end; day = day.AddDays(1))
        {
            yield return day;
        }
    }

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
            if (search.Matcher.Matches(asWritten, out var date))
            {
                Take(search, entry, date, markers);
            }
        }

        search.CompleteAndEmpty = search.Found.Count == 0 && search.NotReady.Count == 0 && search.Day is not null && Partitions.DateFolder(search.Looked) is { } folder && markers.Contains(folder + layout.ReadyMarker);
    }

    private void Take(Search search, FileEntry entry, DateOnly? date, HashSet<string> markers)
    {
        var partitions = Partitions.Of(entry.Path);
        var fileDate = date ?? Partitions.Date(partitions);
        if (layout.ReadyMarker is not null && Partitions.DateFolder(entry.Path) is { } folder)
        {
            // Spark's own leftovers are no data; days outside the run are another run's, whatever the pattern lets through.
            if (entry.Path[(entry.Path.LastIndexOf('/') + 1)..] is ['_' or '.', ..] || !Covers(fileDate))
            {
                return;
            }

            if (!markers.Contains(folder + layout.ReadyMarker))
            {
                search.NotReady[folder] = search.NotReady.GetValueOrDefault(folder) + 1;
                return;
            }
        }

        search.Found.Add(new(search.Entity, entry, fileDate, partitions));
    }

    private bool Covers(DateOnly? date) => date is null || run.Mode switch
    {
        RunMode.Day => date == run.Date,
        RunMode.Period => date >= run.PeriodStart && date < run.PeriodEnd,
        _ => true,
    };

    private async Task JudgeAsync(Search search, List<string> warnings, List<string> problems, CancellationToken cancellationToken)
    {
        foreach (var (folder, files) in search.NotReady)
        {
            var text = $"{source.Describe(folder)} is not ready: {layout.ReadyMarker} is missing there, beside {files} data {(files == 1 ? "file" : "files")}.";
            if (run.Mode == RunMode.All || run.SkipMissingFiles)
            {
                warnings.Add($"{text} It was left out; run again when the marker stands.");
            }
            else
            {
                problems.Add($"{text} The source writes the marker when the day is complete. Run again later, or with skipMissingFiles to leave the day out.");
            }
        }

        if (search.Found.Count > 0 || search.NotReady.Count > 0 || search.CompleteAndEmpty || search.Entity.Optional)
        {
            return;
        }

        var missing = $"No file matches {search.Entity.Pattern} {When(search.Day)}: nothing suitable starts with {source.Describe(search.Looked)}.";
        if (run.SkipMissingFiles)
        {
            warnings.Add($"{missing} It was passed over.");
        }
        else if (problems.Count < 5)
        {
            problems.Add($"{missing} {await NearbyAsync(search, cancellationToken)} Check pattern and day, mark the entity \"object/optional\": true, or run with skipMissingFiles.");
        }
        else
        {
            problems.Add(missing);
        }
    }

    private Task<string> NearbyAsync(Search search, CancellationToken cancellationToken) =>
        new NearbyFiles(source).DescribeAsync(layout.Prefix + search.Entity.Pattern.LiteralPrefix, search.Looked, cancellationToken);

    private string When(DateOnly? day) => (day, run.Mode) switch
    {
        ({ } one, _) => string.Create(CultureInfo.InvariantCulture, $"on {one:yyyy-MM-dd}"),
        (_, RunMode.Day) => string.Create(CultureInfo.InvariantCulture, $"on {run.Date:yyyy-MM-dd}"),
        (_, RunMode.Period) => string.Create(CultureInfo.InvariantCulture, $"from {run.PeriodStart:yyyy-MM-dd} to before {run.PeriodEnd:yyyy-MM-dd}"),
        _ => "on any day",
    };

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

    /// <summary>One entity on one day, or on all days.</summary>
    private sealed class Search(Entity entity, PathMatcher matcher, DateOnly? day)
    {
        public Entity Entity { get; } = entity;

        public PathMatcher Matcher { get; } = matcher;

        public DateOnly? Day { get; } = day;

        /// <summary>The prefix that was listed last, alias included.</summary>
        public string Looked { get; set; } = "";

        public List<PlannedFile> Found { get; } = [];

        /// <summary>Date folders with data and without marker, with their number of files.</summary>
        public SortedDictionary<string, int> NotReady { get; } = new(StringComparer.Ordinal);

        /// <summary>The marker says that the day is complete, and there is no file: nothing happened on it.</summary>
        public bool CompleteAndEmpty { get; set; }
    }
}
