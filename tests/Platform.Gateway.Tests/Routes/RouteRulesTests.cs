using Microsoft.Extensions.Configuration;
using Platform.Gateway.Routes;
using Platform.ServiceDefaults.Security;
using Xunit;
using Yarp.ReverseProxy.Configuration;

namespace Platform.Gateway.Tests.Routes;

public sealed class RouteRulesTests(GatewayApp app)
{
    private static readonly ClusterConfig Feeds = new() { ClusterId = "feeds", Destinations = new Dictionary<string, DestinationConfig> { ["service"] = new() { Address = "Services:feeds" } } };
    private static readonly RouteConfig Valid = new() { RouteId = "r", ClusterId = "feeds", AuthorizationPolicy = "viewer", Match = new() { Path = "/api/feeds", Methods = ["GET"] } };

    [Fact]
    public async Task A_route_without_a_policy_does_not_start()
    {
        await using var gateway = app.With(new() { ["ReverseProxy:Routes:open:ClusterId"] = "feeds", ["ReverseProxy:Routes:open:Match:Path"] = "/api/open", ["ReverseProxy:Routes:open:Match:Methods:0"] = "GET" });

        var problem = Assert.ThrowsAny<Exception>(() => gateway.CreateDefaultClient());

        Assert.Contains("route 'open': AuthorizationPolicy is ''", problem.ToString());
    }

    [Fact]
    public async Task Every_problem_of_a_route_is_named()
    {
        var wrong = Valid with { AuthorizationPolicy = "anonymous", Match = new() { Path = "/internal/{**rest}" } };

        var problem = await Assert.ThrowsAsync<InvalidOperationException>(async () => await Rules().ConfigureRouteAsync(wrong, null, CancellationToken.None));

        Assert.Contains("AuthorizationPolicy is 'anonymous', expected one of viewer, operator, admin", problem.Message);
        Assert.Contains("Match.Path is '/internal/{**rest}', expected a path below /api/", problem.Message);
        Assert.Contains("Match.Methods is missing", problem.Message);
        Assert.Contains("ClusterId 'feeds' is not among the clusters", problem.Message);
        Assert.Equal(Valid, await Rules().ConfigureRouteAsync(Valid, Feeds, CancellationToken.None));
    }

    [Fact]
    public async Task A_route_without_a_fixed_word_after_api_has_no_scope_and_does_not_start()
    {
        var wrong = Valid with { Match = new() { Path = "/api/{**rest}", Methods = ["GET"] } };

        var problem = await Assert.ThrowsAsync<InvalidOperationException>(async () => await Rules().ConfigureRouteAsync(wrong, Feeds, CancellationToken.None));

        Assert.Contains("expected a fixed word after /api/", problem.Message);
    }

    [Fact]
    public async Task Only_the_path_of_secret_requests_is_open_to_anyone()
    {
        var open = Valid with { AuthorizationPolicy = Roles.Anonymous, Match = new() { Path = "/secret-requests/{token}", Methods = ["GET", "POST"] } };
        Assert.Equal(open, await Rules().ConfigureRouteAsync(open, Feeds, CancellationToken.None));

        foreach (var wrong in (RouteConfig[])[open with { AuthorizationPolicy = Roles.Viewer }, open with { Match = new() { Path = "/secret-requests/{**rest}", Methods = ["GET"] } }, Valid with { AuthorizationPolicy = Roles.Anonymous }])
        {
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await Rules().ConfigureRouteAsync(wrong, Feeds, CancellationToken.None));
        }
    }

    [Fact]
    public async Task A_clusters_address_is_the_setting_of_its_service()
    {
        var configured = await Rules("http://127.0.0.1:5103").ConfigureClusterAsync(Feeds, CancellationToken.None);
        Assert.Equal("http://127.0.0.1:5103", configured.Destinations!["service"].Address);

        var missing = await Assert.ThrowsAsync<InvalidOperationException>(async () => await Rules().ConfigureClusterAsync(Feeds, CancellationToken.None));
        Assert.Contains("The setting Services:feeds is ''", missing.Message);
        var other = Feeds with { ClusterId = "couriers" };
        Assert.Contains("must be the name of the setting 'Services:couriers'", (await Assert.ThrowsAsync<InvalidOperationException>(async () => await Rules().ConfigureClusterAsync(other, CancellationToken.None))).Message);
    }

    private static RouteRules Rules(string? feeds = null) => new(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("Services:feeds", feeds)]).Build());
}
