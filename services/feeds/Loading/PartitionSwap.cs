using System.Diagnostics;
using Npgsql;
using Platform.Contracts.Failures;
using Platform.Feeds.Tables;

namespace Platform.Feeds.Loading;

/// <summary>
/// Exchanges the shell's partition and commits the load in the same breath. The exclusive lock this takes is never waited for longer than 100 ms, because readers that come
/// meanwhile would queue behind it; between tries the readers in front get time to end.
/// </summary>
internal sealed class PartitionSwap(LoadCommit commit, FeedsOptions options, TimeProvider clock)
{
    private const string LockTimeout = "100ms";
    private const string AutovacuumPatience = "60s";
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>Runs in <paramref name="transaction"/>, which it commits.</summary>
    public async Task CommitAsync(LoadAttempt attempt, NpgsqlTransaction transaction, string newPartition, string oldPartition, LoadCounts counts, CancellationToken cancellationToken)
    {
        attempt.Monitor.Phase = "committing";
        var started = Stopwatch.GetTimestamp();
        await EndAutovacuumAsync(transaction.Connection!, oldPartition, cancellationToken);
        for (var pause = TimeSpan.FromMilliseconds(50); ; pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks)))
        {
            await transaction.SaveAsync("before_swap", cancellationToken);
            try
            {
                attempt.Record("swap", Stopwatch.GetElapsedTime(started));
                await commit.WriteAsync(attempt, transaction, counts, cancellationToken);
                await ExchangeAsync(attempt, transaction, newPartition, oldPartition, cancellationToken);
                break;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                await transaction.RollbackAsync("before_swap", cancellationToken);
                if (Stopwatch.GetElapsedTime(started) > options.SwapPatience)
                {
                    throw new LoadFailedException(FailureCategory.Environment,
                        $"Readers have held the table {attempt.Table.Name} for {options.SwapPatience.TotalMinutes:0} minutes, so that its rows could not be exchanged. End long transactions on it (pg_stat_activity shows them).");
                }

                await Task.Delay(pause, clock, cancellationToken);
            }
        }

        await commit.CommitAsync(transaction);
    }

    /// <summary>
    /// An autovacuum of the old partition would outlast every try: the server ends it for whoever waits, but only after deadlock_timeout (1 s). So the lock that keeps autovacuum
    /// out is taken first; waiting for it holds up neither readers nor writers.
    /// </summary>
    private static async Task EndAutovacuumAsync(NpgsqlConnection connection, string oldPartition, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync($"set local lock_timeout = '{AutovacuumPatience}'", cancellationToken);
        await connection.ExecuteAsync($"lock table {DomainTable.Partition(oldPartition)} in share update exclusive mode", cancellationToken);
    }

    private static async Task ExchangeAsync(LoadAttempt attempt, NpgsqlTransaction transaction, string newPartition, string oldPartition, CancellationToken cancellationToken)
    {
        var connection = transaction.Connection!;
        var table = attempt.Table;
        await connection.ExecuteAsync($"set local lock_timeout = '{LockTimeout}'", cancellationToken);
        await connection.ExecuteAsync($"alter table {DomainTable.Partition(newPartition)} reset (autovacuum_enabled)", cancellationToken);
        await connection.ExecuteAsync(table.Detach(oldPartition), cancellationToken);
        await connection.ExecuteAsync(table.Attach(newPartition), cancellationToken);
        if (attempt.Feed.TableRows == 0)
        {
            await connection.ExecuteAsync($"drop table {DomainTable.Partition(oldPartition)}", cancellationToken);
            return;
        }

        await using var keep = new NpgsqlCommand("insert into detached_partitions (name, feed_id, load_id, kind, detached_at) values ($1, $2, $3, 'partition', clock_timestamp())", connection, transaction)
        {
            Parameters = { new() { Value = oldPartition }, new() { Value = attempt.Feed.Id }, new() { Value = attempt.Load.Id } },
        };
        await keep.ExecuteNonQueryAsync(cancellationToken);
    }
}
