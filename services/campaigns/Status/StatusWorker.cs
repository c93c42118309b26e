using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Campaigns.Dispatches;
using Platform.Campaigns.Persistence;
using Platform.Contracts.Failures;
using Platform.Postgres;
using Platform.ServiceDefaults;

namespace Platform.Campaigns.Status;

/// <summary>Looks for log and error files of every connection that has dispatches under way, each at its interval, one instance at a time.</summary>
internal sealed partial class StatusWorker(ConnectionLeases leases, IServiceScopeFactory scopes, TimeProvider clock, ILogger<StatusWorker> logger) : BackgroundService
{
    // A partner whose server hangs holds up nobody else.
    private const int Parallel = 4;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var running = new List<Task>();
        var unreachable = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (running.Count < Parallel && await ClaimAsync(stoppingToken) is { } lease)
                {
                    running.Add(Task.Run(() => RunAsync(lease, stoppingToken), CancellationToken.None));
                }

                unreachable = 0;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException)
            {
                if (unreachable++ % 30 == 0)
                {
                    NotStored(logger, e);
                }
            }

            await Task.WhenAny([Task.Delay(Poll, clock, stoppingToken), .. running]);
            foreach (var ended in running.FindAll(task => task.IsCompleted))
            {
                running.Remove(ended);
                await ended;
            }
        }

        await Task.WhenAll(running);
    }

    private async Task RunAsync(RowLease lease, CancellationToken stoppingToken)
    {
        try
        {
            await CheckAsync(lease, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops; the lease lapses.
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or LeaseLostException or DbUpdateException or OperationCanceledException)
        {
            NotStored(logger, e);
        }
    }

    private async Task<RowLease?> ClaimAsync(CancellationToken cancellationToken)
    {
        using var quiet = Telemetry.Quietly();
        return await leases.Rows.ClaimAsync(cancellationToken);
    }

    private async Task CheckAsync(RowLease lease, CancellationToken stoppingToken)
    {
        using var held = lease;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lease.Lost);
        await using var scope = scopes.CreateAsyncScope();
        var context = scope.ServiceProvider.GetRequiredService<CampaignsDbContext>();
        var connection = await context.Connections.AsNoTracking().SingleAsync(row => row.Id == lease.Id, stop.Token);
        string? fault = null;
        try
        {
            await scope.ServiceProvider.GetRequiredService<StatusReader>().ReadAsync(connection, stop.Token);
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            // One connection's trouble is told with it, and does not stop the others.
            (var category, fault) = FailureClassifier.Classify(e);
            CheckFailed(logger, category == FailureCategory.Bug ? e : null, lease.Id, fault);
        }

        await lease.UpdateAsync(
            "next_check_at = clock_timestamp() + @interval, checked_at = clock_timestamp(), check_fault = @fault, lease_owner = null, lease_until = null",
            [new("interval", TimeSpan.FromSeconds(connection.Settings.CheckIntervalSeconds)), new("fault", NpgsqlTypes.NpgsqlDbType.Text) { Value = (object?)fault ?? DBNull.Value }], stoppingToken);
    }

    [LoggerMessage(EventId = 620, Level = LogLevel.Warning, Message = "Log and error files of connection {ConnectionId} cannot be read: {Reason}")]
    private static partial void CheckFailed(ILogger logger, Exception? exception, string connectionId, string reason);

    [LoggerMessage(EventId = 621, Level = LogLevel.Warning, Message = "Connections cannot be looked after at present")]
    private static partial void NotStored(ILogger logger, Exception exception);
}

/// <summary>Leases of the table <c>connections</c>: who looks for its log and error files.</summary>
internal sealed class ConnectionLeases(NpgsqlDataSource database, TimeProvider clock) : IDisposable
{
    private static readonly LeasedTable Table = new("connections")
    {
        Ready = """
            r.next_check_at <= clock_timestamp() and exists (select from dispatches as d where d.connection_id = r.id and d.uploaded_at > clock_timestamp() - interval '30 days' and d.state <> 'sent')
            """,
        OrderBy = "r.next_check_at, r.id",
        OnClaim = "next_check_at = clock_timestamp()",
    };

    public RowLeases Rows { get; } = new(database, Table, clock);

    public void Dispose() => Rows.Dispose();
}
