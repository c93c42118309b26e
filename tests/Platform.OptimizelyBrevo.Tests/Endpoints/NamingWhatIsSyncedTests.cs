using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Platform.OptimizelyBrevo.Tests.Endpoints;

public sealed class NamingWhatIsSyncedTests(OptimizelyBrevoApp app)
{
    [Theory]
    [InlineData("""{"connectionId":"{id}","dryRun":true,"table":"Shop:Users"}""", "$.table")]
    [InlineData("""{"connectionId":"{id}","dryRun":true,"listId":7}""", "$.listId")]
    [InlineData("""{"connectionId":"{id}","scope":"table","dryRun":true,"users":[{"userId":"u"}]}""", "$.table $.users")]
    public async Task Who_names_a_part_and_not_its_scope_does_not_get_everybody(string body, string paths)
    {
        var shop = new Customer(app);
        await shop.ConnectAsync();
        using var answer = await app.Client.PostAsync(
            "/api/optimizely-brevo/syncs", new StringContent(body.Replace("{id}", shop.Id, StringComparison.Ordinal), Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(paths, string.Join(' ', problem["errors"]!.AsArray().Select(error => (string)error!["path"]!)));
    }
}
