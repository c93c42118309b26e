using Microsoft.Extensions.Options;
using Npgsql;

namespace Platform.OptimizelyBrevo;

/// <summary>How long history with data of persons is kept. Section <c>Retention</c>.</summary>
internal sealed class RetentionOptions
{
    /// <summary>Days after which what a sync did to each contact, taken decisions and settled events are forgotten; at least 1. What a contact holds is kept as long as its connection.</summary>
    public int Days { get; set; } = 90;

    /// <summary>Between two sweeps.</summary>
    public TimeSpan Every { get; set; } = TimeSpan.FromHours(1);
}

/// <summary>
/// Forgets old history, in small steps, so that nothing waits for it. Syncs keep their counts. An event keeps its id and state and loses the rest: without the id a source
/// table that is read again would send it a second time.
/// </summary>
internal sealed partial class Retention(NpgsqlDataSource database, IOptions<RetentionOptions> options, TimeProvider clock, ILogger<Retention> logger) : BackgroundService
{
    private const int Step = 5_000;

    private static readonly string[] Steps =
    [
        $"""
        delete from sync_changes where ctid = any(array(select c.ctid from syncs s join sync_changes c on c.sync_id = s.id where s.ended_at < $1 limit {Step}))
        """,
        $"""
        delete from sync_batches where ctid = any(array(select b.ctid from syncs s join sync_batches b on b.sync_id = s.id where s.ended_at < $1 limit {Step}))
        """,
        $"""
        delete from decisions where ctid = any(array(
            select d.ctid from decisions d join syncs s on s.id = d.sync_id where d.received_at < $1 and s.ended_at is not null limit {Step}))
        """,
        $"""
        update conversion_events set payload = '{"{}"}', reason = null where ctid = any(array(
            select ctid from conversion_events where queued_at < $1 and payload <> '{"{}"}' and state <> 'Queued' limit {Step}))
        """,
    ];

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

    /// <summary>Forgets all that is old enough; the rows it touched.</summary>
    internal async Task<long> SweepAsync(CancellationToken cancellationToken)
    {
        var before = clock.GetUtcNow().AddDays(-options.Value.Days);
        var all = 0L;
        foreach (var step in Steps)
        {
            int touched;
            do
            {
                await using var command = database.CreateCommand(step);
                command.Parameters.Add(new() { Value = before });
                touched = await command.ExecuteNonQueryAsync(cancellationToken);
                all += touched;
            }
            while (touched == Step);
        }

        if (all > 0)
        {
            Forgot(logger, all, options.Value.Days);
        }

        return all;
    }

    [LoggerMessage(EventId = 770, Level = LogLevel.Information, Message = "{Rows} rows of history older than {Days} days were forgotten")]
    private static partial void Forgot(ILogger logger, long rows, int days);

    [LoggerMessage(EventId = 771, Level = LogLevel.Warning, Message = "Old history could not be forgotten; it is tried again")]
    private static partial void Failed(ILogger logger, Exception exception);
}
