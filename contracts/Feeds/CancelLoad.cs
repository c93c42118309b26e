namespace Platform.Contracts.Feeds;

/// <summary>Command: give a load up, unless it is already committed. Answered by <see cref="FeedLoadFailed"/> with the category <c>Cancelled</c>.</summary>
[Command]
public sealed record CancelLoad
{
    /// <summary>The load (<c>ld-…</c>).</summary>
    public required string LoadId { get; init; }
}
