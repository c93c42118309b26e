using Npgsql;
using Platform.Testing;
using Platform.Testing.Servers;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Platform.Postgres.Tests;

public sealed class LeasedRows(PostgresServer server) : IAsyncLifetime
{
    private static readonly LeasedTable Table = new("work")
    {
        Ready = "r.state in ('queued', 'running')",
        OrderBy = "r.id",
        OnClaim = "state = 'running'",
        Length = TimeSpan.FromSeconds(2),
        Heartbeat = TimeSpan.FromMilliseconds(200),
    };

    private PostgresDatabase _database = null!;
    private NpgsqlDataSource _source = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await server.CreateDatabaseAsync();
        _source = NpgsqlDataSource.Create(_database.ConnectionString);
        await ExecuteAsync("create table work (id text primary key, state text not null default 'queued', attempt integer not null default 0, lease_owner text, lease_until timestamptz, result text)");
    }

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task Are_claimed_in_order_and_by_one_worker_only()
    {
        await ExecuteAsync("insert into work (id) select 'w' || i from generate_series(1, 9) i");
        using var one = Leases("one");
        using var two = Leases("two");

        var claimed = new List<RowLease>();
        for (var i = 0; i < 9; i++)
        {
            claimed.Add((await (i % 2 == 0 ? one : two).ClaimAsync(default))!);
        }

        Assert.Equal(Enumerable.Range(1, 9).Select(i => $"w{i}"), claimed.Select(lease => lease.Id));
        Assert.Null(await one.ClaimAsync(default));
        claimed.ForEach(lease => lease.Dispose());
    }

    [Fact]
    public async Task Many_workers_at_once_claim_each_row_once()
    {
        await ExecuteAsync("insert into work (id) select 'w' || i from generate_series(1, 200) i");
        using var leases = Leases("many");

        var claimed = (await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            var mine = new List<string>();
            while (await leases.ClaimAsync(default) is { } lease)
            {
                mine.Add(lease.Id);
            }

            return mine;
        }))).SelectMany(mine => mine).ToList();

        Assert.Equal(200, claimed.Count);
        Assert.Equal(200, claimed.Distinct().Count());
    }

    [Fact]
    public async Task Stay_with_a_living_worker_beyond_the_length_of_a_lease()
    {
        await ExecuteAsync("insert into work (id) values ('w')");
        using var one = Leases("one");
        using var two = Leases("two");
        using var lease = await one.ClaimAsync(default);
        var first = await ScalarAsync<DateTime>("select lease_until from work");

        await Until.True(async () => await ScalarAsync<DateTime>("select lease_until from work") > first + Table.Length);

        Assert.Null(await two.ClaimAsync(default));
        Assert.False(lease!.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task Of_a_worker_that_fell_silent_are_taken_over_and_its_commit_is_refused()
    {
        await ExecuteAsync("insert into work (id) values ('w')");
        using var one = Leases("one");
        using var two = Leases("two");
        var silent = await one.ClaimAsync(default);
        silent!.Dispose();

        var next = await Until.Is(() => two.ClaimAsync(default), lease => lease is not null);

        Assert.Equal((1, 2), (silent.Attempt, next!.Attempt));
        await Assert.ThrowsAsync<LeaseLostException>(() => silent.UpdateAsync("state = 'done'", [], default));
        await next.UpdateAsync("state = 'done', result = @result", [new("result", "two")], default);
        Assert.Equal("done two", await ScalarAsync<string>("select state || ' ' || result from work"));
        next.Dispose();
    }

    [Fact]
    public async Task That_were_taken_away_cancel_the_work()
    {
        await ExecuteAsync("insert into work (id) values ('w')");
        using var one = Leases("one");
        using var lease = await one.ClaimAsync(default);

        await ExecuteAsync("update work set attempt = attempt + 1, lease_owner = 'two'");

        await Until.True(() => lease!.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task Cancel_the_work_when_they_cannot_be_renewed_in_time()
    {
        await ExecuteAsync("insert into work (id) values ('w')");
        await using var unreachable = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(_database.ConnectionString) { Pooling = false, Timeout = 1 }.ConnectionString);
        using var leases = new RowLeases(unreachable, Table, TimeProvider.System);
        using var lease = await leases.ClaimAsync(default);

        await using (var admin = NpgsqlDataSource.Create(server.AdminConnectionString))
        {
            await using var refuse = admin.CreateCommand(
                $"alter database \"{_database.Name}\" allow_connections false; select pg_terminate_backend(pid) from pg_stat_activity where datname = '{_database.Name}'");
            await refuse.ExecuteNonQueryAsync();
        }

        await Until.True(() => lease!.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task Locked_by_their_own_commit_are_not_taken_for_lost()
    {
        await ExecuteAsync("insert into work (id) values ('w')");
        using var one = Leases("one");
        using var two = Leases("two");
        using var lease = await one.ClaimAsync(default);
        await using var connection = await _source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();

        await lease!.UpdateAsync(transaction, "state = 'done'", [], default);
        var lapsed = await ScalarAsync<DateTime>("select lease_until from work") + Table.Heartbeat;
        await Until.True(async () => await ScalarAsync<DateTime>("select clock_timestamp()") > lapsed);

        Assert.False(lease.Lost.IsCancellationRequested);
        Assert.Null(await two.ClaimAsync(default));
        await transaction.CommitAsync();
        Assert.Equal("done", await ScalarAsync<string>("select state from work"));
    }

    [Fact]
    public async Task That_are_handed_back_may_be_claimed_at_once()
    {
        await ExecuteAsync("insert into work (id) values ('w')");
        using var one = Leases("one");
        using var two = Leases("two");
        using var lease = await one.ClaimAsync(default);

        await lease!.ReleaseAsync(default);

        using var next = await two.ClaimAsync(default);
        Assert.Equal(2, next?.Attempt);
    }

    private RowLeases Leases(string owner) => new(_source, Table, TimeProvider.System, owner);

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
