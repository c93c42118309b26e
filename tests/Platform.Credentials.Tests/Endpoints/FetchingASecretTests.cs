using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.Credentials.Tests.Endpoints;

public sealed class FetchingASecretTests(CredentialsApp app)
{
    [Fact]
    public async Task A_service_gets_all_fields_on_record_and_nobody_may_keep_the_answer()
    {
        var id = await app.CreateAsync("fetched", "the-fetched-secret");

        var answer = await app.AsService("couriers").PostAsJsonAsync($"/internal/credentials/{id}/secret", new { purpose = "courier run run-1" });

        var secret = await answer.ReadJsonAsync();
        Assert.Equal((id, "iam-credential", 1), ((string)secret["id"]!, (string)secret["type"]!, (int)secret["version"]!));
        Assert.Equal(["accessKey", "region", "secretKey"], secret["fields"]!.AsObject().Select(field => field.Key).Order(StringComparer.Ordinal));
        Assert.Equal("the-fetched-secret", (string)secret["fields"]!["secretKey"]!);
        Assert.True(answer.Headers.CacheControl!.NoStore);
        Assert.Equal(
            "couriers: courier run run-1",
            await app.QueryAsync<string>($"select caller || ': ' || detail as \"Value\" from audit_entries where credential_id = {id} and action = 'SecretFetched'"));
        Assert.NotNull((await app.As(Roles.Viewer).GetFromJsonAsync<JsonObject>($"/api/credentials/{id}"))!["lastUsedAt"]);
    }

    [Fact]
    public async Task No_person_fetches_a_secret_whatever_the_role()
    {
        var id = await app.CreateAsync("not for people");

        foreach (var role in Roles.OfPeople)
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await app.As(role).PostAsJsonAsync($"/internal/credentials/{id}/secret", new { purpose = "curiosity" })).StatusCode);
        }

        Assert.Equal(HttpStatusCode.Unauthorized, (await app.Anonymous().PostAsJsonAsync($"/internal/credentials/{id}/secret", new { purpose = "curiosity" })).StatusCode);
    }

    [Fact]
    public async Task A_purpose_is_required()
    {
        var id = await app.CreateAsync("without purpose");

        var problem = await app.FetchSecretAsync(id, purpose: " ");

        Assert.Equal("$.purpose", (string)problem["errors"]![0]!["path"]!);
    }

    [Fact]
    public async Task A_changed_byte_is_named_and_the_secret_can_be_entered_again()
    {
        var id = await app.CreateAsync("damaged");
        await app.ExecuteAsync($"update sealed_secrets set payload = set_byte(payload, 30, get_byte(payload, 30) # 1) where credential_id = {id}");

        var problem = await app.FetchSecretAsync(id);

        Assert.Equal("/problems/secret-unreadable", (string)problem["type"]!);
        Assert.Contains("the stored bytes were changed", (string)problem["detail"]!);
        var mended = await app.As(Roles.Admin).PutAsJsonAsync($"/api/credentials/{id}", CredentialsApp.NewCredential("damaged", "entered-again"));
        Assert.Equal(HttpStatusCode.OK, mended.StatusCode);
        Assert.Equal("entered-again", (string)(await app.FetchSecretAsync(id))["fields"]!["secretKey"]!);
    }

    [Fact]
    public async Task A_ciphertext_of_another_credential_or_version_does_not_open()
    {
        var one = await app.CreateAsync("swapped one");
        var two = await app.CreateAsync("swapped two");
        await app.ExecuteAsync($"update sealed_secrets set (payload, wrapped_key) = (select payload, wrapped_key from sealed_secrets where credential_id = {one}) where credential_id = {two}");
        var old = await app.CreateAsync("put back");
        await app.ExecuteAsync($"update sealed_secrets set version = 2 where credential_id = {old}");

        Assert.Equal("/problems/secret-unreadable", (string)(await app.FetchSecretAsync(two))["type"]!);
        Assert.Contains("another credential or version", (string)(await app.FetchSecretAsync(old))["detail"]!);
    }
}
