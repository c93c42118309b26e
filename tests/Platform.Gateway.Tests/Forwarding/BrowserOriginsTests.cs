using System.Net;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.Gateway.Tests.Forwarding;

public sealed class BrowserOriginsTests(GatewayApp app)
{
    private const string Console = "https://console.example.com";

    [Fact]
    public async Task No_other_site_may_call_unless_it_is_listed()
    {
        using var closed = app.Anonymous();
        Assert.False((await PreflightAsync(closed, Console)).Headers.Contains("Access-Control-Allow-Origin"));

        await using var gateway = app.With(new() { ["Cors:Origins:0"] = Console });
        using var open = gateway.CreateDefaultClient();
        var allowed = await PreflightAsync(open, Console);
        Assert.Equal(HttpStatusCode.NoContent, allowed.StatusCode);
        Assert.Equal(Console, allowed.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.False(allowed.Headers.Contains("Access-Control-Allow-Credentials"));
        foreach (var other in (string[])["https://evil.example", "https://console.example.com.evil.example", "null", "http://console.example.com"])
        {
            Assert.False((await PreflightAsync(open, other)).Headers.Contains("Access-Control-Allow-Origin"), other);
        }

        open.DefaultRequestHeaders.Add("Origin", Console);
        open.DefaultRequestHeaders.Add("X-Api-Key", app.KeyOf(Roles.Viewer));
        Assert.Equal(Console, (await open.GetAsync("/api/credentials", TestContext.Current.CancellationToken)).Headers.GetValues("Access-Control-Allow-Origin").Single());
    }

    [Theory]
    [InlineData("*")]
    [InlineData("https://*.example.com")]
    [InlineData("http://console.example.com")]
    [InlineData("https://console.example.com/")]
    [InlineData("console.example.com")]
    public void An_origin_that_is_not_exact_stops_the_start(string origin)
    {
        using var gateway = app.With(new() { ["Cors:Origins:0"] = origin });

        Assert.Contains($"Cors:Origins holds '{origin}'", Assert.Throws<InvalidOperationException>(() => gateway.CreateDefaultClient()).Message);
    }

    private static async Task<HttpResponseMessage> PreflightAsync(HttpClient client, string origin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, "/api/credentials");
        request.Headers.Add("Origin", origin);
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", "x-api-key, content-type");
        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
