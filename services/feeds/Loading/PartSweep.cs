using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Feeds.Persistence;
using Platform.Feeds.Tables;

namespace Platform.Feeds.Loading;

/// <summary>Drops what dead attempts left (staging tables, partitions that were never attached) and replaced partitions that were kept long enough: at start, and now and then.</summary>
internal sealed partial class PartSweep(NpgsqlDataSource database, IServiceScopeFactory scopes, FeedsOptions options, TimeProvider clock, ILogger<PartSweep> logger) : BackgroundService
{
    private const string LockTimeout = "100ms";

    /// <summary>Drops the staging table of an attempt that has ended. What cannot be dropped now is swept later.</summary>
    public async Task DropStagingAsync(LoadAttempt attempt, CancellationToken cancellationToken)
    {
        if (attempt.Table is null)
        {
            return;
        }

        try
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await connection.ExecuteAsync($"drop table if exists {DomainTable.Staging(attempt.PartName)}, {DomainTable.Staging(attempt.RawName)}", cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException or OperationCanceledException)
        {
            SweptLater(logger, e, attempt.PartName);
        }
    }

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
                SweepFailed(logger, e);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await Task.WhenAny(Task.Delay(options.SweepEvery, clock, stoppingToken));
        }
    }

    internal async Task SweepAsync(CancellationToken cancellationToken)
    {
        await ForgetOldPartitionsAsync(cancellationToken);
        foreach (var (schema, name) in await LeftoversAsync(cancellationToken))
        {
            await DropAsync(schema, name, cancellationToken);
        }
    }

    /// <summary>From here on they are leftovers like any other.</summary>
    private async Task ForgetOldPartitionsAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var oldest = clock.GetUtcNow() - options.ReplacedKept;
        await scope.ServiceProvider.GetRequiredService<FeedsDbContext>().DetachedPartitions.Where(partition => partition.DetachedAt < oldest).ExecuteDeleteAsync(cancellationToken);
    }

    /// <summary>Tables of the two schemas that belong to no shell, no running attempt and no period of grace. Their names end with load and attempt.</summary>
    private async Task<List<(string Schema, string Name)>> LeftoversAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname in ('{DomainTable.StagingSchema}', '{DomainTable.PartitionSchema}') and c.relkind = 'r' and not c.relispartition
              and not exists (select from detached_partitions d where d.name = c.relname)
              and not exists (select from loads l where l.state = 'running' and regexp_replace(c.relname, '{DomainTable.RawSuffix}$', '') = replace(l.feed_id, '-', '_') || '_' || l.load_seq || '_' || l.attempt)
            """);
        var found = new List<(string, string)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add((reader.GetString(0), reader.GetString(1)));
        }

        return found;
    }

    private async Task DropAsync(string schema, string name, CancellationToken cancellationToken)
    {
        var table = $"{DomainTable.Quote(schema)}.{DomainTable.Quote(name)}";
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        try
        {
            await connection.ExecuteAsync($"set local lock_timeout = '{LockTimeout}'", cancellationToken);
            await connection.ExecuteAsync($"lock table {table} in access exclusive mode", cancellationToken);

            // Looked at again under the lock: it may have been attached or put under grace since the list was made.
            if (await connection.ScalarAsync<bool>($"select relispartition or exists (select from detached_partitions where name = relname) from pg_class where oid = {DomainTable.Literal(table)}::regclass", cancellationToken))
            {
                return;
            }

            await connection.ExecuteAsync($"drop table {table}", cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            Dropped(logger, name);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.UndefinedTable)
        {
            SweptLater(logger, e, name);
        }
    }

    [LoggerMessage(EventId = 320, Level = LogLevel.Information, Message = "Dropped the leftover table {Name}")]
    private static partial void Dropped(ILogger logger, string name);

    [LoggerMessage(EventId = 321, Level = LogLevel.Debug, Message = "The leftover table {Name} is dropped later")]
    private static partial void SweptLater(ILogger logger, Exception exception, string name);

    [LoggerMessage(EventId = 322, Level = LogLevel.Warning, Message = "Leftover tables cannot be looked for at present")]
    private static partial void SweepFailed(ILogger logger, Exception exception);
}
