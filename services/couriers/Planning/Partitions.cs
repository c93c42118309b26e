using System.Globalization;

namespace Platform.Couriers.Planning;

/// <summary>The <c>key=value</c> levels of a path, which become columns (R5).</summary>
internal static class Partitions
{
    private const string DateKey = "date";

    /// <summary>Levels of the folders of <paramref name="path"/>, outermost first; of two with the same key the inner one counts. Values are percent-decoded, as Hive and Spark write them.</summary>
    public static IReadOnlyDictionary<string, string> Of(string path)
    {
        var found = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        var folders = path[..(path.LastIndexOf('/') + 1)];
        foreach (var level in folders.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = level.IndexOf('=');
            if (equals > 0)
            {
                found[level[..equals]] = Uri.UnescapeDataString(level[(equals + 1)..]);
            }
        }

        return found;
    }

    /// <summary>The day in a <c>date=YYYY-MM-DD</c> level.</summary>
    public static DateOnly? Date(IReadOnlyDictionary<string, string> partitions) =>
        partitions.TryGetValue(DateKey, out var text) && DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date : null;

    /// <summary>The part of a path up to its <c>date=…/</c> level, or null when there is none: where a readiness marker stands.</summary>
    public static string? DateFolder(string path)
    {
        var start = path.StartsWith("date=", StringComparison.Ordinal) ? 0 : path.IndexOf("/date=", StringComparison.Ordinal);
        var end = start < 0 ? -1 : path.IndexOf('/', start + 1);
        return end < 0 ? null : path[..(end + 1)];
    }
}
