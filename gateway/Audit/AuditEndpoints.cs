using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Gateway.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Gateway.Audit;

/// <summary>The audit log as an administrator searches and exports it.</summary>
internal static class AuditEndpoints
{
    private const string Columns = "id,at,caller,callerId,role,method,path,status,milliseconds,traceId";

    public static void MapAuditEndpoints(this WebApplication app)
    {
        var group = app.MapGroup("/api/access").WithTags("access").RequireAuthorization(Roles.Admin);
        group.MapGet("/audit", SearchAsync).WithName("SearchAudit").WithSummary("Calls that changed something or were refused, newest first.").ProducesProblem(400);
        group.MapGet("/audit.csv", ExportCsv).WithName("ExportAuditAsCsv").WithSummary("All that match, newest first, as CSV.").Produces<string>(200, "text/csv").ProducesProblem(400);
        group.MapGet("/audit.ndjson", ExportLines).WithName("ExportAuditAsLines").WithSummary("All that match, newest first, one JSON object per line.")
            .Produces<AuditView>(200, "application/x-ndjson").ProducesProblem(400);
    }

    private static async Task<Results<Ok<Page<AuditView>>, ProblemHttpResult>> SearchAsync(
        [AsParameters] AuditFilter filter, GatewayDbContext db, CancellationToken cancellationToken, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var entries = await filter.Apply(db.AuditEntries.AsNoTracking()).Where(entry => after == null || string.Compare(entry.Id, after) < 0)
            .OrderByDescending(entry => entry.Id).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<AuditView>.From(entries.ConvertAll(AuditView.Of), limit, entry => entry.Id));
    }

    private static PushStreamHttpResult ExportCsv([AsParameters] AuditFilter filter, GatewayDbContext db, CancellationToken cancellationToken) => TypedResults.Stream(
        async stream =>
        {
            await using var writer = new StreamWriter(stream, new UTF8Encoding(false));
            await writer.WriteAsync($"{Columns}\n");
            await foreach (var entry in All(filter, db).WithCancellation(cancellationToken))
            {
                await writer.WriteAsync(LineOf(entry));
            }
        },
        "text/csv; charset=utf-8", "audit.csv");

    private static PushStreamHttpResult ExportLines([AsParameters] AuditFilter filter, GatewayDbContext db, CancellationToken cancellationToken) => TypedResults.Stream(
        async stream =>
        {
            await foreach (var entry in All(filter, db).WithCancellation(cancellationToken))
            {
                await JsonSerializer.SerializeAsync(stream, AuditView.Of(entry), PlatformJson.Options, cancellationToken);
                await stream.WriteAsync("\n"u8.ToArray(), cancellationToken);
            }
        },
        "application/x-ndjson", "audit.ndjson");

    private static IAsyncEnumerable<AuditEntry> All(AuditFilter filter, GatewayDbContext db) =>
        filter.Apply(db.AuditEntries.AsNoTracking()).OrderByDescending(entry => entry.Id).AsAsyncEnumerable();

    private static string LineOf(AuditEntry entry) => string.Join(',', new[]
    {
        entry.Id, entry.At.ToString("O", CultureInfo.InvariantCulture), entry.Caller, entry.CallerId, entry.Role, entry.Method, entry.Path,
        entry.Status?.ToString(CultureInfo.InvariantCulture), entry.Milliseconds?.ToString(CultureInfo.InvariantCulture), entry.TraceId,
    }.Select(Quoted)) + "\n";

    // Spreadsheets take a cell that begins so for a formula; whoever names a key or writes a path must not put one there.
    private static string Quoted(string? text)
    {
        var safe = text is { Length: > 0 } && "=+-@\t\r".Contains(text[0], StringComparison.Ordinal) ? $"'{text}" : text ?? "";
        return safe.AsSpan().ContainsAny(",\"\r\n") ? $"\"{safe.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : safe;
    }
}

/// <summary>What to search for; what is not given does not matter.</summary>
internal sealed class AuditFilter
{
    /// <summary>Exact name of the API key or token.</summary>
    public string? Caller { get; init; }

    /// <summary>GET, POST, PUT, PATCH or DELETE.</summary>
    public string? Method { get; init; }

    /// <summary>How the path begins.</summary>
    public string? Path { get; init; }

    /// <summary>Exact HTTP status.</summary>
    public int? Status { get; init; }

    /// <summary>Not before.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Before.</summary>
    public DateTimeOffset? To { get; init; }

    public IQueryable<AuditEntry> Apply(IQueryable<AuditEntry> entries)
    {
        var (method, from, to) = (Method?.ToUpperInvariant(), From?.ToUniversalTime(), To?.ToUniversalTime());
        return entries.Where(entry => (Caller == null || entry.Caller == Caller)
            && (method == null || entry.Method == method)
            && (Path == null || entry.Path.StartsWith(Path))
            && (Status == null || entry.Status == Status)
            && (from == null || entry.At >= from)
            && (to == null || entry.At < to));
    }
}

/// <summary>A call on record.</summary>
/// <param name="Id">Ids sort by time.</param>
/// <param name="At">UTC.</param>
/// <param name="Caller">Name of the API key or token; anonymous when there was none, or none that is valid.</param>
/// <param name="CallerId">Id of the API key, or oidc: and the token's subject.</param>
/// <param name="Role">viewer, operator or admin.</param>
/// <param name="Method">HTTP method.</param>
/// <param name="Path">Without query; a segment with an e-mail address is shown as ….</param>
/// <param name="Status">HTTP status of the answer; absent when it is not known.</param>
/// <param name="Milliseconds">How long it took.</param>
/// <param name="TraceId">Finds the call in logs and traces.</param>
internal sealed record AuditView(
    string Id, DateTimeOffset At, string Caller, string? CallerId, string? Role, string Method, string Path, int? Status, int? Milliseconds, string TraceId)
{
    public static AuditView Of(AuditEntry entry) =>
        new(entry.Id, entry.At, entry.Caller, entry.CallerId, entry.Role, entry.Method, entry.Path, entry.Status, entry.Milliseconds, entry.TraceId);
}
