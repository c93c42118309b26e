using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Platform.Contracts.Failures;
using Platform.Couriers.Runs;
using Platform.Files.Locations;

namespace Platform.Couriers.Sources.Heap;

/// <summary>A sync whose manifest has arrived.</summary>
/// <param name="Number">Heap's dump id: greater is later.</param>
/// <param name="Date">The day (UTC) the manifest arrived.</param>
/// <param name="Manifest">Its path.</param>
internal sealed record HeapSync(long Number, DateOnly Date, string Manifest)
{
    /// <summary>The files the manifest names, by the part of their path from <c>sync_</c> on; empty when it names none.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Tables that this sync holds whole instead of by increments.</summary>
    public required IReadOnlyList<string> FullTables { get; init; }
}

/// <summary>Reads the manifests of a Heap export: which syncs are complete, when each arrived, and what it consists of.</summary>
internal sealed partial class HeapSyncs
{
    // A manifest lists every file and column of a sync; the largest known ones have some hundred kilobytes.
    private const int MaxManifestBytes = 32 * 1024 * 1024;

    private readonly Dictionary<long, HeapSync> _syncs;

    private HeapSyncs(Dictionary<long, HeapSync> syncs) => _syncs = syncs;

    /// <summary>Complete syncs, oldest first.</summary>
    public IEnumerable<HeapSync> All => _syncs.Values.OrderBy(sync => sync.Number);

    /// <summary>Reads the manifests of <paramref name="folder"/> whose day <paramref name="wanted"/> accepts; the others count as complete and are not opened.</summary>
    public static async Task<HeapSyncs> ReadAsync(IFileLocation source, string folder, Func<DateOnly, bool> wanted, int parallel, CancellationToken cancellationToken)
    {
        var found = new List<(FileEntry Entry, long Number, DateOnly Date)>();
        await foreach (var entry in source.ListAsync(folder, ListDepth.Level, cancellationToken))
        {
            if (!entry.IsFolder && ManifestName().Match(entry.Path[folder.Length..]) is { Success: true } name
                && long.TryParse(name.Groups["id"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                found.Add((entry, number, DateOnly.FromDateTime((entry.LastModified ?? default).UtcDateTime)));
            }
        }

        var syncs = new Dictionary<long, HeapSync>();
        await Parallel.ForEachAsync(found, new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken }, async (one, token) =>
        {
            var sync = wanted(one.Date) ? await ReadAsync(source, one.Entry, one.Number, one.Date, token) : new(one.Number, one.Date, one.Entry.Path) { Files = [], FullTables = [] };
            lock (syncs)
            {
                syncs[one.Number] = sync;
            }
        });
        return new(syncs);
    }

    /// <summary>The number of the sync a path lies in, or null when it lies in none.</summary>
    public static long? NumberOf(string path) =>
        SyncFolder().Match(path) is { Success: true } folder && long.TryParse(folder.Groups["id"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>The part of a path from its <c>sync_ID/</c> on.</summary>
    public static string Below(string path) => SyncFolder().Match(path) is { Success: true } folder ? path[folder.Groups["name"].Index..] : path;

    public HeapSync? Find(long number) => _syncs.GetValueOrDefault(number);

    private static async Task<HeapSync> ReadAsync(IFileLocation source, FileEntry entry, long number, DateOnly date, CancellationToken cancellationToken)
    {
        if (entry.Size > MaxManifestBytes)
        {
            throw new RunFailureException(FailureCategory.BadFile, $"The manifest {source.Describe(entry.Path)} has {entry.Size:N0} bytes; at most {MaxManifestBytes:N0} are read.");
        }

        await using var body = await source.OpenReadAsync(entry.Path, new() { Length = Math.Max(1, entry.Size), ETag = entry.ETag }, cancellationToken);
        var files = new List<string>();
        var full = new List<string>();
        try
        {
            using var manifest = await JsonDocument.ParseAsync(body, cancellationToken: cancellationToken);
            if (!manifest.RootElement.TryGetProperty("tables", out var tables) || tables.ValueKind != JsonValueKind.Array)
            {
                throw new JsonException("it has no array 'tables'");
            }

            foreach (var table in tables.EnumerateArray())
            {
                var name = table.GetProperty("name").GetString()!;
                if (table.TryGetProperty("incremental", out var incremental) && incremental.ValueKind == JsonValueKind.False)
                {
                    full.Add(name);
                }

                if (table.TryGetProperty("files", out var listed))
                {
                    files.AddRange(listed.EnumerateArray().Select(file => Below(file.GetString()!)));
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new RunFailureException(FailureCategory.BadFile,
                $"The manifest {source.Describe(entry.Path)} cannot be read ({e.Message}); expected Heap's JSON {{ \"dump_id\": …, \"tables\": [ {{ \"name\": …, \"files\": […], \"incremental\": … }} ] }}.");
        }

        return new(number, date, entry.Path) { Files = files, FullTables = full };
    }

    [GeneratedRegex(@"^(?:sync_)?(?<id>[0-9]{1,18})(?:\.json)?\z")]
    private static partial Regex ManifestName();

    [GeneratedRegex("(?:^|/)(?<name>sync_(?<id>[0-9]{1,18})/)")]
    private static partial Regex SyncFolder();
}
