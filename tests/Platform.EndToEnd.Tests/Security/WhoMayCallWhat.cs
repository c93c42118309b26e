using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.EndToEnd.Tests.Security;

/// <summary>Every cell of the role table in docs/security.md, tried on the running platform: through the gateway, and at the services' own doors with tokens that the gateway would sign.</summary>
public sealed class WhoMayCallWhat(RunningPlatform platform)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_caller_gets_exactly_what_the_table_says_on_every_route_of_the_document()
    {
        using var stranger = new HttpClient { BaseAddress = platform.Gateway };
        var clients = new Dictionary<string, HttpClient> { [Roles.Anonymous] = stranger };
        foreach (var role in Roles.OfPeople)
        {
            clients[role] = await platform.ClientAsync(role);
        }

        var document = (await stranger.GetFromJsonAsync<JsonNode>("/openapi.json", Cancelled))!;
        var operations = ApiOperation.AllOf(document);
        Assert.Equal(operations.Select(operation => (operation.Method, operation.Path)), RoleTable.Read().Select(row => (row.Method, row.Path)));
        await TryAsync(operations, caller => clients[caller]);
        foreach (var client in clients.Values)
        {
            client.Dispose();
        }
    }

    [Fact]
    public async Task Services_keep_the_same_roles_themselves()
    {
        foreach (var service in RunningPlatform.Services)
        {
            var clients = RoleTable.Callers.ToDictionary(caller => caller, caller => ClientOf(service, caller));
            // What the gateway opens to anyone, services open to the gateway alone.
            var operations = ApiOperation.AllOf(JsonNode.Parse(File.ReadAllText(Repository.PathOf("services", service, "openapi.json")))!).Where(operation => operation.Path.StartsWith("/api/", StringComparison.Ordinal));
            await TryAsync(operations, caller => clients[caller]);
            foreach (var client in clients.Values)
            {
                client.Dispose();
            }
        }
    }

    private static async Task TryAsync(IEnumerable<ApiOperation> operations, Func<string, HttpClient> clientOf)
    {
        var table = RoleTable.Read().ToDictionary(row => (row.Method, row.Path));
        var wrong = new List<string>();
        foreach (var operation in operations)
        {
            foreach (var caller in RoleTable.Callers)
            {
                using var request = new HttpRequestMessage(new(operation.Method), operation.ConcretePath)
                {
                    Content = operation.ContentType is { } type ? new StringContent("{}", new MediaTypeHeaderValue(type)) : null,
                };
                using var answer = await clientOf(caller).SendAsync(request, Cancelled);
                var status = (int)answer.StatusCode;
                var expected = table[(operation.Method, operation.Path)].Verdicts[caller];
                if (RoleTable.VerdictOf(status) != expected || status >= 500)
                {
                    wrong.Add($"{operation.Method} {operation.Path} as {caller}: {status}, expected {expected}: {await answer.Content.ReadAsStringAsync(Cancelled)}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private HttpClient ClientOf(string service, string caller)
    {
        if (caller == Roles.Anonymous)
        {
            return new() { BaseAddress = platform.AddressOf(service) };
        }

        var handler = platform.Keys.AsPerson(service, caller);
        handler.InnerHandler = new HttpClientHandler();
        return new(handler) { BaseAddress = platform.AddressOf(service) };
    }
}
