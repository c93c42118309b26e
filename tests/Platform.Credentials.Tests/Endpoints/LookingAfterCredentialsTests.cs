using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.Credentials.Tests.Endpoints;

/// <summary>Age, warnings, the audit log and the policies to paste.</summary>
public sealed class LookingAfterCredentialsTests(CredentialsApp app)
{
    [Fact]
    public async Task Old_secrets_and_failed_tests_are_warned_of()
    {
        var id = await app.CreateAsync("grown old");
        Assert.Empty((await ShownAsync(id))["warnings"]!.AsArray());
        await app.ExecuteAsync($"update credentials set rotated_at = now() - interval '91 days', last_tested_at = now(), last_test_succeeded = false where id = {id}");

        var shown = await ShownAsync(id);

        Assert.Equal(91, (int)shown["ageDays"]!);
        Assert.Contains("91 days old", (string)shown["warnings"]![0]!);
        Assert.Contains("failed", (string)shown["warnings"]![1]!);
    }

    [Fact]
    public async Task The_audit_log_is_searched_by_what_who_and_when()
    {
        var id = await app.CreateAsync("audited");
        await app.FetchSecretAsync(id, purpose: "courier run run-7");
        await app.As(Roles.Admin).DeleteAsync($"/api/credentials/{id}");

        var all = await SearchAsync($"credentialId={id}");
        var fetched = await SearchAsync($"credentialId={id}&action=secretFetched&caller=couriers&from=2020-01-01T00:00:00Z");
        var none = await SearchAsync($"credentialId={id}&to=2020-01-01T00:00:00Z");
        var first = await SearchAsync($"credentialId={id}&limit=1");
        var second = await SearchAsync($"credentialId={id}&limit=1&after={first["next"]}");

        Assert.Equal(["deleted", "secretFetched", "created"], all["items"]!.AsArray().Select(entry => (string)entry!["action"]!));
        Assert.Equal("courier run run-7", (string)Assert.Single(fetched["items"]!.AsArray())!["detail"]!);
        Assert.Empty(none["items"]!.AsArray());
        Assert.Equal(("deleted", "secretFetched"), ((string)first["items"]![0]!["action"]!, (string)second["items"]![0]!["action"]!));
        Assert.Equal(HttpStatusCode.BadRequest, (await app.As(Roles.Admin).GetAsync("/api/credential-audit?after=x")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await app.As(Roles.Operator).GetAsync("/api/credential-audit")).StatusCode);
    }

    [Fact]
    public async Task A_service_fetches_only_the_types_it_connects_with()
    {
        var id = await app.CreateAsync("for couriers alone");

        var refused = await app.FetchSecretAsync(id, "scheduler", "curiosity");

        Assert.Equal("/problems/secret-not-for-caller", (string)refused["type"]!);
        Assert.Equal("scheduler: curiosity", await app.QueryAsync<string>($"select caller || ': ' || detail as \"Value\" from audit_entries where credential_id = {id} and action = 'SecretRefused'"));
        Assert.False((await ShownAsync(id)).ContainsKey("lastUsedAt"));
    }

    [Fact]
    public async Task Delegated_access_tells_the_policies_to_paste()
    {
        var id = await CreateAsync("""{"name":"delegated to us","type":"iam-role","fields":{"buckets":"one-bucket,two-bucket","region":"eu-west-1"}}""");
        var withRole = await CreateAsync("""{"name":"delegated by role","type":"iam-role","fields":{"buckets":"three","region":"cn-north-1","roleArn":"arn:aws-cn:iam::123456789012:role/r","externalId":"given"}}""");

        var policies = await PoliciesAsync(id);
        var byRole = await PoliciesAsync(withRole);
        var none = await app.As(Roles.Viewer).GetAsync($"/api/credentials/{await app.CreateAsync("no policy")}/bucket-policy");

        Assert.Equal(["one-bucket", "two-bucket"], policies["buckets"]!.AsArray().Select(policy => (string)policy!["bucket"]!));
        var statements = policies["buckets"]![0]!["policy"]!["Statement"]!.AsArray();
        Assert.Equal("arn:aws:iam::111122223333:role/courier-platform", (string)statements[0]!["Principal"]!["AWS"]!);
        Assert.Equal(["arn:aws:s3:::one-bucket", "arn:aws:s3:::one-bucket/*"], statements.Select(statement => (string)statement!["Resource"]!));
        Assert.False(policies.ContainsKey("roleTrust"));
        Assert.Equal("arn:aws-cn:s3:::three", (string)byRole["buckets"]![0]!["policy"]!["Statement"]![0]!["Resource"]!);
        Assert.Equal("arn:aws-cn:iam::123456789012:role/r", (string)byRole["buckets"]![0]!["policy"]!["Statement"]![0]!["Principal"]!["AWS"]!);
        Assert.Equal("given", (string)byRole["roleTrust"]!["Statement"]![0]!["Condition"]!["StringEquals"]!["sts:ExternalId"]!);
        Assert.Equal(HttpStatusCode.Conflict, none.StatusCode);
    }

    private async Task<string> CreateAsync(string body) => (string)(await (await app.As(Roles.Admin).PostAsJsonAsync("/api/credentials", JsonNode.Parse(body))).ReadJsonAsync())["id"]!;

    private async Task<JsonObject> ShownAsync(string id) => (await app.As(Roles.Viewer).GetFromJsonAsync<JsonObject>($"/api/credentials/{id}"))!;

    private async Task<JsonObject> SearchAsync(string query) => (await app.As(Roles.Admin).GetFromJsonAsync<JsonObject>($"/api/credential-audit?{query}"))!;

    private async Task<JsonObject> PoliciesAsync(string id) => (await app.As(Roles.Viewer).GetFromJsonAsync<JsonObject>($"/api/credentials/{id}/bucket-policy"))!;
}
