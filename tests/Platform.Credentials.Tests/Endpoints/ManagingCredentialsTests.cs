using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.Credentials.Tests.Endpoints;

public sealed class ManagingCredentialsTests(CredentialsApp app)
{
    [Fact]
    public async Task A_new_credential_is_shown_without_its_secrets()
    {
        var body = CredentialsApp.NewCredential("shown");
        body["description"] = "for the demo";
        body["labels"] = new JsonObject { ["team"] = "growth" };
        body["fields"]!["sessionToken"] = "temporary";

        var created = await app.As(Roles.Admin).PostAsJsonAsync("/api/credentials", body);

        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var shown = await app.As(Roles.Viewer).GetFromJsonAsync<JsonObject>(created.Headers.Location);
        Assert.Equal((string)(await created.ReadJsonAsync())["id"]!, (string)shown!["id"]!);
        Assert.Equal("for the demo", (string)shown["description"]!);
        Assert.Equal("""{"accessKey":"AKIAIOSFODNN7EXAMPLE","region":"eu-west-1"}""", Sorted(shown["fields"]!));
        Assert.Equal("""["secretKey","sessionToken"]""", shown["secretFieldsSet"]!.ToJsonString());
        Assert.Equal("growth", (string)shown["labels"]!["team"]!);
        Assert.Equal(1, (int)shown["version"]!);
        Assert.False(shown.ContainsKey("lastUsedAt"));
    }

    [Fact]
    public async Task Lists_are_paged_by_name()
    {
        foreach (var name in (string[])["page c", "page a", "page b"])
        {
            await app.CreateAsync(name);
        }

        var first = await app.As(Roles.Viewer).GetFromJsonAsync<JsonObject>("/api/credentials?limit=2&after=page&type=iam-credential");
        var second = await app.As(Roles.Viewer).GetFromJsonAsync<JsonObject>($"/api/credentials?limit=1&after={Uri.EscapeDataString((string)first!["next"]!)}");

        Assert.Equal(["page a", "page b"], first["items"]!.AsArray().Select(item => (string)item!["name"]!));
        Assert.Equal("page c", (string)second!["items"]![0]!["name"]!);
    }

    [Fact]
    public async Task Every_problem_of_the_input_is_reported_at_once_and_no_secret_is_quoted()
    {
        var body = new JsonObject
        {
            ["name"] = " padded",
            ["type"] = "iam-credential",
            ["fields"] = new JsonObject
            {
                ["secretKey"] = "copied with\nline break",
                ["region"] = "EU West",
                ["endpoint"] = "ftp://files",
                ["roleArn"] = "courier",
                ["user"] = "x",
            },
        };

        var problem = await (await app.As(Roles.Admin).PostAsJsonAsync("/api/credentials", body)).ReadJsonAsync();

        Assert.Equal(
            ["$.name", "$.fields.user", "$.fields.accessKey", "$.fields.secretKey", "$.fields.region", "$.fields.endpoint", "$.fields.roleArn"],
            problem["errors"]!.AsArray().Select(error => (string)error!["path"]!));
        Assert.DoesNotContain("copied with", problem.ToJsonString());
    }

    [Fact]
    public async Task An_unknown_type_names_the_known_ones()
    {
        var body = CredentialsApp.NewCredential("typed");
        body["type"] = "iam-user";

        var problem = await (await app.As(Roles.Admin).PostAsJsonAsync("/api/credentials", body)).ReadJsonAsync();

        Assert.StartsWith("There is no type 'iam-user': one of brevo-api-key, iam-credential, iam-role, ", (string)problem["errors"]![0]!["problem"]!);
    }

    [Fact]
    public async Task Numbers_and_lists_are_taken_as_text_and_nothing_deeper()
    {
        var smtp = JsonNode.Parse("""{"name":"mail","type":"smtp","fields":{"host":"smtp.example.com","port":587,"security":"starttls","from":"a@example.com"}}""");
        var role = JsonNode.Parse("""{"name":"delegated","type":"iam-role","fields":{"buckets":["one-bucket","two-bucket"],"region":"eu-west-1"}}""");
        var deeper = JsonNode.Parse("""{"name":"deeper","type":"iam-role","fields":{"buckets":[["one-bucket"]],"region":{"a":1}}}""");

        var created = await app.As(Roles.Admin).PostAsJsonAsync("/api/credentials", smtp);
        var listed = await app.As(Roles.Admin).PostAsJsonAsync("/api/credentials", role);
        var refused = await app.As(Roles.Admin).PostAsJsonAsync("/api/credentials", deeper);

        Assert.Equal("587", (string)(await created.ReadJsonAsync())["fields"]!["port"]!);
        Assert.Equal("one-bucket,two-bucket", (string)(await listed.ReadJsonAsync())["fields"]!["buckets"]!);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Equal("$.fields", (string)(await refused.ReadJsonAsync())["errors"]![0]!["path"]!);
    }

    [Fact]
    public async Task A_name_is_taken_once()
    {
        await app.CreateAsync("taken");
        var other = await app.CreateAsync("free");

        var created = await app.As(Roles.Admin).PostAsJsonAsync("/api/credentials", CredentialsApp.NewCredential("taken"));
        var renamed = await app.As(Roles.Admin).PutAsJsonAsync($"/api/credentials/{other}", new { name = "taken" });

        Assert.Equal((HttpStatusCode.Conflict, "/problems/name-taken"), (created.StatusCode, (string)(await created.ReadJsonAsync())["type"]!));
        Assert.Equal(HttpStatusCode.Conflict, renamed.StatusCode);
        Assert.Equal("free", (string)(await app.As(Roles.Viewer).GetFromJsonAsync<JsonObject>($"/api/credentials/{other}"))!["name"]!);
    }

    [Fact]
    public async Task A_deleted_credential_is_gone_with_its_secret_and_stays_in_the_audit_log()
    {
        var id = await app.CreateAsync("deleted");

        Assert.Equal(HttpStatusCode.NoContent, (await app.As(Roles.Admin).DeleteAsync($"/api/credentials/{id}")).StatusCode);

        var gone = await app.As(Roles.Admin).DeleteAsync($"/api/credentials/{id}");
        Assert.Equal((HttpStatusCode.NotFound, "/problems/unknown-credential"), (gone.StatusCode, (string)(await gone.ReadJsonAsync())["type"]!));
        Assert.Equal("/problems/unknown-credential", (string)(await app.FetchSecretAsync(id))["type"]!);
        Assert.Equal(0, await app.QueryAsync<int>($"select count(*)::int as \"Value\" from sealed_secrets where credential_id = {id}"));
        Assert.Equal("Created,Deleted", await app.QueryAsync<string>($"select string_agg(action, ',' order by id) as \"Value\" from audit_entries where credential_id = {id}"));
    }

    [Theory]
    [InlineData(Roles.Viewer)]
    [InlineData(Roles.Operator)]
    public async Task Only_administrators_change_credentials(string role)
    {
        var id = await app.CreateAsync($"kept from the {role}");

        Assert.Equal(HttpStatusCode.Forbidden, (await app.As(role).PostAsJsonAsync("/api/credentials", CredentialsApp.NewCredential("no"))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await app.As(role).PutAsJsonAsync($"/api/credentials/{id}", new { name = "no" })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await app.As(role).DeleteAsync($"/api/credentials/{id}")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await app.As(role).GetAsync($"/api/credentials/{id}")).StatusCode);
    }

    [Fact]
    public async Task The_types_publish_their_fields_as_a_JSON_Schema()
    {
        var types = await app.As(Roles.Viewer).GetFromJsonAsync<JsonObject>("/api/credential-types");

        var schema = types!["items"]!.AsArray().Single(type => (string)type!["type"]! == "iam-credential")!["schema"]!;
        Assert.Equal("""["accessKey","secretKey","region"]""", schema["required"]!.ToJsonString());
        Assert.True((bool)schema["properties"]!["secretKey"]!["writeOnly"]!);
        Assert.True((bool)schema["properties"]!["sessionToken"]!["writeOnly"]!);
        Assert.Null(schema["properties"]!["accessKey"]!["writeOnly"]);
    }

    private static string Sorted(JsonNode fields) =>
        new JsonObject(fields.AsObject().OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => KeyValuePair.Create(field.Key, field.Value?.DeepClone()))).ToJsonString();
}
