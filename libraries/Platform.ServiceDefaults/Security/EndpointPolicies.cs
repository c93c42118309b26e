using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Platform.ServiceDefaults.Security;

/// <summary>An endpoint whose author forgot to say who may call it does not start (G2). The fallback policy would keep strangers out all the same; this makes the mistake visible.</summary>
public static class EndpointPolicies
{
    private static readonly string[] ForPeople = [.. Roles.OfPeople, Roles.Anonymous];

    /// <summary>
    /// Throws <see cref="InvalidOperationException"/> that names every endpoint without a policy of <see cref="Roles"/> or an explicit <c>AllowAnonymous</c>, and every endpoint below
    /// <c>/internal</c> that is open to others than services.
    /// </summary>
    public static void RequirePolicies(this WebApplication app)
    {
        var problems = ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Select(endpoint => (Endpoint: endpoint, Problem: ProblemOf(endpoint))).Where(found => found.Problem is not null)
            .Select(found => $"{found.Endpoint.DisplayName}: {found.Problem}").ToList();
        if (problems.Count > 0)
        {
            throw new InvalidOperationException($"Endpoints that do not say who may call them: {string.Join("; ", problems)}.");
        }
    }

    private static string? ProblemOf(RouteEndpoint endpoint)
    {
        if (endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null)
        {
            return null;
        }

        var policies = endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(data => data.Policy).ToList();
        string[] expected = endpoint.RoutePattern.RawText?.TrimStart('/').StartsWith("internal/", StringComparison.Ordinal) == true ? [Roles.Service] : ForPeople;
        return policies.Count == 0 ? "it has no policy; RequireAuthorization(Roles.…) gives it one"
            : policies.Find(policy => policy is null || !expected.Contains(policy)) is { } wrong ? $"its policy is '{wrong}', expected one of {string.Join(", ", expected)}"
            : policies.Contains(null) ? $"its policy has no name, expected one of {string.Join(", ", expected)}"
            : null;
    }
}
