namespace Platform.ServiceDefaults;

/// <summary>The query parameter <c>limit</c> of every list.</summary>
public static class Paging
{
    /// <summary>Items on a page unless asked otherwise.</summary>
    public const int DefaultLimit = 50;

    /// <summary>The most items on a page.</summary>
    public const int MaxLimit = 200;

    /// <summary>The refusal of a limit that is not allowed, else null.</summary>
    public static Refusal? Check(int limit) => limit is >= 1 and <= MaxLimit
        ? null
        : Refusal.Invalid("The query", [new("limit", $"Must be from 1 to {MaxLimit}; {limit} was given.")]);
}

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
