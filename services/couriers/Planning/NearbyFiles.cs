using Platform.Files.Locations;

namespace Platform.Couriers.Planning;

/// <summary>When a file is missing: what stands where it should be. Names neighbours, so that a wrong day, a slip in a name or a missing folder is seen at once.</summary>
internal sealed class NearbyFiles(IFileLocation source)
{
    private const int MaxListed = 5000;
    private const int Neighbours = 2;

    /// <summary>
    /// Looks below <paramref name="prefix"/>, the part of the pattern before its first date or wildcard, then in the folders above it, until something is found. Names in a folder that holds
    /// dated ones sort by day, so the neighbours of <paramref name="expected"/> are the nearest days.
    /// </summary>
    public async Task<string> DescribeAsync(string prefix, string expected, CancellationToken cancellationToken)
    {
        while (true)
        {
            var found = await ListAsync(prefix, cancellationToken);
            if (found.Count > 0)
            {
                var at = found.BinarySearch(expected, StringComparer.Ordinal);
                at = at < 0 ? ~at : at;
                var near = found.Skip(Math.Max(0, at - Neighbours)).Take(2 * Neighbours).Select(path => $"'{path[(path.TrimEnd('/').LastIndexOf('/') + 1)..]}'");
                var folder = prefix[..(prefix.LastIndexOf('/') + 1)];
                return $"Found in {source.Describe(folder)}: {string.Join(", ", near)}{(found.Count > 2 * Neighbours ? $" and {found.Count - (2 * Neighbours)} more" : "")}.";
            }

            if (prefix.Length == 0)
            {
                return "The bucket is empty.";
            }

            // Up one folder: from "a/b/users-" to "a/b/", from there to "a/".
            prefix = prefix[..(prefix.TrimEnd('/').LastIndexOf('/') + 1)];
        }
    }

    private async Task<List<string>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        var found = new List<string>();
        await foreach (var entry in source.ListAsync(prefix, ListDepth.Level, cancellationToken))
        {
            if (entry.Path != prefix)
            {
                found.Add(entry.Path);
            }

            if (found.Count == MaxListed)
            {
                break;
            }
        }

        return found;
    }
}
