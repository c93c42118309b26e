using Microsoft.EntityFrameworkCore;
using Platform.Feeds.Persistence;

namespace Platform.Feeds.Loading;

/// <summary>Loads get their sequence number while the feed's row is locked, so that the numbers of a feed's loads and their commits have one order.</summary>
internal static class LoadQueue
{
    /// <summary>Locks the feed until the caller's transaction ends; null when there is none.</summary>
    public static Task<Feed?> LockFeedAsync(this FeedsDbContext database, string feedId, CancellationToken cancellationToken) =>
        database.Feeds.FromSql($"select *, xmin from feeds where id = {feedId} for update").SingleOrDefaultAsync(cancellationToken);
}
