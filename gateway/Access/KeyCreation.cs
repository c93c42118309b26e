using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Gateway.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Gateway.Access;

/// <summary>Making a key, for the API and the command line alike.</summary>
internal static class KeyCreation
{
    /// <summary>How the names of callers with a token of the OpenID Connect issuer begin, so that no key can be taken for one.</summary>
    public const string TokenNameStart = "oidc:";

    public static async Task<(ApiKey? Key, string? Text, Refusal? Refusal)> CreateAsync(
        GatewayDbContext db, ApiKeyInput input, IEnumerable<FieldProblem> scopeProblems, string createdBy, TimeProvider clock, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var problems = new List<FieldProblem>();
        if (string.IsNullOrWhiteSpace(input.Name) || input.Name.Length > 100 || input.Name != input.Name.Trim() || input.Name.Any(char.IsControl))
        {
            problems.Add(new("$.name", "Required: 1 to 100 characters, without control characters and without spaces at either end."));
        }

        else if (input.Name.StartsWith(TokenNameStart, StringComparison.OrdinalIgnoreCase))
        {
            problems.Add(new("$.name", $"Must not begin with '{TokenNameStart}': callers with tokens are called so."));
        }

        if (input.Role is null || !Roles.OfPeople.Contains(input.Role))
        {
            problems.Add(new("$.role", $"{(input.Role is null ? "Required" : $"There is no role '{input.Role}'")}: one of {string.Join(", ", Roles.OfPeople)}."));
        }

        problems.AddRange(scopeProblems);
        if (input.ExpiresAt <= now)
        {
            problems.Add(new("$.expiresAt", $"Must lie in the future; it is {now:yyyy-MM-ddTHH:mm:ssZ} now."));
        }

        if (problems.Count > 0)
        {
            return (null, null, Refusal.Invalid("The API key", problems));
        }

        var text = KeyText.Create();
        var key = new ApiKey
        {
            Id = PublicId.Sequential("key"),
            Name = input.Name!,
            Role = input.Role!,
            Scopes = input.Scopes?.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray(),
            Prefix = KeyText.PrefixOf(text),
            Hash = KeyText.HashOf(text),
            CreatedAt = now,
            CreatedBy = createdBy,
            ExpiresAt = input.ExpiresAt?.ToUniversalTime(),
        };
        db.ApiKeys.Add(key);
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: GatewayDbContext.NameIndex })
        {
            return (null, null, Refusal.Conflict("name-taken", "The name is taken", $"A valid API key is named '{input.Name}' already. Revoke it first, or choose another name."));
        }

        return (key, text, null);
    }
}
