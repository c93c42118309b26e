using System.Net;
using System.Net.Http.Json;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.Gateway.Tests.Forwarding;

public sealed class ForwardingTests(GatewayApp app)
{
    [Fact]
    public async Task The_service_learns_who_calls_and_nothing_of_the_key()
    {
        using var client = app.As(Roles.Operator);
        client.DefaultRequestHeaders.Authorization = new("Bearer", app.KeyOf(Roles.Operator));
        client.DefaultRequestHeaders.Add("Cookie", "session=1");
        client.DefaultRequestHeaders.Add(InternalAuthentication.HeaderName, "forged");
        client.DefaultRequestHeaders.Add("X-Own", "kept");

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/credentials?mark=identity")).StatusCode);

        var received = Received("mark=identity");
        Assert.Equal(("GET", "the operator", Roles.Operator), (received.Method, received.Caller, received.Role));
        Assert.Equal("kept", received.Headers["X-Own"]);
        Assert.NotEqual("forged", received.Headers[InternalAuthentication.HeaderName]);
        Assert.DoesNotContain("Authorization", received.Headers.Keys, StringComparer.OrdinalIgnoreCase);
        Assert.DoesNotContain("Cookie", received.Headers.Keys, StringComparer.OrdinalIgnoreCase);
        Assert.DoesNotContain("X-Api-Key", received.Headers.Keys, StringComparer.OrdinalIgnoreCase);
        Assert.DoesNotContain(received.Headers.Values, value => value.Contains(app.KeyOf(Roles.Operator), StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_callers_trace_goes_on_in_the_service()
    {
        using var client = app.As(Roles.Viewer);
        client.DefaultRequestHeaders.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

        await client.GetAsync("/api/credentials?mark=trace");

        Assert.Equal("0af7651916cd43dd8448eb211c80319c", Received("mark=trace").TraceId);
    }

    [Theory]
    [InlineData(Roles.Viewer, "GET", "/api/credentials/cred-1", 200)]
    [InlineData(Roles.Viewer, "POST", "/api/credentials", 403)]
    [InlineData(Roles.Viewer, "POST", "/api/credentials/cred-1/test", 403)]
    [InlineData(Roles.Operator, "POST", "/api/credentials/cred-1/test", 200)]
    [InlineData(Roles.Operator, "DELETE", "/api/credentials/cred-1", 403)]
    [InlineData(Roles.Operator, "PUT", "/api/credentials/cred-1/test", 403)]
    [InlineData(Roles.Admin, "DELETE", "/api/credentials/cred-1", 200)]
    [InlineData(Roles.Admin, "PUT", "/api/credentials/cred-1", 200)]
    public async Task A_routes_policy_is_kept(string role, string method, string path, int expected)
    {
        using var answer = await app.As(role).SendAsync(new(new(method), path));

        Assert.Equal(expected, (int)answer.StatusCode);
    }

    [Theory]
    [InlineData("/internal/credentials/cred-1/secret")]
    [InlineData("/api/../internal/credentials/cred-1/secret")]
    [InlineData("/api/credentials/../../internal/credentials/cred-1/secret")]
    [InlineData("/api/credentials/%2e%2e/%2e%2e/internal/credentials/cred-1/secret")]
    [InlineData("//internal/credentials/cred-1/secret")]
    [InlineData("/Internal/credentials/cred-1/secret")]
    public async Task The_internal_channel_is_not_reachable(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(app.Address.GetLeftPart(UriPartial.Authority) + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Content = JsonContent.Create(new { purpose = "curiosity" });
        using var answer = await app.As(Roles.Admin).SendAsync(request);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.DoesNotContain(app.Credentials.Received, received => received.Path.StartsWith("/internal", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task An_encoded_slash_stays_part_of_its_segment()
    {
        await app.As(Roles.Viewer).GetAsync("/api/credentials/..%2f..%2finternal%2fthings?mark=slash");

        Assert.StartsWith("/api/credentials/", Received("mark=slash").Path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Problems_of_the_gateways_own_are_problem_details()
    {
        using var client = app.As(Roles.Admin);

        await IsProblemAsync(await app.Anonymous().GetAsync("/api/credentials"), 401, "not-authenticated");
        await IsProblemAsync(await app.Anonymous().GetAsync("/api/nothing"), 401, "not-authenticated");
        await IsProblemAsync(await app.As(Roles.Viewer).PostAsync("/api/credentials", null), 403, "not-allowed");
        await IsProblemAsync(await client.GetAsync("/api/nothing"), 404, "not-found");
        await IsProblemAsync(await client.DeleteAsync("/api/source-types"), 405, "method-not-allowed");
        await IsProblemAsync(await client.GetAsync("/api/feeds"), 502, "service-unavailable");
        Assert.Equal("Bearer", (await app.Anonymous().GetAsync("/api/credentials")).Headers.WwwAuthenticate.Single().Scheme);
    }

    [Fact]
    public async Task Answers_tell_browsers_to_do_nothing_with_them()
    {
        foreach (var answer in (HttpResponseMessage[])[await app.As(Roles.Viewer).GetAsync("/api/credentials"), await app.Anonymous().GetAsync("/api/credentials")])
        {
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Equal("default-src 'none'; frame-ancestors 'none'", answer.Headers.GetValues("Content-Security-Policy").Single());
            Assert.True(answer.Headers.CacheControl!.NoStore);
            Assert.False(answer.Headers.Contains("Server"));
        }
    }

    [Fact]
    public async Task Readiness_names_the_services_that_are_missing()
    {
        var health = await (await app.Anonymous().GetAsync("/health/ready")).ReadJsonAsync();

        Assert.Equal("degraded", (string)health["status"]!);
        Assert.Equal("Not ready: campaigns, couriers, feeds, optimizely-brevo, scheduler.", (string)health["checks"]!["services"]!["description"]!);
    }

    private Received Received(string mark) => app.Credentials.Received.Single(received => received.Path.Contains(mark, StringComparison.Ordinal));

    private static async Task IsProblemAsync(HttpResponseMessage answer, int status, string code)
    {
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal($"/problems/{code}", (string)(await answer.ReadJsonAsync())["type"]!);
    }
}
