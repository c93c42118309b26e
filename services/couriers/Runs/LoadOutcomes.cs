using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Couriers;
using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;
using Platform.Couriers.Persistence;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Couriers.Runs;

/// <summary>Takes what the feeds answer into the run's loads, and ends the run with the last answer (R10, X2).</summary>
internal sealed class LoadOutcomes(CouriersDbContext context, TimeProvider clock)
{
    /// <summary>
    /// Applies one answer, inside the caller's transaction. The run's row is locked first, so that of two answers at the same time the later one sees the earlier. An answer to an
    /// unknown load (of a sample, for example) or a second one changes nothing.
    /// </summary>
    public async Task ApplyAsync(string? runId, string loadId, Action<RunLoad> outcome, CancellationToken cancellationToken)
    {
        if (await OpenLoadAsync(runId, loadId, cancellationToken) is not var (run, loads, load))
        {
            return;
        }

        outcome(load);
        load.EndedAt = clock.GetUtcNow();
        load.Step = null;
        if (run is { State: RunState.Running, Waiting: true } && !loads.Any(other => other.IsOpen))
        {
            var current = loads.GroupBy(other => other.FeedId).Select(feed => feed.Last()).ToArray();
            var (state, failure, reason) = Judge(current);
            context.Publish(run.End(state, failure, reason, current, clock.GetUtcNow()), clock);
        }
    }

    /// <summary>A load waits for a person's decision; the run goes on waiting with it, and says for what. Inside the caller's transaction.</summary>
    public async Task HoldAsync(FeedLoadHeld held, CancellationToken cancellationToken)
    {
        if (await OpenLoadAsync(held.RunId, held.LoadId, cancellationToken) is var (_, _, load))
        {
            load.State = RunLoadState.Held;
            load.HeldAt = clock.GetUtcNow();
            load.Step = null;
            load.DomainTable = held.DomainTable;
            load.Reason = held.Reason;
        }
    }

    private async Task<(CourierRun Run, List<RunLoad> Loads, RunLoad Load)?> OpenLoadAsync(string? runId, string loadId, CancellationToken cancellationToken)
    {
        if (runId is null || await context.LockRunAsync(runId, cancellationToken) is not { } run)
        {
            return null;
        }

        var loads = await context.RunLoads.Where(load => load.RunId == runId).OrderBy(load => load.LoadNo).ToListAsync(cancellationToken);
        return loads.SingleOrDefault(load => load.Id == loadId) is { IsOpen: true } open ? (run, loads, open) : null;
    }

    private static (RunState State, FailureCategory? Failure, string? Reason) Judge(IReadOnlyList<RunLoad> loads)
    {
        var failed = loads.Where(load => load.State == RunLoadState.Failed).ToArray();
        if (failed.Length > 0)
        {
            return (RunState.Failed, failed[0].Failure, string.Join('\n', failed.Select(load => $"Loading the feed {load.FeedId} failed: {load.Reason}")));
        }

        if (loads.Any(load => load.State == RunLoadState.Cancelled))
        {
            return (RunState.Cancelled, FailureCategory.Cancelled, "Cancelled on request.");
        }

        var unbalanced = loads.Where(load => !load.Rows.Balances()).ToArray();
        return unbalanced.Length == 0
            ? (RunState.Succeeded, null, null)
            : (RunState.Failed, FailureCategory.Bug, string.Join('\n', unbalanced.Select(load =>
                $"The counts of the load {load.Id} into {load.FeedId} do not balance: read {load.RowsRead} is not inserted {load.RowsInserted} + updated {load.RowsUpdated} "
                + $"+ unchanged {load.RowsUnchanged} + superseded {load.RowsSuperseded} + rejected {load.RowsRejected}.")));
    }
}
