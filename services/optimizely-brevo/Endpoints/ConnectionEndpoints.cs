using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Security;

namespace Platform.OptimizelyBrevo.Endpoints;

/// <summary>A connection as it is given.</summary>
internal sealed record ConnectionInput
{
    public required string Name { get; init; }

    public bool Enabled { get; init; } = true;

    public required ConnectionSettings Settings { get; init; }
}

/// <summary>A connection as it is shown; it names credentials and holds no secret.</summary>
internal sealed record ConnectionView(string Id, string Name, bool Enabled, ConnectionSettings Settings, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static ConnectionView Of(Connection row) => new(row.Id, row.Name, row.Enabled, row.Settings, row.CreatedAt, row.UpdatedAt);
}

/// <summary>The seed's YAML, and the credential for each <c>${NAME}</c> in it.</summary>
internal sealed record YamlInput
{
    public required string Name { get; init; }

    public required string Yaml { get; init; }

    /// <summary>Credential id by variable name. BREVO_API_KEY is needed also where the text does not name it.</summary>
    public required IReadOnlyDictionary<string, string> Variables { get; init; }
}

/// <summary>A connection as YAML, with the credential behind each <c>${NAME}</c>.</summary>
internal sealed record YamlView(string Name, string Yaml, IReadOnlyDictionary<string, string> Variables);

/// <summary>Connections (O1).</summary>
internal static class ConnectionEndpoints
{
    public static void MapConnectionEndpoints(this WebApplication app)
    {
        var group = app.MapGroup("/api/optimizely-brevo/connections").WithTags("optimizely-brevo connections").RequireAuthorization(Roles.Viewer);
        group.MapGet("/", ListAsync).WithName("ListOptimizelyBrevoConnections").WithSummary("Lists connections by name.");
        group.MapGet("/{id}", GetAsync).WithName("GetOptimizelyBrevoConnection").WithSummary("One connection.");
        group.MapPost("/", CreateAsync).WithName("CreateOptimizelyBrevoConnection").WithSummary("Connects Optimizely projects to a Brevo account.").RequireAuthorization(Roles.Operator);
        group.MapPut("/{id}", ChangeAsync).WithName("ChangeOptimizelyBrevoConnection").WithSummary("Replaces a connection's settings.").RequireAuthorization(Roles.Operator);
        group.MapDelete("/{id}", DeleteAsync).WithName("DeleteOptimizelyBrevoConnection")
            .WithSummary("Deletes a connection with its history; contacts in Brevo stay as they are.").RequireAuthorization(Roles.Operator);
        group.MapPost("/import", ImportAsync).WithName("ImportOptimizelyBrevoConnection")
            .WithSummary("Creates a connection from the connector's YAML, or replaces the one of that name. Secrets are named as ${NAME}, never written out.").RequireAuthorization(Roles.Operator);
        group.MapGet("/{id}/yaml", ExportAsync).WithName("ExportOptimizelyBrevoConnection").WithSummary("The connection as the connector's YAML.");
    }

    public static Refusal Unknown(string id) => Refusal.NotFound("connection", id, "GET /api/optimizely-brevo/connections lists them.");

    private static async Task<Results<Ok<Page<ConnectionView>>, ProblemHttpResult>> ListAsync(
        OptimizelyBrevoDbContext db, CancellationToken cancellationToken, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var rows = await db.Connections.AsNoTracking().Where(row => after == null || string.Compare(row.Name, after) > 0).OrderBy(row => row.Name).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<ConnectionView>.From(rows.ConvertAll(ConnectionView.Of), limit, view => view.Name));
    }

    private static async Task<Results<Ok<ConnectionView>, ProblemHttpResult>> GetAsync(string id, OptimizelyBrevoDbContext db, CancellationToken cancellationToken) =>
        await db.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is { } row ? TypedResults.Ok(ConnectionView.Of(row)) : Unknown(id).ToResult();

    private static async Task<Results<Created<ConnectionView>, ProblemHttpResult>> CreateAsync(ConnectionInput input, OptimizelyBrevoDbContext db, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (ConnectionRules.Check(input.Name, input.Settings) is { Count: > 0 } problems)
        {
            return Refusal.Invalid("The connection", problems).ToResult();
        }

        var now = clock.GetUtcNow();
        var connection = new Connection { Id = PublicId.Short(Connection.IdPrefix), Name = input.Name.Trim(), Enabled = input.Enabled, Settings = input.Settings, CreatedAt = now, UpdatedAt = now };
        db.Connections.Add(connection);
        return await SaveAsync(connection, db, clock, cancellationToken) is { } refusal
            ? refusal.ToResult()
            : TypedResults.Created($"/api/optimizely-brevo/connections/{connection.Id}", ConnectionView.Of(connection));
    }

    private static async Task<Results<Ok<ConnectionView>, ProblemHttpResult>> ChangeAsync(
        string id, ConnectionInput input, OptimizelyBrevoDbContext db, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (await db.Connections.SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is not { } connection)
        {
            return Unknown(id).ToResult();
        }

        if (ConnectionRules.Check(input.Name, input.Settings) is { Count: > 0 } problems)
        {
            return Refusal.Invalid("The connection", problems).ToResult();
        }

        (connection.Name, connection.Enabled, connection.Settings, connection.UpdatedAt) = (input.Name.Trim(), input.Enabled, input.Settings, clock.GetUtcNow());
        return await SaveAsync(connection, db, clock, cancellationToken) is { } refusal ? refusal.ToResult() : TypedResults.Ok(ConnectionView.Of(connection));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(string id, OptimizelyBrevoDbContext db, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (await db.Connections.SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is not { } connection)
        {
            return Unknown(id).ToResult();
        }

        db.Connections.Remove(connection);
        db.Publish(ConnectionSchedule.Removed(id), clock);
        await db.SaveChangesAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Results<Ok<ConnectionView>, Created<ConnectionView>, ProblemHttpResult>> ImportAsync(
        YamlInput input, OptimizelyBrevoDbContext db, TimeProvider clock, CancellationToken cancellationToken)
    {
        var (imported, problems) = ConnectionYaml.Read(input.Yaml, input.Variables);
        if (imported is not null)
        {
            problems = ConnectionRules.Check(input.Name, imported.Settings);
        }

        if (problems.Count > 0)
        {
            return Refusal.Invalid("The YAML", problems).ToResult();
        }

        var now = clock.GetUtcNow();
        var name = input.Name.Trim();
        var connection = await db.Connections.SingleOrDefaultAsync(row => row.Name == name, cancellationToken);
        var isNew = connection is null;
        if (connection is null)
        {
            connection = new() { Id = PublicId.Short(Connection.IdPrefix), Name = name, Settings = imported!.Settings, CreatedAt = now, UpdatedAt = now };
            db.Connections.Add(connection);
        }

        // What the YAML cannot say stays as it was.
        connection.Settings = imported!.Settings with
        {
            Sources = connection.Settings.Sources,
            Lists = connection.Settings.Lists,
            Conversions = connection.Settings.Conversions,
            Winners = connection.Settings.Winners,
        };
        (connection.Enabled, connection.Variables, connection.UpdatedAt) = (imported.Enabled, imported.Variables, now);
        if (await SaveAsync(connection, db, clock, cancellationToken) is { } refusal)
        {
            return refusal.ToResult();
        }

        return isNew ? TypedResults.Created($"/api/optimizely-brevo/connections/{connection.Id}", ConnectionView.Of(connection)) : TypedResults.Ok(ConnectionView.Of(connection));
    }

    private static async Task<Results<Ok<YamlView>, ProblemHttpResult>> ExportAsync(string id, OptimizelyBrevoDbContext db, CancellationToken cancellationToken)
    {
        if (await db.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is not { } connection)
        {
            return Unknown(id).ToResult();
        }

        var (yaml, variables) = ConnectionYamlText.Write(connection);
        return TypedResults.Ok(new YamlView(connection.Name, yaml, variables));
    }

    private static async Task<Refusal?> SaveAsync(Connection connection, OptimizelyBrevoDbContext db, TimeProvider clock, CancellationToken cancellationToken)
    {
        db.Publish(ConnectionSchedule.Of(connection), clock);
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return Refusal.Conflict("name-taken", "The name is taken", $"There is a connection '{connection.Name}' already. Choose another name, or change that one.");
        }
    }
}
