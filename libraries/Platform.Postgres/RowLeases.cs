using System.Security.Cryptography;
using Npgsql;

namespace Platform.Postgres;

/// <summary>
/// Work that lies in rows: workers of any number of processes claim rows with <c>FOR UPDATE SKIP LOCKED</c>, hold them by a lease on PostgreSQL's clock, and commit fenced by the
/// row's attempt. One instance per table and process; it renews all leases of the process from one thread and connection of its own, so that neither a busy thread
/// pool nor an exhausted connection pool loses a lease.
/// </summary>
public sealed class RowLeases : IDisposable
{
    private readonly TimeProvider _clock;
    private readonly Lock _gate = new();
    private readonly List<RowLease> _held = [];
    private readonly ManualResetEventSlim _stop = new();
    private Thread? _heartbeat;
    private bool _disposed;

    /// <summary><paramref name="owner"/> names this process in the table; by default machine, process id and a random part.</summary>
    public RowLeases(NpgsqlDataSource database, LeasedTable table, TimeProvider clock, string? owner = null)
    {
        Database = database;
        Table = table;
        _clock = clock;
        Owner = owner ?? $"{Environment.MachineName}/{Environment.ProcessId}/{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
    }

    /// <summary>The table.</summary>
    public LeasedTable Table { get; }

    /// <summary>What stands in <c>lease_owner</c> of the rows this process holds.</summary>
    public string Owner { get; }

    internal NpgsqlDataSource Database { get; }

    /// <summary>Takes the first ready row that nobody holds, or whose holder fell silent; null when there is none. The claim is committed when this returns.</summary>
    public async Task<RowLease?> ClaimAsync(CancellationToken cancellationToken)
    {
        var started = _clock.GetTimestamp();
        await using var claim = Database.CreateCommand($"""
            update {Table.Name} as claimed
            set {Table.OnClaim}, attempt = claimed.attempt + 1, lease_owner = $1, lease_until = clock_timestamp() + $2
            where claimed.id = (
                select r.id from {Table.Name} as r
                where ({Table.Ready}) and (r.lease_until is null or r.lease_until < clock_timestamp())
                order by {Table.OrderBy} limit 1 for update skip locked)
            returning claimed.id, claimed.attempt
            """);
        claim.Parameters.Add(new() { Value = Owner });
        claim.Parameters.Add(new() { Value = Table.Length });
        await using var reader = await claim.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Hold(new(this, reader.GetString(0), reader.GetInt32(1), started)) : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Thread? heartbeat;
        lock (_gate)
        {
            _disposed = true;
            heartbeat = _heartbeat;
        }

        _stop.Set();
        heartbeat?.Join();
        _stop.Dispose();
    }

    internal void Forget(RowLease lease)
    {
        lock (_gate)
        {
            _held.Remove(lease);
        }
    }

    private RowLease Hold(RowLease lease)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _held.Add(lease);
            if (_heartbeat is null)
            {
                _heartbeat = new(Beat) { IsBackground = true, Name = $"leases of {Table.Name}" };
                _heartbeat.Start();
            }
        }

        return lease;
    }

    private void Beat()
    {
        NpgsqlConnection? connection = null;
        while (!_stop.Wait(Table.Heartbeat))
        {
            RowLease[] held;
            lock (_gate)
            {
                held = [.. _held];
            }

            if (held.Length == 0)
            {
                connection?.Dispose();
                connection = null;
                continue;
            }

            try
            {
                connection ??= Database.OpenConnection();
                Renew(connection, held);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or InvalidOperationException)
            {
                // No answer: the leases hold until they lapse, which this process measures by its own monotonic clock. The next beat tries a new connection.
                connection?.Dispose();
                connection = null;
            }

            foreach (var lease in held.Where(lease => _clock.GetElapsedTime(lease.RenewedAt) >= Table.Length))
            {
                lease.MarkLost();
            }
        }

        connection?.Dispose();
    }

    private void Renew(NpgsqlConnection connection, RowLease[] held)
    {
        var started = _clock.GetTimestamp();

        // A row locked by its own commit is passed over, not waited for. It is still held: no claim can take a locked row.
        using var renew = new NpgsqlCommand($"""
            with held as (select * from unnest($1, $2) as h(id, attempt)),
            free as (select r.id from {Table.Name} as r join held using (id, attempt) where r.lease_owner = $3 for update of r skip locked),
            renewed as (update {Table.Name} as r set lease_until = clock_timestamp() + $4 from free where r.id = free.id)
            select r.id from {Table.Name} as r join held using (id, attempt) where r.lease_owner = $3
            """, connection)
        {
            CommandTimeout = Math.Max(1, (int)(Table.Length.TotalSeconds / 3)),
            Parameters =
            {
                new() { Value = held.Select(lease => lease.Id).ToArray() },
                new() { Value = held.Select(lease => lease.Attempt).ToArray() },
                new() { Value = Owner },
                new() { Value = Table.Length },
            },
        };
        var found = new HashSet<string>(StringComparer.Ordinal);
        using (var reader = renew.ExecuteReader())
        {
            while (reader.Read())
            {
                found.Add(reader.GetString(0));
            }
        }

        foreach (var lease in held)
        {
            if (found.Contains(lease.Id))
            {
                lease.RenewedAt = started;
            }
            else if (IsHeld(lease))
            {
                lease.MarkLost();
            }
        }
    }

    // The work may have ended, and with it the lease, since the list was made: that is no loss.
    private bool IsHeld(RowLease lease)
    {
        lock (_gate)
        {
            return _held.Contains(lease);
        }
    }
}
