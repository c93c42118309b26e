using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing.Template;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Xunit;

namespace Platform.Architecture.Tests;

/// <summary>gateway/routes.json against what the services say they serve.</summary>
public sealed class RoutesTests
{
    private static readonly IReadOnlyList<Route> Routes = [.. JsonNode.Parse(File.ReadAllText(Repository.PathOf("gateway", "routes.json")))!["ReverseProxy"]!["Routes"]!.AsObject()
        .Select(route => new Route(
            route.Key,
            (string)route.Value!["ClusterId"]!,
            (string)route.Value["AuthorizationPolicy"]!,
            TemplateParser.Parse((string)route.Value["Match"]!["Path"]!),
            [.. route.Value["Match"]!["Methods"]!.AsArray().Select(method => (string)method!)]))];

    private static IEnumerable<(string Service, string Method, string Path)> Operations => RepositoryFiles.Services.SelectMany(service =>
        RepositoryFiles.OpenApiOf(service)["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(operation => (service, operation.Key.ToUpperInvariant(), path.Key))));

    [Fact]
    public void Every_operation_of_every_service_has_exactly_one_route_to_that_service()
    {
        Assert.NotEmpty(Operations);
        foreach (var (service, method, path) in Operations)
        {
            var matching = Matching(method, path);

            Assert.True(matching.Count > 0, $"No route of gateway/routes.json takes {method} {path} of the {service} service.");
            Assert.True(matching.Count == 1, $"{method} {path} is taken by several routes alike: {string.Join(", ", matching.Select(route => route.Id))}.");
            Assert.True(matching[0].Cluster == service, $"{method} {path} belongs to {service}, and the route {matching[0].Id} leads to {matching[0].Cluster}.");
        }
    }

    [Fact]
    public void Reading_needs_a_viewer_and_changing_an_operator_unless_it_is_listed()
    {
        foreach (var (_, method, path) in Operations)
        {
            var usual = method == "GET" ? Roles.Viewer : Roles.Operator;
            var expected = Unusual.FirstOrDefault(rule => (rule.Method is null || rule.Method == method) && rule.Path.IsMatch(path)).Role ?? usual;

            Assert.Equal((method, path, expected), (method, path, Matching(method, path).Single().Policy));
        }
    }

    [Fact]
    public void Every_route_serves_something()
    {
        foreach (var route in Routes.Where(route => route.Policy != Roles.Anonymous))
        {
            Assert.True(Operations.Any(operation => Matching(operation.Method, operation.Path).Contains(route)), $"The route {route.Id} of gateway/routes.json serves no operation of any service.");
        }
    }

    [Fact]
    public void No_route_leads_to_the_internal_channel() =>
        Assert.DoesNotContain(Routes, route => !route.Template.TemplateText!.StartsWith("/api/", StringComparison.Ordinal) && route.Policy != Roles.Anonymous);

    // What needs more than reading and changing usually do, with the reason; the first that fits counts.
    private static (string? Method, Regex Path, string Role)[] Unusual { get; } =
    [
        (null, new("^/(?!api/)"), Roles.Anonymous), // the page behind a link is for people without a key
        (null, new("^/api/(credential-audit|master-keys)"), Roles.Admin),
        ("POST", new("^/api/credentials/[^/]+/test$"), Roles.Operator), // changes nothing, and whoever runs couriers needs it
        ("GET", new("^/api/credentials"), Roles.Viewer),
        (null, new("^/api/credentials"), Roles.Admin),
        ("GET", new("^/api/secret-requests"), Roles.Viewer),
        (null, new("^/api/secret-requests"), Roles.Admin),
        ("POST", new("^/api/domain-tables-access/password$"), Roles.Admin),
        ("GET", new("^/api/browse"), Roles.Operator), // uses a secret, and shows what lies in other people's buckets
        ("GET", new("/files/\\{kind\\}$"), Roles.Operator), // the people of a dispatch
    ];

    // The routes that win: of all that match, those of the highest precedence, as the router decides.
    private static List<Route> Matching(string method, string path)
    {
        var concrete = path.Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal);
        var matching = Routes.Where(route => route.Methods.Contains(method) && new TemplateMatcher(route.Template, []).TryMatch(concrete, [])).ToList();
        return [.. matching.Where(route => RoutePrecedence.ComputeInbound(route.Template) == matching.Min(other => RoutePrecedence.ComputeInbound(other.Template)))];
    }

    private sealed record Route(string Id, string Cluster, string Policy, RouteTemplate Template, IReadOnlyList<string> Methods);
}
