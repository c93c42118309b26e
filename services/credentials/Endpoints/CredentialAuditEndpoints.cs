using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Credentials.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Credentials.Endpoints;

/// <summary>Who used or changed which credential, when and what for (C5).</summary>
internal static class CredentialAuditEndpoints
{
    public static void MapCredentialAudit(this WebApplication app) => app.MapGet("/api/credential-audit", SearchAsync)
        .WithName("SearchCredentialAudit").WithTags("credentials").WithSummary("Who used, tried, asked for or changed credentials, newest first. Entries outlive their credential.")
        .RequireAuthorization(Roles.Admin).ProducesProblem(400);

    private static async Task<Results<Ok<Page<CredentialAuditView>>, ProblemHttpResult>> SearchAsync(
        CredentialsDbContext db, CancellationToken cancellationToken, string? credentialId = null, string? caller = null, QueryWord<AuditedAction>? action = null, DateTimeOffset? from = null,
        DateTimeOffset? to = null, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var before = long.MaxValue;
        if (after is not null && !long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out before))
        {
            return Refusal.Invalid("The query", [new("after", "Must be the value of 'next' of the page before.")]).ToResult();
        }

        var wanted = action?.Value;
        var (since, until) = (from?.ToUniversalTime(), to?.ToUniversalTime());
        var rows = await db.AuditEntries.AsNoTracking()
            .Where(entry => entry.Id < before
                && (credentialId == null || entry.CredentialId == credentialId)
                && (caller == null || entry.Caller == caller)
                && (wanted == null || entry.Action == wanted)
                && (since == null || entry.At >= since)
                && (until == null || entry.At < until))
            .OrderByDescending(entry => entry.Id).Take(limit + 1)
            .Select(entry => new CredentialAuditView(entry.Id, entry.At, entry.Caller, entry.Action, entry.CredentialId, entry.CredentialName, entry.Detail, entry.TraceId))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<CredentialAuditView>.From(rows, limit, entry => entry.Id.ToString(CultureInfo.InvariantCulture)));
    }
}

/// <summary>An entry of the audit log. <paramref name="Caller"/> is an API key, a service, or the request by whose link a secret came; <paramref name="Detail"/> says which fields, what for or how it ended.</summary>
internal sealed record CredentialAuditView(long Id, DateTimeOffset At, string Caller, AuditedAction Action, string CredentialId, string CredentialName, string? Detail, string? TraceId);
