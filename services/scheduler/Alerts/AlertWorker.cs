using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using Platform.Postgres;
using Platform.Scheduler.Persistence;
using Platform.ServiceDefaults;

namespace Platform.Scheduler.Alerts;

/// <summary>
/// Takes alerts to their channels: several at a time, each under a lease, tried again with growing pauses and given up as dead after a day. An alert whose worker died between
/// arrival and record is sent again under the same id.
/// </summary>
internal sealed partial class AlertWorker(IServiceScopeFactory scopes, NpgsqlDataSource database, AlertSender sender, TimeProvider clock, ILogger<AlertWorker> logger) : BackgroundService
{
    private const int AtOnce = 8;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);

    // 10 attempts within about 14 hours.
    private static readonly TimeSpan[] Pauses =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(1), TimeSpan.FromHours(2), TimeSpan.FromHours(4), TimeSpan.FromHours(6),
    ];

    private static readonly LeasedTable Table = new("alert_deliveries")
    {
        Ready = "r.state = 'Pending' and (r.next_attempt_at is null or r.next_attempt_at <= clock_timestamp())",
        OrderBy = "r.id",
        OnClaim = "last_error = null",
    };

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var leases = new RowLeases(database, Table, clock);
        using var places = new SemaphoreSlim(AtOnce);
        var sending = new HashSet<Task>();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await places.WaitAsync(stoppingToken);
                var lease = await ClaimAsync(leases, places, stoppingToken);
                sending.RemoveWhere(task => task.IsCompleted);
                if (lease is not null)
                {
                    sending.Add(DeliverAsync(lease, places, stoppingToken));
                    continue;
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (NpgsqlException e)
            {
                ClaimFailed(logger, e);
            }

            await Task.Delay(Poll, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Task.WhenAll(sending);
    }

    // Gives the place back when there is nothing to do with it.
    private static async Task<RowLease?> ClaimAsync(RowLeases leases, SemaphoreSlim places, CancellationToken cancellationToken)
    {
        RowLease? lease = null;
        try
        {
            using var quietly = Telemetry.Quietly();
            return lease = await leases.ClaimAsync(cancellationToken);
        }
        finally
        {
            if (lease is null)
            {
                places.Release();
            }
        }
    }

    private async Task DeliverAsync(RowLease lease, SemaphoreSlim places, CancellationToken stoppingToken)
    {
        using var held = lease;
        try
        {
            using var working = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lease.Lost);
            await using var scope = scopes.CreateAsyncScope();
            if (await ReadAsync(scope.ServiceProvider.GetRequiredService<SchedulerDbContext>(), lease.Id, working.Token) is not var (channel, message))
            {
                await lease.UpdateAsync("state = 'Dead', ended_at = @now, last_error = 'The channel was deleted.', lease_owner = null, lease_until = null",
                    [new("now", clock.GetUtcNow())], stoppingToken);
                return;
            }

            try
            {
                await sender.SendAsync(channel, message, working.Token);
                await lease.UpdateAsync("state = 'Delivered', ended_at = @now, lease_owner = null, lease_until = null", [new("now", clock.GetUtcNow())], stoppingToken);
            }
            catch (AlertFailedException e)
            {
                await RecordAsync(lease, channel, e, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The service stops, or the lease was lost: another worker takes it up when the lease lapses.
        }
        catch (Exception e) when (e is NpgsqlException or LeaseLostException)
        {
            RecordFailed(logger, e, lease.Id);
        }
        finally
        {
            places.Release();
        }
    }

    private static async Task<(AlertChannel, AlertMessage)?> ReadAsync(SchedulerDbContext context, string id, CancellationToken cancellationToken)
    {
        var row = await (from delivery in context.AlertDeliveries.AsNoTracking()
                         where delivery.Id == id
                         join channel in context.AlertChannels.AsNoTracking() on delivery.ChannelId equals channel.Id
                         join notification in context.Notifications.AsNoTracking() on delivery.NotificationId equals notification.Id
                         select new { channel, notification }).SingleOrDefaultAsync(cancellationToken);
        return row is null ? null : (row.channel, AlertMessage.Of(row.notification));
    }

    private async Task RecordAsync(RowLease lease, AlertChannel channel, AlertFailedException failure, CancellationToken cancellationToken)
    {
        if (failure.ForGood || lease.Attempt > Pauses.Length)
        {
            GivenUp(logger, lease.Id, channel.Id, lease.Attempt, failure.Message);
            await lease.UpdateAsync("state = 'Dead', ended_at = @now, last_error = @error, lease_owner = null, lease_until = null",
                [new("now", clock.GetUtcNow()), new("error", failure.Message)], cancellationToken);
            return;
        }

        TriedAgain(logger, lease.Id, channel.Id, lease.Attempt, failure.Message);
        await lease.UpdateAsync("next_attempt_at = clock_timestamp() + @pause, last_error = @error, lease_owner = null, lease_until = null",
            [new("pause", NpgsqlDbType.Interval) { Value = Pauses[lease.Attempt - 1] }, new("error", failure.Message)], cancellationToken);
    }

    [LoggerMessage(EventId = 530, Level = LogLevel.Warning, Message = "Alerts cannot be claimed at present; they wait")]
    private static partial void ClaimFailed(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 531, Level = LogLevel.Warning, Message = "What became of alert {DeliveryId} cannot be recorded; it is sent again under the same id")]
    private static partial void RecordFailed(ILogger logger, Exception exception, string deliveryId);

    [LoggerMessage(EventId = 532, Level = LogLevel.Warning, Message = "Alert {DeliveryId} did not reach channel {ChannelId} in attempt {Attempt}: {Reason}")]
    private static partial void TriedAgain(ILogger logger, string deliveryId, string channelId, int attempt, string reason);

    [LoggerMessage(EventId = 533, Level = LogLevel.Error, Message = "Alert {DeliveryId} to channel {ChannelId} is given up after attempt {Attempt}: {Reason}")]
    private static partial void GivenUp(ILogger logger, string deliveryId, string channelId, int attempt, string reason);
}
