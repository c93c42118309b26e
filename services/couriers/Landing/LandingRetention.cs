using Microsoft.Extensions.Options;
using Npgsql;
using Platform.Couriers.Runs;
using Platform.Files.Locations;
using Platform.ServiceDefaults;

namespace Platform.Couriers.Landing;

/// <summary>
/// Lets go of the bytes of old landed files, where the operator limits how long they are kept; what is known about them stays. Files of runs that have not ended are kept. A file that is wanted again is
/// pulled again by itself. Half-written files of killed processes go as well.
/// </summary>
internal sealed partial class LandingRetention(NpgsqlDataSource database, LandingStore store, IOptions<LandingOptions> options, TimeProvider clock, ILogger<LandingRetention> logger) : BackgroundService
{
    private const int Batch = 200;

    // Several landed files may be one object's: its bytes go with the last of them.
    private const string Claim = """
        with old as (
            select id from landed_files as l
            where removed_at is null and landed_at < clock_timestamp() - $1
              and not exists (select from landed_files as other where other.location = l.location and other.removed_at is null and other.landed_at >= clock_timestamp() - $1)
              and not exists (select from run_files as f join courier_runs as r on r.id = f.run_id where f.file_id = l.id and r.state in ('queued', 'running'))
            order by id limit $2 for update skip locked)
        update landed_files as l set removed_at = clock_timestamp() from old where l.id = old.id returning l.location
        """;

    /// <summary>Removes what is due; returns how many files.</summary>
    public async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        if (options.Value.KeepDays is not { } days)
        {
            return 0;
        }

        var removed = 0;
        while (await SweepBatchAsync(TimeSpan.FromDays(days), cancellationToken) is var count and > 0)
        {
            removed += count;
        }

        return removed;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                using var quiet = Telemetry.Quietly();
                if (await store.SweepAsync(stoppingToken) is var swept and > 0)
                {
                    Swept(logger, swept);
                }

                if (await SweepAsync(stoppingToken) is var removed and > 0)
                {
                    Removed(logger, removed, options.Value.KeepDays!.Value);
                }
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException or LocationException)
            {
                Postponed(logger, e);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }

            await Task.Delay(options.Value.SweepEvery, clock, stoppingToken).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    // Bytes first: a fault between leaves a row that says kept, and the next sweep finds the file gone, which is what it wants.
    private async Task<int> SweepBatchAsync(TimeSpan keep, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var locations = new List<string>();
        await using (var claim = new NpgsqlCommand(Claim, connection, transaction) { Parameters = { new() { Value = keep }, new() { Value = Batch } } })
        await using (var reader = await claim.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                locations.Add(reader.GetString(0));
            }
        }

        foreach (var location in locations.Distinct(StringComparer.Ordinal))
        {
            await store.Files.DeleteAsync(location, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return locations.Count;
    }

    [LoggerMessage(EventId = 220, Level = LogLevel.Information, Message = "Let go of {Count} landed files older than {Days} days")]
    private static partial void Removed(ILogger logger, int count, int days);

    [LoggerMessage(EventId = 222, Level = LogLevel.Information, Message = "Removed {Count} half-landed files of killed processes")]
    private static partial void Swept(ILogger logger, int count);

    [LoggerMessage(EventId = 221, Level = LogLevel.Warning, Message = "Old landed files could not be removed at present; the next sweep tries again")]
    private static partial void Postponed(ILogger logger, Exception exception);
}
