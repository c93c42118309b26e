using Npgsql;
using Platform.Contracts.Failures;
using Platform.Feeds.Tables;

namespace Platform.Feeds.Loading;

/// <summary>The database session of one attempt: settings for bulk work, and the feed's advisory lock for as long as it lives.</summary>
internal sealed class LoaderSession : IAsyncDisposable
{
    /// <summary>Longer than an activation or a commit takes. Whoever holds the lock longer without the lease is a worker that fell behind.</summary>
    private const string LockPatience = "10s";

    private readonly string _feedId;

    private LoaderSession(NpgsqlConnection connection, string feedId)
    {
        Connection = connection;
        _feedId = feedId;
    }

    public NpgsqlConnection Connection { get; }

    public static async Task<LoaderSession> OpenAsync(NpgsqlDataSource database, string feedId, FeedsOptions options, CancellationToken cancellationToken)
    {
        var session = new LoaderSession(await database.OpenConnectionAsync(cancellationToken), feedId);
        try
        {
            await session.PrepareAsync(options, cancellationToken);
            await session.LockAsync(cancellationToken);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            // The pool resets a session only when it is used again; until then the lock would stay.
            await using var unlock = new NpgsqlCommand("select pg_advisory_unlock_all()", Connection);
            await unlock.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException or IOException)
        {
            // A broken session holds nothing.
        }

        await Connection.DisposeAsync();
    }

    /// <summary>Only the last commit of a load says anything to anybody, so only that one waits for the disk: LoadCommit asks for it.</summary>
    private Task PrepareAsync(FeedsOptions options, CancellationToken cancellationToken) => Connection.ExecuteAsync($"""
        set timezone = 'UTC';
        set client_connection_check_interval = '2s';
        set work_mem = '{options.WorkMemMegabytes}MB';
        set hash_mem_multiplier = 2;
        set maintenance_work_mem = '{options.MaintenanceWorkMemMegabytes}MB';
        set max_parallel_workers_per_gather = 2;
        set max_parallel_maintenance_workers = 2;
        set parallel_setup_cost = 100;
        set parallel_tuple_cost = 0.01;
        set synchronous_commit = off;
        set jit = off
        """, cancellationToken);

    /// <summary>
    /// The lease says that this attempt owns the load; the lock keeps out a former attempt whose process hangs with its session open. Such a session is ended: its commit would
    /// be refused by the fence anyway.
    /// </summary>
    private async Task LockAsync(CancellationToken cancellationToken)
    {
        if (await TryLockAsync(cancellationToken))
        {
            return;
        }

        await using (var end = new NpgsqlCommand("""
            select pg_terminate_backend(l.pid) from pg_locks l
            where l.locktype = 'advisory' and l.granted and l.database = (select oid from pg_database where datname = current_database())
              and ((l.classid::bigint << 32) | l.objid::bigint) = hashtextextended($1, 0) and l.objsubid = 1 and l.pid <> pg_backend_pid()
            """, Connection) { Parameters = { new() { Value = DomainTable.LockKey(_feedId) } } })
        {
            await end.ExecuteNonQueryAsync(cancellationToken);
        }

        if (!await TryLockAsync(cancellationToken))
        {
            throw new LoadFailedException(FailureCategory.Environment, $"Another session holds the feed {_feedId} and does not end.");
        }
    }

    private async Task<bool> TryLockAsync(CancellationToken cancellationToken)
    {
        await Connection.ExecuteAsync($"set lock_timeout = '{LockPatience}'", cancellationToken);
        try
        {
            await using var command = new NpgsqlCommand("select pg_advisory_lock(hashtextextended($1, 0))", Connection) { Parameters = { new() { Value = DomainTable.LockKey(_feedId) } } };
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return false;
        }

        await Connection.ExecuteAsync("set lock_timeout = 0", cancellationToken);
        return true;
    }
}
