using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Gateway.OpenApi;
using Platform.Gateway.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Gateway.Access;

/// <summary>API keys as an administrator manages them. A key is shown once, in the answer that creates it.</summary>
internal static class KeyEndpoints
{
    public static void MapKeyEndpoints(this WebApplication app)
    {
        var group = app.MapGroup("/api/access/keys").WithTags("access").RequireAuthorization(Roles.Admin);
        group.MapGet("/", ListAsync).WithName("ListApiKeys").WithSummary("Lists API keys by creation, without the keys themselves; revoked ones only on request.");
        group.MapPost("/", CreateAsync).WithName("CreateApiKey").WithSummary("Makes an API key. The answer is the only place where the key itself is ever shown.")
            .ProducesProblem(400).ProducesProblem(409);
        group.MapDelete("/{id}", RevokeAsync).WithName("RevokeApiKey").WithSummary("Revokes an API key, here at once and everywhere within five seconds.").ProducesProblem(404);
    }

    private static async Task<Results<Ok<Page<ApiKeyView>>, ProblemHttpResult>> ListAsync(
        GatewayDbContext db, CancellationToken cancellationToken, bool revoked = false, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var keys = await db.ApiKeys.AsNoTracking()
            .Where(key => (revoked || key.RevokedAt == null) && (after == null || string.Compare(key.Id, after) > 0))
            .OrderBy(key => key.Id).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<ApiKeyView>.From(keys.ConvertAll(ApiKeyView.Of), limit, key => key.Id));
    }

    private static async Task<Results<Created<CreatedApiKey>, ProblemHttpResult>> CreateAsync(
        ApiKeyInput input, GatewayDbContext db, UnifiedOpenApi document, TimeProvider clock, HttpContext http, CancellationToken cancellationToken)
    {
        var scopeProblems = Scopes.Problems(input.Scopes, input.Role, Scopes.LimitsOf(http), document.Scopes);
        var (key, text, refusal) = await KeyCreation.CreateAsync(db, input, scopeProblems, http.CallerName(), clock, cancellationToken);
        return refusal is not null ? refusal.ToResult() : TypedResults.Created($"/api/access/keys/{key!.Id}", new CreatedApiKey(text!, ApiKeyView.Of(key)));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(string id, GatewayDbContext db, ApiKeyCache cache, TimeProvider clock, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var revoked = await db.ApiKeys.Where(key => key.Id == id && key.RevokedAt == null).ExecuteUpdateAsync(set => set.SetProperty(key => key.RevokedAt, now), cancellationToken);
        if (revoked == 0)
        {
            return Refusal.NotFound("API key", id, "GET /api/access/keys lists the keys that are valid.").ToResult();
        }

        cache.Forget();
        return TypedResults.NoContent();
    }
}

/// <summary>A key to make.</summary>
internal sealed class ApiKeyInput
{
    /// <summary>Unique among the valid keys; 1 to 100 characters. Services and audit logs know the caller by it.</summary>
    public string? Name { get; init; }

    /// <summary>viewer (reads), operator (also sets up and runs) or admin (also credentials and keys).</summary>
    public string? Role { get; init; }

    /// <summary>Limits the key to some of what its role may: <c>couriers:read</c>, <c>feeds:write</c> …; <c>x-scope</c> of each operation in /openapi.json says which one it needs. Without it the key may do all that its role may.</summary>
    public List<string>? Scopes { get; init; }

    /// <summary>From then on the key is refused; without it the key is valid until it is revoked.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A new key.</summary>
/// <param name="Key">The key itself: keep it now, it is never shown again.</param>
/// <param name="Properties">What is shown of it later.</param>
internal sealed record CreatedApiKey(string Key, ApiKeyView Properties);

/// <summary>A key as it is shown.</summary>
/// <param name="Id">Names the key in paths.</param>
/// <param name="Name">Its name.</param>
/// <param name="Role">viewer, operator or admin.</param>
/// <param name="Scopes">What it is limited to; absent when it may do all that its role may.</param>
/// <param name="Start">How the key begins.</param>
/// <param name="CreatedAt">UTC.</param>
/// <param name="CreatedBy">Name of the key that made it.</param>
/// <param name="ExpiresAt">UTC; absent when it does not expire.</param>
/// <param name="LastUsedAt">UTC, to the minute; absent when it was never used.</param>
/// <param name="RevokedAt">UTC; absent while it is valid.</param>
internal sealed record ApiKeyView(
    string Id, string Name, string Role, IReadOnlyList<string>? Scopes, string Start, DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt)
{
    public static ApiKeyView Of(ApiKey key) =>
        new(key.Id, key.Name, key.Role, key.Scopes, $"cp_{key.Prefix}", key.CreatedAt, key.CreatedBy, key.ExpiresAt, key.LastUsedAt, key.RevokedAt);
}
