using System.Text.Json.Nodes;
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
    public void Reading_needs_a_viewer_changing_and_files_of_recipients_an_operator_and_changing_credentials_an_administrator()
    {
        foreach (var (_, method, path) in Operations)
        {
            var expected = !path.StartsWith("/api/", StringComparison.Ordinal) ? Roles.Anonymous
                : path.StartsWith("/api/credential-audit", StringComparison.Ordinal) || path.StartsWith("/api/master-keys", StringComparison.Ordinal) ? Roles.Admin
                : method == "GET" ? (path.EndsWith("/files/{kind}", StringComparison.Ordinal) ? Roles.Operator : Roles.Viewer)
                : (path.StartsWith("/api/credentials", StringComparison.Ordinal) && !path.EndsWith("/test", StringComparison.Ordinal)) || path.StartsWith("/api/secret-requests", StringComparison.Ordinal) ? Roles.Admin
                : Roles.Operator;

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

    // The routes that win: of all that match, those of the highest precedence, as the router decides.
    private static List<Route> Matching(string method, string path)
    {
        var concrete = path.Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal);
        var matching = Routes.Where(route => route.Methods.Contains(method) && new TemplateMatcher(route.Template, []).TryMatch(concrete, [])).ToList();
        return [.. matching.Where(route => RoutePrecedence.ComputeInbound(route.Template) == matching.Min(other => RoutePrecedence.ComputeInbound(other.Template)))];
    }

    private sealed record Route(string Id, string Cluster, string Policy, RouteTemplate Template, IReadOnlyList<string> Methods);
}
