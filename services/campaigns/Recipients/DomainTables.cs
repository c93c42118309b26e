using Npgsql;
using Platform.Campaigns.Dispatches;
using Platform.Contracts.Failures;

namespace Platform.Campaigns.Recipients;

/// <summary>Domain tables, read under a role that may do nothing else (docs/adr/0012). The connection string is the setting <c>ConnectionStrings:DomainTables</c>.</summary>
internal sealed class DomainTables(IConfiguration configuration) : IAsyncDisposable
{
    // Recipients come by the hundred thousand; the driver's 8 KB would be a system call for every hundred of them.
    private const int ReadBuffer = 64 * 1024;

    private readonly NpgsqlDataSource? _database = configuration.GetConnectionString("DomainTables") is { Length: > 0 } text
        ? new NpgsqlDataSourceBuilder(new NpgsqlConnectionStringBuilder(text) { ApplicationName = "campaigns", Timezone = "UTC", MaxPoolSize = 6, ReadBufferSize = ReadBuffer }.ConnectionString).Build()
        : null;

    public NpgsqlDataSource Database => _database
        ?? throw new DispatchFailureException(FailureCategory.Configuration, "Domain tables cannot be read: the setting ConnectionStrings:DomainTables of the campaigns service is missing.");

    public ValueTask DisposeAsync() => _database?.DisposeAsync() ?? ValueTask.CompletedTask;
}
