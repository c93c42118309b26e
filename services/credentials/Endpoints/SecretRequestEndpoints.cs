using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Platform.Credentials.Kinds;
using Platform.Credentials.Persistence;
using Platform.Credentials.SecretRequests;
using Platform.Credentials.Secrets;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Credentials.Endpoints;

/// <summary>Asking others for secrets (C4), as people with a key do it.</summary>
internal static class SecretRequestEndpoints
{
    public static void MapSecretRequests(this WebApplication app)
    {
        var group = app.MapGroup("/api/secret-requests").WithTags("secret-requests").RequireAuthorization(Roles.Viewer);
        group.MapGet("/", ListAsync).WithName("ListSecretRequests").WithSummary("Lists requests for secrets, newest first, without their links.");
        group.MapGet("/{id}", GetAsync).WithName("GetSecretRequest").WithSummary("One request for a secret, without its link.").ProducesProblem(404);
        group.MapPost("/", CreateAsync).WithName("CreateSecretRequest")
            .WithSummary("Makes a link that works once: its receiver enters a secret, which becomes a credential or changes one, and which the requester never sees.")
            .RequireAuthorization(Roles.Admin).ProducesProblem(400);
        group.MapDelete("/{id}", WithdrawAsync).WithName("WithdrawSecretRequest").WithSummary("Makes the link unusable.").RequireAuthorization(Roles.Admin).ProducesProblem(404).ProducesProblem(409);
    }

    private static async Task<Results<Ok<Page<SecretRequestView>>, ProblemHttpResult>> ListAsync(
        CredentialsDbContext db, TimeProvider clock, CancellationToken cancellationToken, string? credentialId = null, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        // Ids begin with the time they were made, so their order is that of time.
        var now = clock.GetUtcNow();
        var rows = await db.SecretRequests.AsNoTracking()
            .Where(row => (credentialId == null || row.CredentialId == credentialId) && (after == null || string.Compare(row.Id, after) < 0))
            .OrderByDescending(row => row.Id).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<SecretRequestView>.From(rows.ConvertAll(row => SecretRequestView.Of(row, now)), limit, view => view.Id));
    }

    private static async Task<Results<Ok<SecretRequestView>, ProblemHttpResult>> GetAsync(string id, CredentialsDbContext db, TimeProvider clock, CancellationToken cancellationToken) =>
        await db.SecretRequests.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken) is { } request
            ? TypedResults.Ok(SecretRequestView.Of(request, clock.GetUtcNow()))
            : CredentialRefusals.UnknownRequest(id).ToResult();

    private static async Task<Results<Created<SecretRequestView>, ProblemHttpResult>> CreateAsync(
        SecretRequestInput input, CredentialsDbContext db, CredentialKinds kinds, IOptions<SecretRequestOptions> options, TimeProvider clock, HttpContext http, CancellationToken cancellationToken)
    {
        var existing = input.CredentialId is null ? null : await db.Credentials.AsNoTracking().SingleOrDefaultAsync(row => row.Id == input.CredentialId, cancellationToken);
        kinds.TryGet(existing?.Type ?? (input.CredentialId is null ? input.Type ?? "" : ""), out var kind);
        var problems = input.Check(existing, kind, kinds.KnownNames);
        if (problems.Count > 0)
        {
            return Refusal.Invalid("The request for a secret", problems).ToResult();
        }

        if (existing is null && await db.Credentials.AnyAsync(row => row.Name == input.Name, cancellationToken))
        {
            return CredentialRefusals.NameTaken.ToResult();
        }

        var (token, hash) = LinkToken.Create();
        var now = clock.GetUtcNow();
        var request = new SecretRequest
        {
            Id = PublicId.Sequential("sreq"),
            TokenHash = hash,
            CredentialId = existing?.Id ?? PublicId.Short("cred"),
            Creates = existing is null,
            Name = existing?.Name ?? input.Name!,
            Type = kind!.Name,
            Description = input.Description,
            Labels = input.Labels ?? [],
            Fields = CredentialFields.FromInput(kind, input.Fields),
            Asked = input.AskedOf(kind),
            Note = input.Note,
            RequestedBy = http.CallerName(),
            CreatedAt = now,
            ExpiresAt = now.AddMinutes(input.LifetimeMinutes ?? SecretRequestInput.DefaultLifetimeMinutes),
        };
        db.SecretRequests.Add(request);
        db.Audit(request.CredentialId, request.Name, AuditedAction.SecretRequested, http.CallerName(), now, $"{request.Id}: {string.Join(", ", request.Asked)}");
        await db.SaveChangesAsync(cancellationToken);
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created($"/api/secret-requests/{request.Id}", SecretRequestView.Of(request, now, LinkOf(token, options.Value, http)));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> WithdrawAsync(string id, CredentialsDbContext db, TimeProvider clock, HttpContext http, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var request = await db.SecretRequests.FromSql($"select * from secret_requests where id = {id} for update").SingleOrDefaultAsync(cancellationToken);
        var now = clock.GetUtcNow();
        if (request is null)
        {
            return CredentialRefusals.UnknownRequest(id).ToResult();
        }

        if (request.ReceivedAt is not null)
        {
            return CredentialRefusals.AlreadyReceived(id).ToResult();
        }

        if (request.WithdrawnAt is null)
        {
            request.WithdrawnAt = now;
            db.Audit(request.CredentialId, request.Name, AuditedAction.SecretRequestWithdrawn, http.CallerName(), now, id);
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return TypedResults.NoContent();
    }

    private static string LinkOf(string token, SecretRequestOptions options, HttpContext http)
    {
        var path = $"/secret-requests/{token}";
        var (scheme, host) = (http.Request.Headers["X-Forwarded-Proto"].ToString(), http.Request.Headers["X-Forwarded-Host"].ToString());
        return options.PublicAddress is { Length: > 0 } address ? address.TrimEnd('/') + path
            : scheme is "http" or "https" && host.Length > 0 ? $"{scheme}://{host}{path}"
            : path;
    }
}
