using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Platform.Campaigns.Clients;
using Platform.Campaigns.Persistence;
using Platform.Contracts.Campaigns;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Campaigns.Responses;

/// <summary>
/// Tells of daily imports that brought nothing (L7). Every file is optional to the courier, as the partner writes none where there is nothing to tell; but on a day without any of the eight its export has
/// not run, or does not reach us.
/// </summary>
internal sealed class ResponseGaps(CampaignsDbContext context, FeedsClient feeds, TimeProvider clock)
{
    public async Task TellAsync(ResponseImport import, CancellationToken cancellationToken)
    {
        var ended = await context.ResponseRuns.AsNoTracking()
            .Where(run => run.ConnectionId == import.Id && !run.Examined && run.RequestedBy == ResponseRuns.Schedule && (run.State == ResponseRunState.Succeeded || run.State == ResponseRunState.Failed))
            .OrderBy(run => run.RequestedAt).ToListAsync(cancellationToken);
        if (ended.Count == 0)
        {
            return;
        }

        var files = (await feeds.FilesAsync(import.Feeds.Values, clock.GetUtcNow().AddDays(-import.Settings.LookBackDays), cancellationToken)).SelectMany(feed => feed.Files).ToList();
        foreach (var run in ended)
        {
            var before = await context.ResponseRuns.Where(row => row.ConnectionId == import.Id && row.RequestedBy == ResponseRuns.Schedule && row.RequestedAt < run.RequestedAt)
                .MaxAsync(row => (DateTimeOffset?)row.RequestedAt, cancellationToken);
            await TellAsync(run, before, await CameAsync(run, before, files, cancellationToken), files.Max(file => file.FileDate), cancellationToken);
        }
    }

    /// <summary>Whether a file was seen for the first time by this import, or by one that a person asked for since the daily one before.</summary>
    private async Task<bool> CameAsync(ResponseRun run, DateTimeOffset? before, List<LoadedFile> files, CancellationToken cancellationToken)
    {
        var since = (await context.ResponseRuns.Where(row => row.ConnectionId == run.ConnectionId && row.RequestedAt <= run.RequestedAt && (before == null || row.RequestedAt > before))
            .Select(row => row.Id).ToListAsync(cancellationToken)).ToHashSet(StringComparer.Ordinal);

        // Newest first: the last of a name is its first.
        return files.GroupBy(file => file.FileName, StringComparer.Ordinal).Any(loads => loads.Last().RunId is { } first && since.Contains(first));
    }

    private async Task TellAsync(ResponseRun run, DateTimeOffset? before, bool came, DateOnly? newest, CancellationToken cancellationToken)
    {
        var failed = run.State == ResponseRunState.Failed;
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);

        // Who notes it tells it: whatever is repeated finds it noted.
        var noted = await context.ResponseRuns.Where(row => row.Id == run.Id && !row.Examined)
            .ExecuteUpdateAsync(row => row.SetProperty(value => value.Examined, true).SetProperty(value => value.NothingCame, !came && !failed), cancellationToken);
        if (noted == 1 && (failed || !came))
        {
            context.Publish(
                new ResponsesMissing
                {
                    ConnectionId = run.ConnectionId,
                    RunId = run.Id,
                    ImportFailed = failed,
                    NewestDate = newest,
                    Message = failed ? run.Message ?? "The import failed." : NothingCame(before, newest),
                    RequestedAt = run.RequestedAt,
                }, clock);
            await context.SaveChangesAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private static string NothingCame(DateTimeOffset? before, DateOnly? newest) => string.Create(CultureInfo.InvariantCulture,
        $"None of the eight response files came{(before is { } at ? $" since the import of {at.UtcDateTime:yyyy-MM-dd HH:mm} UTC" : "")}; {(newest is { } date ? $"the newest is of {date:yyyy-MM-dd}" : "none has come within the look-back")}.");
}
