using System.Net;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.EndToEnd.Tests.Security;

/// <summary>Whoever reaches a service's port without the gateway gets its health and nothing else (G2).</summary>
public sealed class TheServicesOwnDoors(RunningPlatform platform)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string> Services => [.. RunningPlatform.Services];

    [Theory]
    [MemberData(nameof(Services))]
    public async Task Only_a_fresh_token_of_the_gateway_for_this_service_opens(string service)
    {
        var other = RunningPlatform.Services.First(name => name != service);
        using var strangers = new TestKeys();
        Assert.Equal(HttpStatusCode.NotFound, await KnockAsync(service, platform.Keys.TokenOfPerson(service)));

        Assert.Equal(HttpStatusCode.Unauthorized, await KnockAsync(service, null));
        Assert.Equal(HttpStatusCode.Unauthorized, await KnockAsync(service, "nonsense"));
        Assert.Equal(HttpStatusCode.Unauthorized, await KnockAsync(service, platform.Keys.TokenOfPerson(other)));
        Assert.Equal(HttpStatusCode.Unauthorized, await KnockAsync(service, strangers.TokenOfPerson(service)));
        Assert.Equal(HttpStatusCode.Unauthorized, await KnockAsync(service, strangers.TokenOfService(other, service)));
        Assert.Equal(HttpStatusCode.Unauthorized, await KnockAsync(service, TokenOf("gateway", service, Roles.Admin, TimeSpan.FromMinutes(-2))));
        Assert.Equal(HttpStatusCode.Unauthorized, await KnockAsync(service, TokenOf("gateway", service, Roles.Service, TimeSpan.Zero)));
        Assert.Equal(HttpStatusCode.Unauthorized, await KnockAsync(service, TokenOf(other, service, Roles.Admin, TimeSpan.Zero)));
    }

    [Theory]
    [MemberData(nameof(Services))]
    public async Task An_api_key_is_nothing_to_a_service(string service)
    {
        using var client = await platform.ClientAsync(Roles.Admin);
        client.BaseAddress = platform.AddressOf(service);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/api/nothing-here", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/live", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task The_internal_channel_is_for_services_and_not_for_people()
    {
        const string Secret = "/internal/credentials/cred-nothing/secret";
        Assert.Equal(HttpStatusCode.Forbidden, await KnockAsync("credentials", platform.Keys.TokenOfPerson("credentials"), Secret, HttpMethod.Post));
        Assert.Equal(HttpStatusCode.Unauthorized, await KnockAsync("credentials", null, Secret, HttpMethod.Post));
        Assert.Equal(HttpStatusCode.BadRequest, await KnockAsync("credentials", platform.Keys.TokenOfService("couriers", "credentials"), Secret, HttpMethod.Post));
        using var admin = await platform.ClientAsync(Roles.Admin);
        Assert.Equal(HttpStatusCode.NotFound, (await admin.PostAsync(Secret, null, Cancelled)).StatusCode);
    }

    private async Task<HttpStatusCode> KnockAsync(string service, string? token, string path = "/api/nothing-here", HttpMethod? method = null)
    {
        using var client = new HttpClient { BaseAddress = platform.AddressOf(service) };
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        if (token is not null)
        {
            request.Headers.Add(InternalAuthentication.HeaderName, token);
        }

        using var answer = await client.SendAsync(request, Cancelled);
        return answer.StatusCode;
    }

    private string TokenOf(string issuer, string audience, string role, TimeSpan ago)
    {
        var options = new InternalTokenOptions { SigningKey = platform.Keys.SigningKeyOf(issuer), TrustedKeys = platform.Keys.TrustedKeys };
        using var tokens = new InternalTokens(new ServiceIdentity(issuer), options, new ShiftedClock(ago));
        return tokens.Issue(audience, "someone", role);
    }

    private sealed class ShiftedClock(TimeSpan shift) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + shift;
    }
}
