using Platform.Couriers.Patterns;

namespace Platform.Couriers.Definitions;

/// <summary>One line of the entities list (R3), as far as pulling files is concerned; the rest of it is kept as written for those who read the files.</summary>
internal sealed record Entity
{
    public required FilePattern Pattern { get; init; }

    /// <summary>A day without such a file is no fault.</summary>
    public bool Optional { get; init; }

    public required string Tag { get; init; }

    public required string ContentType { get; init; }
}

/// <summary>What the load operations do with one feed (R9).</summary>
internal sealed record FeedLoad(string FeedId, bool Truncate, IReadOnlyList<string> Tags);
