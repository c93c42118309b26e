using Npgsql;
using Xunit;

namespace Platform.Testing.Servers;

/// <summary>
/// Fixture: a real PostgreSQL, that of the environment variable <c>PLATFORM_TEST_POSTGRES</c> (a superuser's connection string, set by tests/run) or one started for this process.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private static readonly Lazy<Task<string>> Shared = new(FindAsync);

    /// <summary>The superuser's connection string, database <c>postgres</c>.</summary>
    public string AdminConnectionString { get; private set; } = "";

    /// <summary>A fresh, empty database, dropped on dispose. <paramref name="owner"/> is made if missing and gets the database; null leaves it to the superuser.</summary>
    public async Task<PostgresDatabase> CreateDatabaseAsync(string? owner = null)
    {
        var name = $"test_{Guid.CreateVersion7():n}";
        var connectionString = new NpgsqlConnectionStringBuilder(AdminConnectionString) { Database = name };
        await using var admin = NpgsqlDataSource.Create(AdminConnectionString);
        if (owner is not null)
        {
            connectionString.Username = owner;
            await using var role = admin.CreateCommand(
                $"do $$ begin create role \"{owner}\" login password '{connectionString.Password}'; exception when duplicate_object or unique_violation then null; end $$");
            await role.ExecuteNonQueryAsync();
        }

        await using var create = admin.CreateCommand($"create database \"{name}\"{(owner is null ? "" : $" owner \"{owner}\"")}");
        await create.ExecuteNonQueryAsync();
        return new(AdminConnectionString, name, connectionString.ConnectionString);
    }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => AdminConnectionString = await Shared.Value;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static async Task<string> FindAsync()
    {
        var adminConnectionString = await FindServerAsync();
        await MakeDomainReaderAsync(adminConnectionString);
        return adminConnectionString;
    }

    private static async Task<string> FindServerAsync()
    {
        if (Environment.GetEnvironmentVariable("PLATFORM_TEST_POSTGRES") is { Length: > 0 } provided)
        {
            return provided;
        }

        var port = FreePorts.Take(1)[0];
        // Nothing here outlives the machine's power: durable writes would only cost time.
        var server = await HeldServer.StartAsync("postgres", port, "fsync=off");
        var password = await File.ReadAllTextAsync(Path.Combine(server.Folder, "password"));
        return $"Host=127.0.0.1;Port={port};Username=postgres;Password={password};Database=postgres";
    }

    // Every deployment has this role (docs/adr/0012), and the databases share it.
    private static async Task MakeDomainReaderAsync(string adminConnectionString)
    {
        await using var admin = NpgsqlDataSource.Create(adminConnectionString);
        await using var role = admin.CreateCommand("do $$ begin create role domain_reader login; exception when duplicate_object or unique_violation then null; end $$");
        await role.ExecuteNonQueryAsync();
    }
}

/// <summary>A database of one test or test class.</summary>
public sealed class PostgresDatabase : IAsyncDisposable
{
    private readonly string _adminConnectionString;

    internal PostgresDatabase(string adminConnectionString, string name, string connectionString)
    {
        _adminConnectionString = adminConnectionString;
        Name = name;
        ConnectionString = connectionString;
    }

    /// <summary>Name of the database.</summary>
    public string Name { get; }

    /// <summary>Connects to it as its owner.</summary>
    public string ConnectionString { get; }

    /// <summary>Drops the database, with whatever sessions are left in it.</summary>
    public async ValueTask DisposeAsync()
    {
        // Pooled sessions of this process would otherwise be cut off only when used next.
        await using (var own = new NpgsqlConnection(ConnectionString))
        {
            NpgsqlConnection.ClearPool(own);
        }

        await using var admin = NpgsqlDataSource.Create(_adminConnectionString);
        await using var drop = admin.CreateCommand($"drop database if exists \"{Name}\" with (force)");
        await drop.ExecuteNonQueryAsync();
    }
}
