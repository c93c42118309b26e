using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Contracts.Credentials;
using Platform.Credentials.Kinds;
using Platform.Credentials.Persistence;
using Platform.Credentials.Secrets;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Security;

namespace Platform.Credentials.Endpoints;

/// <summary>Credentials as people manage them. Secrets go in and never come out.</summary>
internal static class CredentialEndpoints
{
    public static void MapCredentialEndpoints(this WebApplication app)
    {
        var group = app.MapGroup("/api/credentials").WithTags("credentials").RequireAuthorization(Roles.Viewer);
        group.MapGet("/", ListAsync).WithName("ListCredentials").WithSummary("Lists credentials by name, without their secrets.");
        group.MapGet("/{id}", GetAsync).WithName("GetCredential").WithSummary("One credential, without its secrets.").ProducesProblem(404);
        group.MapPost("/", CreateAsync).WithName("CreateCredential").WithSummary("Stores a credential; its secret fields are encrypted and never shown again.")
            .RequireAuthorization(Roles.Admin).ProducesProblem(400).ProducesProblem(409);
        group.MapPut("/{id}", ChangeAsync).WithName("ChangeCredential")
            .WithSummary("Changes a credential. A secret field that is left out keeps its value; null removes it. Without 'fields' all fields stay.")
            .RequireAuthorization(Roles.Admin).ProducesProblem(400).ProducesProblem(404).ProducesProblem(409);
        group.MapDelete("/{id}", DeleteAsync).WithName("DeleteCredential").WithSummary("Deletes a credential and its secret for good.")
            .RequireAuthorization(Roles.Admin).ProducesProblem(404);
    }

    private static async Task<Results<Ok<Page<CredentialView>>, ProblemHttpResult>> ListAsync(
        CredentialsDbContext db, Ageing ageing, CancellationToken cancellationToken, string? type = null, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var rows = await db.Credentials.AsNoTracking()
            .Where(row => (type == null || row.Type == type) && (after == null || string.Compare(row.Name, after) > 0))
            .OrderBy(row => row.Name).Take(limit + 1)
            .Select(row => new { Credential = row, row.Secret.SetFields })
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<CredentialView>.From(rows.ConvertAll(row => CredentialView.Of(row.Credential, row.SetFields, ageing)), limit, view => view.Name));
    }

    private static async Task<Results<Ok<CredentialView>, ProblemHttpResult>> GetAsync(string id, CredentialsDbContext db, Ageing ageing, CancellationToken cancellationToken)
    {
        var row = await db.Credentials.AsNoTracking().Where(row => row.Id == id)
            .Select(row => new { Credential = row, row.Secret.SetFields }).SingleOrDefaultAsync(cancellationToken);
        return row is null ? CredentialRefusals.Unknown(id).ToResult() : TypedResults.Ok(CredentialView.Of(row.Credential, row.SetFields, ageing));
    }

    private static async Task<Results<Created<CredentialView>, ProblemHttpResult>> CreateAsync(
        CredentialInput input, CredentialsDbContext db, CredentialKinds kinds, SecretVault vault, Ageing ageing, TimeProvider clock, HttpContext http, CancellationToken cancellationToken)
    {
        var problems = input.CheckNaming();
        if (!kinds.TryGet(input.Type ?? "", out var kind))
        {
            problems.Add(new("$.type", $"{(input.Type is null ? "Required" : $"There is no type '{input.Type}'")}: one of {kinds.KnownNames}."));
        }

        var fields = CredentialFields.FromInput(kind, input.Fields);
        problems.AddRange(kind?.Validate(fields) ?? []);
        if (problems.Count > 0)
        {
            return Refusal.Invalid("The credential", problems).ToResult();
        }

        var now = clock.GetUtcNow();
        var id = PublicId.Short("cred");
        var credential = NewCredential.Seal(id, input.Name!, kind!, input.Description, input.Labels ?? [], fields, vault, now);
        db.Credentials.Add(credential);
        db.Audit(credential, AuditedAction.Created, http.CallerName(), now);
        if (await TrySaveAsync(db, cancellationToken) is { } refusal)
        {
            return refusal.ToResult();
        }

        return TypedResults.Created($"/api/credentials/{id}", CredentialView.Of(credential, credential.Secret.SetFields, ageing));
    }

    private static async Task<Results<Ok<CredentialView>, ProblemHttpResult>> ChangeAsync(
        string id, CredentialInput input, CredentialsDbContext db, CredentialKinds kinds, SecretVault vault, Ageing ageing, TimeProvider clock, HttpContext http, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);

        // Locked, so that of two simultaneous changes the second starts from the result of the first.
        var credential = await db.Credentials.FromSql($"select * from credentials where id = {id} for update").SingleOrDefaultAsync(cancellationToken);
        if (credential is null)
        {
            return CredentialRefusals.Unknown(id).ToResult();
        }

        await db.LockSecretAsync(id, cancellationToken);
        var kind = kinds.Get(credential.Type);
        var problems = input.CheckNaming();
        if (input.Type is not null && input.Type != credential.Type)
        {
            problems.Add(new("$.type", $"The type of a credential never changes; this one is '{credential.Type}'. Create another credential for '{input.Type}'."));
        }

        CredentialChange? change = null;
        if (input.Fields is not null)
        {
            try
            {
                change = CredentialChange.From(credential, kind, input.Fields, vault);
            }
            catch (SecretUnreadableException e)
            {
                return CredentialRefusals.SecretUnreadable(id, e).ToResult();
            }

            problems.AddRange(change.Problems);
        }

        if (problems.Count > 0)
        {
            return Refusal.Invalid($"The change of credential '{id}'", problems).ToResult();
        }

        var now = clock.GetUtcNow();
        credential.Name = input.Name!;
        credential.Description = input.Description;
        credential.Labels = input.Labels ?? [];
        credential.UpdatedAt = now;
        if (change is { Changed.Count: > 0 })
        {
            change.Apply(credential, vault, now);
            db.Publish(new CredentialRotated { CredentialId = id, Version = credential.Version, RotatedAt = now }, clock);
        }

        db.Audit(credential, AuditedAction.Updated, http.CallerName(), now, change is { Changed.Count: > 0 } ? $"fields: {string.Join(", ", change.Changed)}" : null);
        if (await TrySaveAsync(db, cancellationToken) is { } refusal)
        {
            return refusal.ToResult();
        }

        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(CredentialView.Of(credential, credential.Secret.SetFields, ageing));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        string id, CredentialsDbContext db, TimeProvider clock, HttpContext http, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var credential = await db.Credentials.FromSql($"select * from credentials where id = {id} for update").SingleOrDefaultAsync(cancellationToken);
        if (credential is null)
        {
            return CredentialRefusals.Unknown(id).ToResult();
        }

        db.Credentials.Remove(credential);
        db.Audit(credential, AuditedAction.Deleted, http.CallerName(), clock.GetUtcNow());
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Refusal?> TrySaveAsync(CredentialsDbContext db, CancellationToken cancellationToken)
    {
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: CredentialsDbContext.NameIndex })
        {
            return CredentialRefusals.NameTaken;
        }
    }
}
