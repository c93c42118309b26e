using Platform.Gateway.Access;
using Platform.ServiceDefaults.Security;
using Yarp.ReverseProxy.Configuration;

namespace Platform.Gateway.Routes;

/// <summary>
/// The rules of routes.json, checked before the gateway starts: each route names its methods, a path below <c>/api</c> and one of the policies of <see cref="Roles"/>; only the paths listed here are open to anyone; each
/// cluster's address is the name of the setting that holds it.
/// </summary>
internal sealed class RouteRules(IConfiguration configuration) : IProxyConfigFilter
{
    /// <summary>The paths that are open to anyone: a bucket's owner, who has no key, opens the link he was sent (C4).</summary>
    private static readonly string[] OpenToAnyone = ["/secret-requests/{token}"];

    public ValueTask<RouteConfig> ConfigureRouteAsync(RouteConfig route, ClusterConfig? cluster, CancellationToken cancel)
    {
        var problems = new List<string>();
        if (OpenToAnyone.Contains(route.Match.Path))
        {
            if (route.AuthorizationPolicy != Roles.Anonymous)
            {
                problems.Add($"AuthorizationPolicy is '{route.AuthorizationPolicy}', expected {Roles.Anonymous} for {route.Match.Path}");
            }
        }
        else
        {
            if (route.AuthorizationPolicy is null || !Roles.OfPeople.Contains(route.AuthorizationPolicy))
            {
                problems.Add($"AuthorizationPolicy is '{route.AuthorizationPolicy}', expected one of {string.Join(", ", Roles.OfPeople)}");
            }

            if (route.Match.Path?.StartsWith("/api/", StringComparison.Ordinal) != true)
            {
                problems.Add($"Match.Path is '{route.Match.Path}', expected a path below /api/");
            }
            else if (Scopes.Of(HttpMethods.Get, route.Match.Path) is null)
            {
                problems.Add($"Match.Path is '{route.Match.Path}', expected a fixed word after /api/: the scopes of keys are named by it");
            }
        }

        if (route.Match.Methods is not { Count: > 0 })
        {
            problems.Add("Match.Methods is missing, expected the methods the policy is meant for");
        }

        if (cluster is null)
        {
            problems.Add($"ClusterId '{route.ClusterId}' is not among the clusters");
        }

        return problems.Count == 0
            ? new(route)
            : throw new InvalidOperationException($"routes.json, route '{route.RouteId}': {string.Join("; ", problems)}.");
    }

    public ValueTask<ClusterConfig> ConfigureClusterAsync(ClusterConfig cluster, CancellationToken cancel)
    {
        var destinations = cluster.Destinations!.ToDictionary(pair => pair.Key, pair => pair.Value with { Address = AddressOf(cluster.ClusterId, pair.Value.Address) });
        return new(cluster with { Destinations = destinations });
    }

    private string AddressOf(string cluster, string setting)
    {
        if (setting != $"Services:{cluster}")
        {
            throw new InvalidOperationException($"routes.json, cluster '{cluster}': the address must be the name of the setting 'Services:{cluster}', not '{setting}'.");
        }

        var address = configuration[setting];
        return Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? address!
            : throw new InvalidOperationException($"The setting {setting} is '{address}'. It must be the address of the {cluster} service, for example http://127.0.0.1:5101.");
    }
}
