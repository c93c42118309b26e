using System.Net;
using System.Net.Http.Json;
using System.Text;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Xunit;

namespace Platform.Gateway.Tests.Access;

/// <summary>Keys that are limited to some of what their role may.</summary>
public sealed class ScopesTests(GatewayApp app)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_operation_of_the_document_needs_exactly_the_scope_it_names()
    {
        var document = await (await app.Anonymous().GetAsync("/openapi.json", Cancelled)).ReadJsonAsync();
        var operations = ApiOperation.AllOf(document).GroupBy(operation => (string)operation.Definition["x-scope"]!).ToList();
        var all = operations.ConvertAll(scope => scope.Key);
        Assert.Contains("couriers:read", all);
        Assert.Contains("feeds:write", all);
        var wrong = new List<string>();
        foreach (var scope in operations)
        {
            var (_, only) = await app.CreateKeyAsync($"only {scope.Key}", Roles.Admin, scopes: [scope.Key]);
            var (_, others) = await app.CreateKeyAsync($"all but {scope.Key}", Roles.Admin, scopes: all.Where(one => one != scope.Key));
            using var allowed = app.WithKey(only);
            using var refused = app.WithKey(others);
            foreach (var operation in scope)
            {
                using var with = await allowed.SendAsync(new(new(operation.Method), operation.ConcretePath), Cancelled);
                using var without = await refused.SendAsync(new(new(operation.Method), operation.ConcretePath), Cancelled);
                if (RoleTable.VerdictOf((int)with.StatusCode) != RoleTable.Allowed || without.StatusCode != HttpStatusCode.Forbidden)
                {
                    wrong.Add($"{operation.Method} {operation.Path}: {(int)with.StatusCode} with {scope.Key}, {(int)without.StatusCode} without");
                }
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task A_scope_gives_nothing_that_the_role_does_not_and_the_refusal_names_what_is_needed()
    {
        var (id, key) = await app.CreateKeyAsync("a reader of two things", Roles.Operator, scopes: ["feeds:write", "credentials:read", "access:read", "credentials:read"]);
        using var client = app.WithKey(key);

        var refused = await client.PostAsJsonAsync("/api/couriers", new { }, Cancelled);

        Assert.Equal((HttpStatusCode.Forbidden, "/problems/scope-missing"), (refused.StatusCode, (string)(await refused.ReadJsonAsync())["type"]!));
        Assert.Contains("needs couriers:write", await refused.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/credentials", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/API/Credentials", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/api/cr%65dential-types", Cancelled)).StatusCode);
        Assert.Equal("/problems/not-allowed", (string)(await (await client.GetAsync("/api/access/keys", Cancelled)).ReadJsonAsync())["type"]!);
        var shown = (await (await app.As(Roles.Admin).GetAsync("/api/access/keys?limit=200", Cancelled)).ReadJsonAsync())["items"]!.AsArray().Single(item => (string)item!["id"]! == id)!;
        Assert.Equal(["access:read", "credentials:read", "feeds:write"], shown["scopes"]!.AsArray().Select(scope => (string)scope!));
    }

    [Fact]
    public async Task Every_problem_of_the_scopes_is_reported()
    {
        Assert.Equal(["$.scopes[0]: There is no such scope; did you mean 'couriers:read'?", "$.scopes[1]: The role viewer reads only; this scope would allow nothing."],
            await ProblemsAsync(app.As(Roles.Admin), """{"name":"wrong scopes","role":"viewer","scopes":["courier:read","feeds:write"]}"""));
        Assert.StartsWith("$.scopes[0]: There is no such scope: one of access:read, ", (await ProblemsAsync(app.As(Roles.Admin), """{"name":"wrong scopes","role":"viewer","scopes":["everything"]}""")).Single(), StringComparison.Ordinal);
        Assert.Equal(["$.scopes: Must name at least one scope. Leave the member out for a key that may do all that its role may."],
            await ProblemsAsync(app.As(Roles.Admin), """{"name":"wrong scopes","role":"viewer","scopes":[]}"""));
    }

    [Theory]
    [InlineData("""{"name":"misspelt","role":"viewer","scope":["feeds:read"]}""", "$.scope: There is no such member; did you mean 'scopes'? It has expiresAt, name, role, scopes.")]
    [InlineData("""{"name":"misspelt","role":"viewer","expiresAtt":"2030-01-01T00:00:00Z"}""", "$.expiresAtt: There is no such member; did you mean 'expiresAt'? It has expiresAt, name, role, scopes.")]
    public async Task A_misspelt_limit_makes_no_key_without_it(string body, string problem) => Assert.Equal([problem], await ProblemsAsync(app.As(Roles.Admin), body));

    [Fact]
    public async Task A_limited_key_makes_no_key_that_may_do_more()
    {
        var (_, key) = await app.CreateKeyAsync("makes keys", Roles.Admin, scopes: ["access:write", "feeds:read"]);
        using var limited = app.WithKey(key);

        Assert.Contains("Required, because the key that asks is limited itself", (await ProblemsAsync(limited, """{"name":"wider","role":"viewer"}""")).Single());
        Assert.Contains("does not have it itself", (await ProblemsAsync(limited, """{"name":"wider","role":"viewer","scopes":["feeds:read","couriers:read"]}""")).Single());
        Assert.Equal(HttpStatusCode.Created, (await limited.PostAsJsonAsync("/api/access/keys", new { name = "as narrow", role = "viewer", scopes = new[] { "feeds:read" } }, Cancelled)).StatusCode);
    }

    private static async Task<string[]> ProblemsAsync(HttpClient client, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        var answer = await client.PostAsync("/api/access/keys", content, Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        return [.. (await answer.ReadJsonAsync())["errors"]!.AsArray().Select(error => $"{error!["path"]}: {error["problem"]}")];
    }
}
