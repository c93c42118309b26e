using Microsoft.AspNetCore.Http.HttpResults;
using Platform.Feeds.Tables;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Feeds.Endpoints;

/// <summary>How a SQL client reads domain tables (F11).</summary>
public sealed record TableAccess
{
    /// <summary>The database server.</summary>
    public required string Host { get; init; }

    /// <summary>Its port.</summary>
    public required int Port { get; init; }

    /// <summary>The database.</summary>
    public required string Database { get; init; }

    /// <summary>The schema the domain tables are in.</summary>
    public required string Schema { get; init; }

    /// <summary>The login; it reads domain tables and nothing else.</summary>
    public required string User { get; init; }

    /// <summary>Shown once, when it is made; the one before ends to work at that moment.</summary>
    public string? Password { get; init; }

    /// <summary>The same as one line, with the password when it was made just now.</summary>
    public required string ConnectionString { get; init; }
}

internal static class TableAccessEndpoints
{
    public static void MapTableAccessEndpoints(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/domain-tables-access", Get).WithName("GetTableAccess").WithTags("domain tables").RequireAuthorization(Roles.Viewer)
            .WithSummary("Address and login for SQL clients and BI tools, without the password");
        app.MapPost("/api/domain-tables-access/password", RotateAsync).WithName("RotateTablePassword").WithTags("domain tables").RequireAuthorization(Roles.Admin)
            .WithSummary("Give the read-only login a new password; it is shown this once");
    }

    private static Ok<TableAccess> Get(TableReader reader) => TypedResults.Ok(View(reader, null));

    private static async Task<Results<Ok<TableAccess>, ProblemHttpResult>> RotateAsync(TableReader reader, CancellationToken cancellationToken) =>
        await reader.RotateAsync(cancellationToken) is { } password
            ? TypedResults.Ok(View(reader, password))
            : Refusal.Conflict("no-table-reader", "There is no login for readers",
                $"The database has no login {TableReader.Role} that this service may give a password. Let a superuser run deploy/lib/table-reader.sql in the database {reader.Address().Database} once.").ToResult();

    private static TableAccess View(TableReader reader, string? password)
    {
        var (host, port, database) = reader.Address();
        return new()
        {
            Host = host,
            Port = port,
            Database = database,
            Schema = DomainTable.Schema,
            User = TableReader.Role,
            Password = password,
            ConnectionString = $"postgresql://{TableReader.Role}{(password is null ? "" : $":{password}")}@{host}:{port}/{Uri.EscapeDataString(database)}",
        };
    }
}
