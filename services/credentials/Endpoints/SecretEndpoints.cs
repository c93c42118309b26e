using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Credentials.Kinds;
using Platform.Credentials.Persistence;
using Platform.Credentials.Secrets;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Credentials.Endpoints;

/// <summary>The internal channel: other services fetch a secret here, and every fetch is on record. The gateway never routes it.</summary>
internal static partial class SecretEndpoints
{
    public static void MapSecretEndpoints(this WebApplication app) =>
        app.MapPost("/internal/credentials/{id}/secret", FetchAsync).WithName("FetchSecret").RequireAuthorization(Roles.Service);

    // POST, though it reads: it leaves a record, and nothing on the way may keep the answer.
    private static async Task<Results<Ok<FetchedSecret>, ProblemHttpResult>> FetchAsync(
        string id, SecretPurpose input, CredentialsDbContext db, CredentialKinds kinds, SecretVault vault, TimeProvider clock, HttpContext http, ILogger<FetchedSecret> logger, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(input.Purpose) || input.Purpose.Length > 200 || input.Purpose.Any(char.IsControl))
        {
            return Refusal.Invalid("The request for a secret", [new("$.purpose", "Required: 1 to 200 characters that say what the secret is for, for example 'courier run run-…'.")]).ToResult();
        }

        var credential = await db.Credentials.Include(row => row.Secret).AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken);
        if (credential is null)
        {
            return CredentialRefusals.Unknown(id).ToResult();
        }

        // A service that was taken over gets the secrets of its own partners and no others.
        var caller = http.CallerName();
        if (!kinds.Get(credential.Type).UsedBy.Contains(caller))
        {
            db.Audit(credential, AuditedAction.SecretRefused, caller, clock.GetUtcNow(), input.Purpose);
            await db.SaveChangesAsync(cancellationToken);
            return CredentialRefusals.NotForCaller(id, credential.Type, caller).ToResult();
        }

        Dictionary<string, string> fields;
        try
        {
            fields = vault.Open(credential.Secret, credential.Type);
        }
        catch (SecretUnreadableException e)
        {
            SecretUnreadable(logger, id, e.Message);
            return CredentialRefusals.SecretUnreadable(id, e).ToResult();
        }

        foreach (var (name, value) in credential.Fields)
        {
            fields.Add(name, value);
        }

        // On record before it leaves.
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Credentials.Where(row => row.Id == id).ExecuteUpdateAsync(set => set.SetProperty(row => row.LastUsedAt, now), cancellationToken);
        db.Audit(credential, AuditedAction.SecretFetched, caller, now, input.Purpose);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new FetchedSecret(id, credential.Type, credential.Version, fields));
    }

    [LoggerMessage(EventId = 200, Level = LogLevel.Error, Message = "The secret of credential {CredentialId} cannot be opened: {Reason}")]
    private static partial void SecretUnreadable(ILogger logger, string credentialId, string reason);
}

/// <summary>What a secret is fetched for; kept in the audit log.</summary>
internal sealed record SecretPurpose(string? Purpose);

/// <summary>All fields of a credential, secret or not.</summary>
internal sealed class FetchedSecret(string id, string type, int version, IReadOnlyDictionary<string, string> fields)
{
    public string Id { get; } = id;

    public string Type { get; } = type;

    public int Version { get; } = version;

    public IReadOnlyDictionary<string, string> Fields { get; } = fields;
}
