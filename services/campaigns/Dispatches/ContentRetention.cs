using Microsoft.Extensions.Options;
using Npgsql;

namespace Platform.Campaigns.Dispatches;

/// <summary>How long files with data of persons are kept. Section <c>Retention</c>.</summary>
internal sealed class RetentionOptions
{
    /// <summary>Days after the last change of a dispatch that is over until its files are forgotten; at least 1. The partner's responses reach back 30 days, and resending needs the file.</summary>
    public int Days { get; set; } = 35;

    /// <summary>Between two sweeps.</summary>
    public TimeSpan Every { get; set; } = TimeSpan.FromHours(1);
}

/// <summary>
/// Forgets the bytes of files whose dispatch is over (docs/adr/0045). What was sent, when and to how many stays, and so do the keys of its recipients: without them somebody could be written
/// to twice in a wave.
/// </summary>
internal sealed partial class ContentRetention(NpgsqlDataSource database, IOptions<RetentionOptions> options, TimeProvider clock, ILogger<ContentRetention> logger) : BackgroundService
{
    /// <summary>What is said of a file that is gone.</summary>
    public static string Removed(string dispatchId) =>
        $"The files of the dispatch '{dispatchId}' were forgotten, as it has long been over (setting Retention:Days of the campaigns service). Size, SHA-256 and history are kept.";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (NpgsqlException e)
            {
                Failed(logger, e);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(options.Value.Every, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Forgets all that is old enough, one dispatch after the other; their number.</summary>
    internal async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        await using var sweep = database.CreateCommand("""
            with over as (
                select d.id from dispatches as d where d.changed_at < $1 and d.state not in ('draft', 'preparing', 'ready', 'queued', 'uploading', 'failed')
                    and exists (select from dispatch_chunks as c where c.dispatch_id = d.id and c.kind <> 'index') limit 1),
            gone as (delete from dispatch_chunks as c using over where c.dispatch_id = over.id and c.kind <> 'index' returning 1)
            select count(*) from over
            """);
        sweep.Parameters.Add(new() { Value = clock.GetUtcNow().AddDays(-options.Value.Days) });
        var dispatches = 0;
        while (await sweep.ExecuteScalarAsync(cancellationToken) is > 0L)
        {
            dispatches++;
        }

        if (dispatches > 0)
        {
            Forgot(logger, dispatches, options.Value.Days);
        }

        return dispatches;
    }

    [LoggerMessage(EventId = 640, Level = LogLevel.Information, Message = "The files of {Dispatches} dispatches that were over for {Days} days were forgotten")]
    private static partial void Forgot(ILogger logger, int dispatches, int days);

    [LoggerMessage(EventId = 641, Level = LogLevel.Warning, Message = "Old files could not be forgotten; it is tried again")]
    private static partial void Failed(ILogger logger, Exception exception);
}
