using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Xunit;

namespace Platform.Gateway.Tests.OpenApi;

/// <summary>Who may call what, measured at the gateway and written down in docs/security.md, where a change of it is seen by whoever reviews. With <c>UPDATE_OPENAPI=1</c> a difference rewrites the table.</summary>
public sealed class RoleTableTests(GatewayApp app)
{
    [Fact]
    public async Task The_table_of_the_documentation_is_what_the_gateway_does()
    {
        await using var gateway = app.With(new() { ["Limits:AnonymousRequestsPerMinute"] = "100000", ["Limits:RequestsPerMinute"] = "100000" });
        var clients = RoleTable.Callers.ToDictionary(caller => caller, caller =>
        {
            var client = gateway.CreateDefaultClient();
            if (caller != Roles.Anonymous)
            {
                client.DefaultRequestHeaders.Add("X-Api-Key", app.KeyOf(caller));
            }

            return client;
        });
        var document = await (await clients[Roles.Anonymous].GetAsync("/openapi.json", TestContext.Current.CancellationToken)).ReadJsonAsync();
        var measured = new List<RoleRow>();
        foreach (var operation in ApiOperation.AllOf(document))
        {
            var verdicts = new Dictionary<string, string>();
            foreach (var (caller, client) in clients)
            {
                // The services are absent: a call that would be forwarded ends as 502.
                using var answer = await client.SendAsync(new(new(operation.Method), operation.ConcretePath), TestContext.Current.CancellationToken);
                verdicts.Add(caller, RoleTable.VerdictOf((int)answer.StatusCode));
            }

            measured.Add(new(operation.Method, operation.Path, (string)operation.Definition["x-scope"]!, verdicts));
        }

        if (Environment.GetEnvironmentVariable("UPDATE_OPENAPI") == "1")
        {
            RoleTable.Write(measured);
            return;
        }

        var committed = RoleTable.Read().Select(RoleTable.TextOf).ToList();
        var served = measured.ConvertAll(RoleTable.TextOf);
        Assert.True(committed.SequenceEqual(served), "The role table of docs/security.md is not what the gateway does. Run this test with UPDATE_OPENAPI=1, read the difference and commit it.\n"
            + $"Only in the table:\n{string.Join('\n', committed.Except(served))}\nOnly at the gateway:\n{string.Join('\n', served.Except(committed))}");
    }

    [Fact]
    public void Only_links_for_secrets_are_open_to_strangers_and_a_higher_role_may_do_what_a_lower_one_may()
    {
        Assert.NotEmpty(RoleTable.Read());
        foreach (var row in RoleTable.Read())
        {
            Assert.Equal(row.Path.StartsWith("/secret-requests/", StringComparison.Ordinal) ? RoleTable.Allowed : "401", row.Verdicts[Roles.Anonymous]);
            Assert.Equal(RoleTable.Allowed, row.Verdicts[Roles.Admin]);
            Assert.True(row.Verdicts[Roles.Viewer] == "403" || row.Verdicts[Roles.Operator] == RoleTable.Allowed, RoleTable.TextOf(row));
        }
    }
}
