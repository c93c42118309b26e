using System.Globalization;
using Platform.Contracts.Couriers;
using Platform.Couriers.Runs;
using Platform.Couriers.Sources;
using Platform.Couriers.Sources.Heap;
using Platform.Files.Locations;

namespace Platform.Couriers.Planning;

/// <summary>
/// Says of what was found whether a run may go on (R10, S3): a required entity needs a file on each day, within the window on one of its days. A day whose ready marker is awaited counts
/// as missing.
/// </summary>
internal sealed class PlanJudge(IFileLocation source, SourceLayout layout, CourierRun run, RunDays days, HeapSyncs? syncs, bool waits)
{
    private const int MostNamed = 100;
    private const int MostExplained = 5;
    private const int MostProblems = 20;

    private readonly List<string> _warnings = [];
    private readonly List<string> _problems = [];
    private readonly List<string> _missing = [];

    public async Task<RunPlan> JudgeAsync(IReadOnlyList<Search> searches, CancellationToken cancellationToken)
    {
        JudgeSyncs(searches);

        // The days of the window stand together for one entity; every other day stands for itself.
        foreach (var together in searches.GroupBy(search => (search.Entity, Alone: search.Day is { } day && days.InWindow(day) ? null : search)))
        {
            await JudgeAsync([.. together], isWindow: together.Key.Alone is null, cancellationToken);
        }

        if (_problems.Count == 0 && _missing.Count == 0 && !run.SkipMissingFiles && _warnings.Count == 0 && !searches.Any(search => search.IsSatisfied))
        {
            var nothing = $"None of the optional files was found {When([])}.";
            if (days.HasWindow || run.NewFilesOnly)
            {
                _warnings.Add(nothing);
            }
            else
            {
                _problems.Add($"{nothing} {await NearbyAsync(searches[0], cancellationToken)} Check bucket, prefix and patterns.");
            }
        }

        return new()
        {
            Files = [],
            Warnings = _warnings,
            Missing = [.. _missing.Take(MostNamed)],
            Problem = _problems.Count == 0 ? null : string.Join('\n', _problems.Count > MostProblems ? [.. _problems.Take(MostProblems), $"… and {_problems.Count - MostProblems} more."] : _problems),
        };
    }

    private async Task JudgeAsync(IReadOnlyList<Search> together, bool isWindow, CancellationToken cancellationToken)
    {
        var entity = together[0].Entity;
        var satisfied = together.Any(search => search.IsSatisfied);
        foreach (var (folder, files) in together.SelectMany(search => search.NotReady))
        {
            JudgeUnready(folder, files, mayLack: run.Mode == RunMode.All || (isWindow && (satisfied || entity.Optional)));
        }

        if (satisfied || entity.Optional || together.Any(search => search.NotReady.Count > 0))
        {
            return;
        }

        var newest = together[^1];
        _missing.Add(source.Describe(layout.Prefix + (newest.Day is { } day ? entity.Pattern.On(day) : entity.Pattern.Text)));
        if (waits)
        {
            return;
        }

        var missing = $"No file matches {entity.Pattern} {When(together)}: nothing suitable starts with {source.Describe(newest.Looked)}.";
        if (run.SkipMissingFiles)
        {
            _warnings.Add($"{missing} It was passed over.");
        }
        else if (_problems.Count < MostExplained)
        {
            var remedy = days.HasWindow ? "Check pattern and days, give a longer wait or offset," : "Check pattern and day,";
            _problems.Add($"{missing} {await NearbyAsync(newest, cancellationToken)} {remedy} mark the entity \"object/optional\": true, or run with skipMissingFiles.");
        }
        else
        {
            _problems.Add(missing);
        }
    }

    // A manifest names what belongs to its sync: what it names and is not there would be missed in silence.
    private void JudgeSyncs(IReadOnlyList<Search> searches)
    {
        if (syncs is null)
        {
            return;
        }

        foreach (var sync in searches.SelectMany(search => search.Unfinished).GroupBy(one => one.Key).OrderBy(sync => sync.Key))
        {
            var files = sync.Sum(one => one.Value);
            _warnings.Add($"sync_{sync.Key} has {files} {(files == 1 ? "file" : "files")} and no manifest in {source.Describe(layout.SyncManifests!)} yet; it was left out. Run again when the manifest stands.");
        }

        var found = searches.SelectMany(search => search.Found).Select(file => HeapSyncs.Below(file.Entry.Path)).ToHashSet(StringComparer.Ordinal);
        foreach (var sync in syncs.All.Where(sync => days.Covers(sync.Date)))
        {
            JudgeNamed(sync, [.. sync.Files.Where(file => !found.Contains(file) && searches.Any(search => search.Matcher.Matches(file, out _, out _))).Order(StringComparer.Ordinal)]);
            if (sync.FullTables.Count > 0)
            {
                _warnings.Add($"sync_{sync.Number} holds whole tables instead of increments: {string.Join(", ", sync.FullTables)}. Rows that are gone at Heap stay unless the load operations truncate.");
            }
        }
    }

    private void JudgeNamed(HeapSync sync, IReadOnlyList<string> lost)
    {
        if (lost.Count == 0)
        {
            return;
        }

        _missing.AddRange(lost.Select(file => source.Describe(layout.Prefix + file)));
        var text = $"The manifest {source.Describe(sync.Manifest)} names {lost.Count} {(lost.Count == 1 ? "file that is" : "files that are")} not there, for example {lost[0]}.";
        if (run.SkipMissingFiles)
        {
            _warnings.Add($"{text} Passed over.");
        }
        else if (!waits)
        {
            _problems.Add($"{text} Ask Heap for a new sync, or run with skipMissingFiles.");
        }
    }

    private void JudgeUnready(string folder, int files, bool mayLack)
    {
        var text = $"{source.Describe(folder)} is not ready: {layout.ReadyMarker} is missing there, beside {files} data {(files == 1 ? "file" : "files")}.";
        if (!mayLack)
        {
            _missing.Add(source.Describe(folder + layout.ReadyMarker));
        }

        if (waits && !mayLack)
        {
            return;
        }

        if (mayLack || run.SkipMissingFiles)
        {
            _warnings.Add($"{text} It was left out; run again when the marker stands.");
        }
        else
        {
            _problems.Add($"{text} The source writes the marker when the day is complete. Run again later, or with skipMissingFiles to leave the day out.");
        }
    }

    private Task<string> NearbyAsync(Search search, CancellationToken cancellationToken) =>
        new NearbyFiles(source).DescribeAsync(layout.Prefix + search.Entity.Pattern.LiteralPrefix, search.Looked, cancellationToken);

    private string When(IReadOnlyList<Search> together) => (together, run.Mode) switch
    {
        ([{ Day: { } one }], _) => Day("on", one),
        ([{ Day: { } first }, .., { Day: { } last }], _) => $"{Day("from", first)} {Day("through", last)}",
        (_, RunMode.All) => "on any day",
        (_, _) when days.InOrder is [var only] => Day("on", only),
        _ => $"{Day("from", days.InOrder[0])} {Day("to before", days.InOrder[^1].AddDays(1))}",
    };

    private static string Day(string word, DateOnly day) => string.Create(CultureInfo.InvariantCulture, $"{word} {day:yyyy-MM-dd}");
}
