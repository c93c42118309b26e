using Npgsql;
using Platform.Campaigns.Dispatches;
using Platform.Contracts.Failures;

namespace Platform.Campaigns.Recipients;

/// <summary>Domain tables, read under a role that may do nothing else (docs/adr/0012). The connection string is the setting <c>ConnectionStrings:DomainTables</c>.</summary>
internal sealed class DomainTables(IConfiguration configuration) : IAsyncDisposable
{
    // Recipients come by the hundred thousand; the driver's 8 KB would be a system call for every hundred of them.
    private const int ReadBuffer = 64 * 1024;

    private readonly NpgsqlDataSource? _database = Create(configuration, commandTimeout: null);

    // Npgsql's own limit of 30 s counts until the first row, and a query may sort for minutes before it: the server's statement_timeout ends those that take too long.
    private readonly NpgsqlDataSource? _queries = Create(configuration, commandTimeout: 0);

    public NpgsqlDataSource Database => _database ?? throw Missing();

    /// <summary>For queries of people, under a limit that the server keeps.</summary>
    public NpgsqlDataSource Queries => _queries ?? throw Missing();

    public async ValueTask DisposeAsync()
    {
        await (_database?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_queries?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    private static NpgsqlDataSource? Create(IConfiguration configuration, int? commandTimeout)
    {
        if (configuration.GetConnectionString("DomainTables") is not { Length: > 0 } text)
        {
            return null;
        }

        var settings = new NpgsqlConnectionStringBuilder(text) { ApplicationName = "campaigns", Timezone = "UTC", MaxPoolSize = 6, ReadBufferSize = ReadBuffer };
        if (commandTimeout is { } seconds)
        {
            settings.CommandTimeout = seconds;
        }

        return new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
    }

    private static DispatchFailureException Missing() =>
        new(FailureCategory.Configuration, "Domain tables cannot be read: the setting ConnectionStrings:DomainTables of the campaigns service is missing.");
}
