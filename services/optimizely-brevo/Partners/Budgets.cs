using Npgsql;

namespace Platform.OptimizelyBrevo.Partners;

/// <summary>
/// Token buckets in PostgreSQL, on its clock: all instances of the service share one per partner, token and endpoint class (O2). A call reserves its turn with one
/// statement and then waits for it; it never fails for want of budget.
/// </summary>
internal sealed class Budgets(NpgsqlDataSource database, TimeProvider clock)
{
    // The balance may go below zero: that is the queue of those who wait. Each one's wait is the time until the bucket has refilled to zero.
    private const string Reserve = """
        insert into rate_budgets as b (key, tokens, updated_at) values ($1, $2 - 1, clock_timestamp())
        on conflict (key) do update set
            tokens = least($2, b.tokens + greatest(0, extract(epoch from clock_timestamp() - b.updated_at)) * $3) - 1,
            updated_at = greatest(b.updated_at, clock_timestamp())
        returning greatest(0, -tokens / $3), greatest(0, coalesce(extract(epoch from blocked_until - clock_timestamp()), 0))::double precision
        """;

    /// <summary>Waits until all of <paramref name="budgets"/> allow one more call.</summary>
    public async Task WaitAsync(IReadOnlyList<Budget> budgets, CancellationToken cancellationToken)
    {
        foreach (var budget in budgets)
        {
            await using var reserve = database.CreateCommand(Reserve);
            reserve.Parameters.Add(new() { Value = budget.Key });
            reserve.Parameters.Add(new() { Value = budget.Burst });
            reserve.Parameters.Add(new() { Value = budget.PerSecond });
            double wait;
            await using (var reader = await reserve.ExecuteReaderAsync(cancellationToken))
            {
                await reader.ReadAsync(cancellationToken);
                wait = Math.Max(reader.GetDouble(0), reader.GetDouble(1));
            }

            while (wait > 0)
            {
                await Task.Delay(TimeSpan.FromSeconds(wait), clock, cancellationToken);
                wait = await BlockedAsync(budget, cancellationToken);
            }
        }
    }

    /// <summary>The partner said 429: nobody calls again before <paramref name="wait"/> is over. Only the budgets of the refused call are blocked.</summary>
    public async Task BlockAsync(IReadOnlyList<Budget> budgets, TimeSpan wait, CancellationToken cancellationToken)
    {
        await using var block = database.CreateCommand(
            "update rate_budgets set blocked_until = greatest(blocked_until, clock_timestamp() + $2) where key = any($1)");
        block.Parameters.Add(new() { Value = budgets.Select(budget => budget.Key).ToArray() });
        block.Parameters.Add(new() { Value = wait });
        await block.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<double> BlockedAsync(Budget budget, CancellationToken cancellationToken)
    {
        await using var blocked = database.CreateCommand(
            "select greatest(0, coalesce(extract(epoch from blocked_until - clock_timestamp()), 0))::double precision from rate_budgets where key = $1");
        blocked.Parameters.Add(new() { Value = budget.Key });
        return await blocked.ExecuteScalarAsync(cancellationToken) is double seconds ? seconds : 0;
    }
}

/// <summary>A row of the shared budgets.</summary>
internal sealed class RateBudget
{
    public required string Key { get; init; }

    /// <summary>Calls allowed now; negative while callers wait.</summary>
    public double Tokens { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public DateTimeOffset? BlockedUntil { get; init; }
}
