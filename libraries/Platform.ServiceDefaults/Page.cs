namespace Platform.ServiceDefaults;

/// <summary>One page of a list. <paramref name="Next"/> goes into the query parameter <c>after</c> to get the following page; absent on the last one.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next)
{
    /// <summary>Makes a page of at most <paramref name="limit"/> items from a list read with a limit of one more.</summary>
    public static Page<T> From(List<T> oneMore, int limit, Func<T, string> cursor)
    {
        if (oneMore.Count <= limit)
        {
            return new(oneMore, null);
        }

        oneMore.RemoveRange(limit, oneMore.Count - limit);
        return new(oneMore, cursor(oneMore[^1]));
    }
}
