using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Contracts.Failures;
using Platform.Feeds.Definitions;
using Platform.Feeds.Persistence;

namespace Platform.Feeds.Loading;

/// <summary>
/// One attempt at a load, from its row to the commit: the files and their numbers, the feed's lock, the definition in force, then one of the two ways (docs/adr/0007). It
/// returns after the commit; whatever it throws, the table is as it was.
/// </summary>
internal sealed class FeedLoader(NpgsqlDataSource database, IServiceScopeFactory scopes, LoadFileList files, DriftedFields drifted, SwapLoad swapLoad, MergeLoad mergeLoad, FeedsOptions options)
{
    public async Task RunAsync(LoadAttempt attempt, CancellationToken cancellationToken)
    {
        attempt.Files = await attempt.StepAsync("list", () => files.EnsureAsync(attempt.Load, attempt.Lease, cancellationToken));
        attempt.Load.Files = attempt.Files.Count;
        await using var session = await LoaderSession.OpenAsync(database, attempt.Load.FeedId, options, cancellationToken);

        // Read under the lock: an activation holds it too.
        attempt.Feed = await ReadFeedAsync(attempt.Load.FeedId, cancellationToken);
        attempt.Table = attempt.Feed.Table
            ?? throw new LoadFailedException(FailureCategory.Configuration, $"The feed {attempt.Feed.Id} is not active.");
        if (attempt.Table.Definition.Drift == DriftPolicy.Add && await drifted.AddAsync(attempt, cancellationToken))
        {
            attempt.Feed = await ReadFeedAsync(attempt.Load.FeedId, cancellationToken);
            attempt.Table = attempt.Feed.Table!;
        }

        if (attempt.Load.Truncate || attempt.Feed.TableRows == 0)
        {
            await swapLoad.RunAsync(attempt, session.Connection, cancellationToken);
        }
        else
        {
            await mergeLoad.RunAsync(attempt, session.Connection, cancellationToken);
        }
    }

    private async Task<Feed> ReadFeedAsync(string feedId, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<FeedsDbContext>().Feeds.AsNoTracking().FirstAsync(feed => feed.Id == feedId, cancellationToken);
    }
}
