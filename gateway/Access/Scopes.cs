using Microsoft.AspNetCore.Authorization;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Gateway.Access;

/// <summary>
/// What a limited key or token may do, beside its role: <c>couriers:read</c>, <c>feeds:write</c>. The scope of an operation is the word after <c>/api/</c> in its path and whether its method reads, so that
/// no route can be forgotten. A key without scopes may do all that its role may; a key with scopes nothing but these, and of these only what its role may.
/// </summary>
internal static class Scopes
{
    /// <summary>One claim per scope; a caller with none of them is not limited.</summary>
    public const string Claim = "scope";

    private const int MaxProblems = 20;
    private const string Reading = "read";
    private const string Writing = "write";

    /// <summary>The scope that a call needs, from its route's pattern; null for what lies outside <c>/api</c>, or whose place is not fixed by its route.</summary>
    public static string? Of(string method, string? pattern) => pattern?.Split('/', StringSplitOptions.RemoveEmptyEntries) is ["api", var place, ..] && !place.Contains('{', StringComparison.Ordinal)
        ? $"{place}:{(HttpMethods.IsGet(method) || HttpMethods.IsHead(method) ? Reading : Writing)}"
        : null;

    /// <summary>Has the form of a scope, whether there is one of this name or not.</summary>
    public static bool LooksLikeOne(string text) => text.Split(':') is [{ Length: > 0 }, Reading or Writing];

    /// <summary>The scopes the caller is limited to, or null.</summary>
    public static IReadOnlyList<string>? LimitsOf(HttpContext context) => context.User.FindAll(Claim).Select(claim => claim.Value).ToList() is { Count: > 0 } scopes ? scopes : null;

    /// <summary>Refuses what a limited key is not meant for; what is not known to be allowed is refused. Comes after authorization.</summary>
    public static void UseScopes(this WebApplication app) => app.Use((context, next) =>
    {
        if (context.GetEndpoint() is not RouteEndpoint endpoint || endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null || LimitsOf(context) is not { } scopes)
        {
            return next(context);
        }

        var needed = Of(context.Request.Method, endpoint.RoutePattern.RawText);
        return needed is not null && scopes.Contains(needed) ? next(context) : Missing(needed, scopes).ToResult().ExecuteAsync(context);
    });

    /// <summary>What is wrong with the scopes of a new key.</summary>
    /// <param name="scopes">As they were given.</param>
    /// <param name="role">Of the new key.</param>
    /// <param name="limits">The scopes of the key that makes it, which it cannot go beyond.</param>
    /// <param name="known">All there are.</param>
    public static IEnumerable<FieldProblem> Problems(IReadOnlyList<string>? scopes, string? role, IReadOnlyList<string>? limits, IReadOnlyCollection<string> known)
    {
        if (scopes is null)
        {
            return limits is null ? [] : [new("$.scopes", $"Required, because the key that asks is limited itself: at most {string.Join(", ", limits)}.")];
        }

        if (scopes.Count == 0)
        {
            return [new("$.scopes", "Must name at least one scope. Leave the member out for a key that may do all that its role may.")];
        }

        return scopes.Select((scope, index) => (Path: $"$.scopes[{index}]", Problem: ProblemOf(scope, role, limits, known))).Where(found => found.Problem is not null)
            .Select(found => new FieldProblem(found.Path, found.Problem!)).Take(MaxProblems);
    }

    private static string? ProblemOf(string scope, string? role, IReadOnlyList<string>? limits, IReadOnlyCollection<string> known)
    {
        if (!known.Contains(scope))
        {
            var meant = Spelling.Nearest(scope, known);
            return $"There is no such scope{(meant.Count > 0 ? $"; did you mean {string.Join(" or ", meant.Select(one => $"'{one}'"))}?" : $": one of {string.Join(", ", known)}.")}";
        }

        return role == Roles.Viewer && scope.EndsWith($":{Writing}", StringComparison.Ordinal) ? "The role viewer reads only; this scope would allow nothing."
            : limits?.Contains(scope) == false ? $"The key that asks does not have it itself: at most {string.Join(", ", limits)}."
            : null;
    }

    private static Refusal Missing(string? needed, IReadOnlyList<string> scopes) => new(StatusCodes.Status403Forbidden, "scope-missing", "The scopes do not allow this request",
        $"The API key or token is limited to {string.Join(", ", scopes)}, and this request needs {needed ?? "one without scopes"}. Use one that has it.");
}
