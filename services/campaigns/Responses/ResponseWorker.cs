using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Campaigns.Dispatches;
using Platform.Campaigns.Persistence;
using Platform.Contracts.Failures;
using Platform.Postgres;
using Platform.ServiceDefaults;

namespace Platform.Campaigns.Responses;

/// <summary>Does what imports of response files want done: starts those that were asked for, tells of the facts that loads brought and of days that brought none, finds mailings that no log file named, and keeps the views of waves. Each step may run twice and changes nothing the second time.</summary>
internal sealed partial class ResponseWorker(ResponseLeases leases, ResponseSignal signal, IServiceScopeFactory scopes, TimeProvider clock, ILogger<ResponseWorker> logger) : BackgroundService
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AfterBug = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var unreachable = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await ClaimAsync(stoppingToken) is { } lease)
                {
                    await WorkAsync(lease, stoppingToken);
                }

                unreachable = 0;
                await signal.WaitAsync(Poll, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or LeaseLostException or DbUpdateException)
            {
                if (unreachable++ % 30 == 0)
                {
                    NotStored(logger, e);
                }

                await Task.Delay(Poll, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<RowLease?> ClaimAsync(CancellationToken cancellationToken)
    {
        using var quiet = Telemetry.Quietly();
        return await leases.Rows.ClaimAsync(cancellationToken);
    }

    private async Task WorkAsync(RowLease lease, CancellationToken stoppingToken)
    {
        using var held = lease;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lease.Lost);

        // Read before the work is looked for: whatever is added from now on is found by another look.
        await using var scope = scopes.CreateAsyncScope();
        var context = scope.ServiceProvider.GetRequiredService<CampaignsDbContext>();
        var import = await context.ResponseImports.SingleAsync(row => row.Id == lease.Id, stop.Token);
        var work = import.Work;
        var faults = new List<string>();
        var bug = false;
        Func<Task>[] steps =
        [
            () => scope.ServiceProvider.GetRequiredService<ResponseRuns>().StartAsync(import, stop.Token),
            () => scope.ServiceProvider.GetRequiredService<ResponseFacts>().TellAsync(import, stop.Token),
            () => scope.ServiceProvider.GetRequiredService<MailingMatch>().FindAsync(import, stop.Token),
            () => scope.ServiceProvider.GetRequiredService<WaveViews>().PutAsync(import, stop.Token),
            () => scope.ServiceProvider.GetRequiredService<ResponseGaps>().TellAsync(import, stop.Token),
        ];
        foreach (var step in steps)
        {
            try
            {
                await step();
            }
            catch (Exception e) when (!stop.IsCancellationRequested)
            {
                // One connection's trouble is told with it, stops neither its other steps nor the others, and is tried again.
                var (category, reason) = FailureClassifier.Classify(e);
                bug |= category == FailureCategory.Bug;
                Faulted(logger, category == FailureCategory.Bug ? e : null, lease.Id, reason);
                faults.Add(reason);
                context.ChangeTracker.Clear();
            }
        }

        await lease.UpdateAsync(
            "done = @done, not_before = clock_timestamp() + @pause, fault = @fault, lease_owner = null, lease_until = null",
            [
                new("done", faults.Count == 0 ? work : import.Done),
                new("pause", faults.Count == 0 ? TimeSpan.Zero : bug ? AfterBug : AfterFault),
                new("fault", NpgsqlTypes.NpgsqlDbType.Text) { Value = faults.Count == 0 ? DBNull.Value : string.Join(" ", faults) },
            ],
            stoppingToken);
    }

    [LoggerMessage(EventId = 630, Level = LogLevel.Warning, Message = "The response import of connection {ConnectionId} does not get on: {Reason}")]
    private static partial void Faulted(ILogger logger, Exception? exception, string connectionId, string reason);

    [LoggerMessage(EventId = 631, Level = LogLevel.Warning, Message = "Response imports cannot be looked after at present")]
    private static partial void NotStored(ILogger logger, Exception exception);
}

/// <summary>Leases of the table <c>response_imports</c>.</summary>
internal sealed class ResponseLeases(NpgsqlDataSource database, TimeProvider clock) : IDisposable
{
    private static readonly LeasedTable Table = new("response_imports")
    {
        Ready = "r.work > r.done and r.not_before <= clock_timestamp()",
        OrderBy = "r.not_before, r.id",
        OnClaim = "not_before = clock_timestamp()",
    };

    public RowLeases Rows { get; } = new(database, Table, clock);

    public void Dispose() => Rows.Dispose();
}
