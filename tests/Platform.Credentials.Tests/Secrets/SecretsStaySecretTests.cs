using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.Credentials.Tests.Secrets;

public sealed class SecretsStaySecretTests(CredentialsApp app)
{
    [Fact]
    public async Task A_secret_is_in_no_table_no_log_line_and_no_answer()
    {
        const string Canary = "CANARY-wJalrXUtnFEMI-7f3a9";
        var answers = new StringBuilder();
        var admin = app.As(Roles.Admin);
        var body = CredentialsApp.NewCredential("canary", Canary);
        var created = await admin.PostAsJsonAsync("/api/credentials", body);
        var id = (string)(await created.ReadJsonAsync())["id"]!;
        await KeepAsync(created);
        await KeepAsync(await admin.PostAsJsonAsync("/api/credentials", body));
        await KeepAsync(await admin.PutAsJsonAsync($"/api/credentials/{id}", CredentialsApp.NewCredential("canary", Canary + "2")));
        await KeepAsync(await admin.PutAsJsonAsync($"/api/credentials/{id}", new JsonObject { ["name"] = "", ["fields"] = new JsonObject { ["secretKey"] = Canary + "\n" } }));
        await KeepAsync(await admin.PostAsync("/api/credentials", new StringContent($$"""{"name":"x","fields":{"secretKey":"{{Canary}}" oops""", Encoding.UTF8, "application/json")));
        await KeepAsync(await admin.PostAsync("/api/credentials", new StringContent($$$"""{"name":"x","fields":{"secretKey":["{{{Canary}}}"]}}""", Encoding.UTF8, "application/json")));
        await KeepAsync(await admin.GetAsync($"/api/credentials/{id}"));
        await KeepAsync(await admin.GetAsync("/api/credentials?limit=200"));
        var fetched = await app.FetchSecretAsync(id);

        // The canary did go in, or this test would prove nothing.
        Assert.Equal(Canary + "2", (string)fetched["fields"]!["secretKey"]!);
        Assert.DoesNotContain(Canary, answers.ToString());
        var database = await app.DumpDatabaseAsync();
        Assert.Contains(id, database);
        Assert.DoesNotContain(Canary, database);
        Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(Canary)), database);
        Assert.DoesNotContain(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(Canary)), database.ToLowerInvariant());
        Assert.NotEmpty(app.Log);
        Assert.DoesNotContain(app.Log, line => line.Contains(Canary, StringComparison.Ordinal));

        async Task KeepAsync(HttpResponseMessage answer) => answers.Append(answer.Headers).Append(await answer.Content.ReadAsStringAsync()).AppendLine();
    }
}
