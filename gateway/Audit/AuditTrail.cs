using System.Diagnostics;
using System.Security.Claims;
using Npgsql;
using NpgsqlTypes;
using Platform.Gateway.Access;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Gateway.Audit;

/// <summary>
/// Keeps the audit log (G2). A call that may change something is on record before it is forwarded, so that a crash loses no trace of it, and its outcome is added after; what cannot be
/// recorded is not forwarded. Reading is not recorded, refused reading is.
/// </summary>
internal sealed partial class AuditTrail(NpgsqlDataSource database, TimeProvider clock, ILogger<AuditTrail> logger) : IMiddleware
{
    private const int MaxPathLength = 500;

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        var reads = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method);
        if (reads || context.User.Identity?.IsAuthenticated != true)
        {
            await next(context);
            if (context.Response.StatusCode is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden && request.Path.StartsWithSegments("/api"))
            {
                var refused = EntryOf(context);
                refused.Status = context.Response.StatusCode;
                refused.Milliseconds = 0;
                await WriteAsync(refused, context.RequestAborted);
            }

            return;
        }

        var entry = EntryOf(context);
        await WriteAsync(entry, context.RequestAborted);
        var watch = Stopwatch.StartNew();
        try
        {
            await next(context);
            entry.Status = context.Response.StatusCode;
        }
        catch (Exception e)
        {
            // Answered further out; the record needs the status now.
            entry.Status = e switch
            {
                RefusedException refused => refused.Refusal.Status,
                BadHttpRequestException bad => bad.StatusCode,
                OperationCanceledException when context.RequestAborted.IsCancellationRequested => StatusCodes.Status499ClientClosedRequest,
                _ => StatusCodes.Status500InternalServerError,
            };
            throw;
        }
        finally
        {
            entry.Milliseconds = (int)Math.Min(watch.ElapsedMilliseconds, int.MaxValue);
            await CloseAsync(entry);
        }
    }

    private AuditEntry EntryOf(HttpContext context) => new()
    {
        Id = PublicId.Sequential("au"),
        At = clock.GetUtcNow(),
        Caller = context.User.Identity?.IsAuthenticated == true ? context.CallerName() : Roles.Anonymous,
        CallerId = context.User.FindFirstValue(ApiKeyAuthentication.KeyIdClaim),
        Role = context.User.FindFirstValue(ClaimTypes.Role),
        Method = context.Request.Method,
        Path = Shown(context.Request.Path.Value ?? "/"),
        TraceId = Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier,
    };

    // Some paths name a contact by his e-mail address, which is nobody's business here.
    private static string Shown(string path)
    {
        var shown = string.Join('/', path.Split('/').Select(segment => segment.Contains('@', StringComparison.Ordinal) ? "…" : segment));
        shown = new([.. shown.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '\uFFFD' : c)]);
        return shown.Length > MaxPathLength ? shown[..MaxPathLength] : shown;
    }

    private async Task WriteAsync(AuditEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = database.CreateCommand("""
                insert into audit_entries (id, at, caller, caller_id, role, method, path, status, milliseconds, trace_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                """);
            command.Parameters.Add(new() { Value = entry.Id });
            command.Parameters.Add(new() { Value = entry.At });
            command.Parameters.Add(new() { Value = entry.Caller });
            command.Parameters.Add(new() { Value = (object?)entry.CallerId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
            command.Parameters.Add(new() { Value = (object?)entry.Role ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
            command.Parameters.Add(new() { Value = entry.Method });
            command.Parameters.Add(new() { Value = entry.Path });
            command.Parameters.Add(new() { Value = (object?)entry.Status ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer });
            command.Parameters.Add(new() { Value = (object?)entry.Milliseconds ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer });
            command.Parameters.Add(new() { Value = entry.TraceId });
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (NpgsqlException e)
        {
            throw new RefusedException(new(StatusCodes.Status503ServiceUnavailable, "audit-unavailable", "The audit log cannot be written",
                "The gateway's database does not answer, and no call is carried out that cannot be recorded. Try again in a few seconds."), e);
        }
    }

    private async Task CloseAsync(AuditEntry entry)
    {
        try
        {
            // Whether the caller waits for it or not, the outcome belongs on record.
            await using var command = database.CreateCommand("update audit_entries set status = $2, milliseconds = $3 where id = $1");
            command.Parameters.Add(new() { Value = entry.Id });
            command.Parameters.Add(new() { Value = entry.Status!.Value });
            command.Parameters.Add(new() { Value = entry.Milliseconds!.Value });
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (NpgsqlException e)
        {
            OutcomeNotRecorded(logger, e, entry.Id, entry.Status!.Value);
        }
    }

    [LoggerMessage(EventId = 320, Level = LogLevel.Error, Message = "The outcome {Status} of the audit entry {Id} could not be recorded")]
    private static partial void OutcomeNotRecorded(ILogger logger, Exception exception, string id, int status);
}
