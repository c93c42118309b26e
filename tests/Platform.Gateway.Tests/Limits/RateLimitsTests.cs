using System.Net;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.Gateway.Tests.Limits;

public sealed class RateLimitsTests(GatewayApp app)
{
    [Fact]
    public async Task A_key_that_asks_too_much_waits_and_the_others_do_not()
    {
        await using var gateway = app.With(new() { ["Limits:RequestsPerMinute"] = "3" });
        using var client = gateway.CreateDefaultClient();
        client.DefaultRequestHeaders.Add("X-Api-Key", app.KeyOf(Roles.Viewer));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/credentials")).StatusCode);
        }

        var limited = await client.GetAsync("/api/credentials");

        Assert.Equal(HttpStatusCode.TooManyRequests, limited.StatusCode);
        Assert.Equal("/problems/too-many-requests", (string)(await limited.ReadJsonAsync())["type"]!);
        Assert.InRange(limited.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        using var other = gateway.CreateDefaultClient();
        other.DefaultRequestHeaders.Add("X-Api-Key", app.KeyOf(Roles.Operator));
        Assert.Equal(HttpStatusCode.OK, (await other.GetAsync("/api/credentials")).StatusCode);
    }

    [Fact]
    public async Task Callers_without_a_key_are_limited_by_address()
    {
        await using var gateway = app.With(new() { ["Limits:AnonymousRequestsPerMinute"] = "2" });
        using var client = gateway.CreateDefaultClient();
        await client.GetAsync("/api/credentials");
        await client.GetAsync("/api/credentials");

        Assert.Equal(HttpStatusCode.TooManyRequests, (await client.GetAsync("/api/credentials")).StatusCode);
    }

    [Fact]
    public void A_limit_of_nothing_stops_the_start()
    {
        using var gateway = app.With(new() { ["Limits:RequestsPerMinute"] = "0" });

        Assert.Contains("must be at least 1", Assert.Throws<InvalidOperationException>(() => gateway.CreateDefaultClient()).Message);
    }
}
