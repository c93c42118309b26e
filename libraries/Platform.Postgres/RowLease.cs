using Npgsql;

namespace Platform.Postgres;

/// <summary>
/// One row held by this process. While it is held, <see cref="Lost"/> is not cancelled; once the row was taken by another worker, or could not be renewed in time, it is.
/// Disposing ends the renewals and nothing else: say first what became of the row, by one of the <c>UpdateAsync</c> or by <see cref="ReleaseAsync"/>, or the lease must lapse.
/// </summary>
public sealed class RowLease : IDisposable
{
    private readonly RowLeases _leases;
    private readonly CancellationTokenSource _lost = new();

    internal RowLease(RowLeases leases, string id, int attempt, long renewedAt)
    {
        _leases = leases;
        Id = id;
        Attempt = attempt;
        RenewedAt = renewedAt;
        Lost = _lost.Token;
    }

    /// <summary>The row's key.</summary>
    public string Id { get; }

    /// <summary>Counts the claims of the row from 1. Temporary names carry it, and every commit is fenced by it.</summary>
    public int Attempt { get; }

    /// <summary>Cancelled when the row is no longer held. Work that goes on all the same is fenced out at its commit.</summary>
    public CancellationToken Lost { get; }

    /// <summary>Monotonic time stamp of the last renewal's start.</summary>
    internal long RenewedAt { get; set; }

    /// <summary>
    /// The fence: changes the row inside <paramref name="transaction"/> if, and only if, it still belongs to this attempt. Throws <see cref="LeaseLostException"/> otherwise, and the
    /// caller must roll back. <paramref name="set"/> is fixed SQL with named parameters, for example <c>state = 'loaded', lease_until = null, read = @read</c>.
    /// </summary>
    public async Task UpdateAsync(NpgsqlTransaction transaction, string set, IEnumerable<NpgsqlParameter> parameters, CancellationToken cancellationToken)
    {
        await using var update = new NpgsqlCommand($"update {_leases.Table.Name} set {set} where id = @lease_id and attempt = @lease_attempt and lease_owner = @lease_owner", transaction.Connection, transaction);
        foreach (var parameter in parameters.Concat([new("lease_id", Id), new("lease_attempt", Attempt), new("lease_owner", _leases.Owner)]))
        {
            update.Parameters.Add(parameter);
        }

        if (await update.ExecuteNonQueryAsync(cancellationToken) != 1)
        {
            throw new LeaseLostException(_leases.Table.Name, Id, Attempt);
        }
    }

    /// <summary>The same in a transaction of its own.</summary>
    public async Task UpdateAsync(string set, IEnumerable<NpgsqlParameter> parameters, CancellationToken cancellationToken)
    {
        await using var connection = await _leases.Database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await UpdateAsync(transaction, set, parameters, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Gives an unfinished row back, so that another worker may take it at once: for an orderly shutdown. A row that is no longer held stays as it is.</summary>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        await using var release = _leases.Database.CreateCommand($"update {_leases.Table.Name} set lease_owner = null, lease_until = null where id = $1 and attempt = $2 and lease_owner = $3");
        release.Parameters.Add(new() { Value = Id });
        release.Parameters.Add(new() { Value = Attempt });
        release.Parameters.Add(new() { Value = _leases.Owner });
        await release.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _leases.Forget(this);
        _lost.Dispose();
    }

    internal void MarkLost()
    {
        try
        {
            _ = _lost.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // The work ended while the heartbeat found the row gone: nobody is left to be told.
        }
    }
}

/// <summary>A row was taken over by another worker, or ended, before this one could commit. Nothing of this attempt may stay.</summary>
public sealed class LeaseLostException(string table, string id, int attempt)
    : Exception($"Row {id} of {table} no longer belongs to attempt {attempt}: another worker has it, or it has ended. The attempt's changes are rolled back.");
