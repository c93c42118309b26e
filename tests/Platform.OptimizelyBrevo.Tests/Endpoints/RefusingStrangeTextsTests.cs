using System.Text;
using Xunit;

namespace Platform.OptimizelyBrevo.Tests.Endpoints;

public sealed class RefusingStrangeTextsTests(OptimizelyBrevoApp app)
{
    private const string Nul = """\u0000""";
    private const string Half = """\ud83e""";

    [Fact]
    public async Task Texts_that_cannot_be_kept_are_refused_and_nothing_fails()
    {
        var shop = new Customer(app);
        await shop.ConnectAsync();
        var wrong = new List<string>();
        foreach (var text in (string[])[Nul, Half, "long".PadRight(5000, 'g')])
        {
            foreach (var (path, body) in (IEnumerable<(string, string)>)[
                ($"{shop.Path}/decide", $$$"""{"userId":"u","attributes":{"email":"{{{text}}}","a":"{{{text}}}"}}"""),
                ($"{shop.Path}/decide", $$$"""{"userId":"{{{text}}}","attributes":{"{{{text}}}":1}}"""),
                ("/api/optimizely-brevo/decisions", $$$"""{"connectionId":"{{{shop.Id}}}","decisions":[{"id":"{{{text}}}","type":"ab-test","userId":"u","attributes":{"email":"{{{text}}}"},"decisionInfo":{"experimentKey":"{{{text}}}","variationKey":"on"}}]}"""),
                ("/api/optimizely-brevo/syncs", $$$"""{"connectionId":"{{{shop.Id}}}","scope":"users","dryRun":true,"users":[{"userId":"{{{text}}}","attributes":{"a":"{{{text}}}"}}]}"""),
                ("/api/optimizely-brevo/conversions", $$$"""{"connectionId":"{{{shop.Id}}}","direction":"toBrevo","events":[{"id":"{{{text}}}","eventKey":"purchase","userId":"u","timestamp":"2026-03-04T12:00:00Z","tags":{"t":"{{{text}}}"}}]}"""),
                ("/api/optimizely-brevo/conversions", $$$"""{"connectionId":"{{{shop.Id}}}","direction":"toOptimizely","events":[{"id":"1","eventKey":"purchase","userId":"u","timestamp":"2026-03-04T12:00:00Z","attributes":{"a":"{{{text}}}"}}]}"""),
                ("/api/optimizely-brevo/connections/import", $$$"""{"name":"{{{text}}}","yaml":"{{{text}}}","variables":{"{{{text}}}":"{{{text}}}"}}"""),
            ])
            {
                var response = await app.Client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
                if ((int)response.StatusCode >= 500)
                {
                    wrong.Add($"{path} with {text[..Math.Min(8, text.Length)]}: {await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
                }
            }
        }

        Assert.Empty(wrong);
    }
}
