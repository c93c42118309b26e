using Platform.Contracts.Feeds;
using Platform.Feeds.Persistence;

namespace Platform.Feeds.Loading;

/// <summary>The event that tells how a load ended.</summary>
internal static class LoadAnnouncements
{
    public const string CancelledReason = "The load was cancelled on request; the table is as it was.";

    /// <summary>Null while the load has not ended.</summary>
    public static object? Of(Load load, string domainTable) => load.State switch
    {
        LoadState.Loaded => new FeedLoaded
        {
            LoadId = load.Id,
            RunId = load.RunId,
            FeedId = load.FeedId,
            DomainTable = domainTable,
            Files = load.Files,
            Rows = Rows(load),
            Strategy = load.Strategy!,
            CommittedAt = load.EndedAt!.Value,
        },
        LoadState.Failed or LoadState.Cancelled => new FeedLoadFailed
        {
            LoadId = load.Id,
            RunId = load.RunId,
            FeedId = load.FeedId,
            Failure = load.Failure!.Value,
            Reason = load.Reason!,
            Rows = Rows(load),
        },
        _ => null,
    };

    /// <summary>The event that tells how files differed from the feed.</summary>
    public static FeedSchemaDrifted Drift(Load load, Feed feed, IEnumerable<DriftNote> notes) => new()
    {
        FeedId = feed.Id,
        DomainTable = feed.DomainTable,
        LoadId = load.Id,
        RunId = load.RunId,
        Columns = [.. notes.Select(note => new DriftedColumn { File = note.File, Column = note.Column, FileType = note.FileType, Action = note.Action, Explanation = note.Explanation })],
    };

    private static RowCounts Rows(Load load) => new()
    {
        Read = load.Read,
        Inserted = load.Inserted,
        Updated = load.Updated,
        Unchanged = load.Unchanged,
        Superseded = load.Superseded,
        Rejected = load.Rejected,
    };
}
