namespace Platform.Feeds.Loading;

/// <summary>The load is ready to be committed, but a person must say yes first (F8). Nothing was changed.</summary>
internal sealed class LoadHeldException(LoadCounts counts, long rowsAfter, string reason) : Exception(reason)
{
    public LoadCounts Counts { get; } = counts;

    public long RowsAfter { get; } = rowsAfter;
}
