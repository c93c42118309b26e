namespace Platform.Feeds.Loading;

/// <summary>
/// Which of the two ways is the cheaper one. Measured on 2,000,000 rows of 13 columns with a random text key (PostgreSQL 15): changing a stored row costs about 25 microseconds
/// (page images, key index), adding one 12, and writing a row into a new partition 5 with the key index built afterwards.
/// </summary>
internal static class LoadStrategy
{
    public const string Merge = "merge";
    public const string Swap = "swap";

    private const double UpdateCost = 25;
    private const double InsertCost = 12;
    private const double RebuildCost = 5;

    /// <summary>Below this many changes the difference cannot be noticed, and a merge needs no lock that readers could hold up.</summary>
    private const long AlwaysMerge = 10_000;

    /// <summary>Decides between changing rows in place and writing table and changes into a new partition; <c>Why</c> is kept in the load history.</summary>
    public static (bool Rebuild, string Why) Choose(long tableRows, long inserted, long updated)
    {
        var merge = (updated * UpdateCost) + (inserted * InsertCost);
        var rebuild = (tableRows + inserted) * RebuildCost;
        var what = $"{inserted} new and {updated} changed rows beside {tableRows} stored ones";
        if (inserted + updated <= AlwaysMerge)
        {
            return (false, $"{what}: few changes are made in place.");
        }

        var costs = $"about {merge / 1e6:F1} s in place, {rebuild / 1e6:F1} s into a new partition";
        return merge <= rebuild ? (false, $"{what}: {costs}.") : (true, $"{what}: {costs}.");
    }
}
