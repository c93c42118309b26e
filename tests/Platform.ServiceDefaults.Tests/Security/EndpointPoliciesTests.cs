using Microsoft.AspNetCore.Builder;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.ServiceDefaults.Tests.Security;

public sealed class EndpointPoliciesTests
{
    [Fact]
    public async Task Every_endpoint_that_does_not_say_who_may_call_it_is_named()
    {
        await using var app = Service(map =>
        {
            map.MapGet("/api/forgotten", () => "no policy");
            map.MapGet("/api/unnamed", () => "a policy without a name").RequireAuthorization();
            map.MapGet("/api/misspelt", () => "unknown policy").RequireAuthorization("veiwer");
            map.MapGet("/api/mixed", () => "for services").RequireAuthorization(Roles.Service);
            map.MapPost("/internal/things", () => "for people").RequireAuthorization(Roles.Admin);
        });

        var problem = Assert.Throws<InvalidOperationException>(app.RequirePolicies).Message;

        Assert.Contains("/api/forgotten", problem);
        Assert.Contains("it has no policy; RequireAuthorization(Roles.…) gives it one", problem);
        Assert.Contains("/api/unnamed", problem);
        Assert.Contains("its policy has no name, expected one of viewer, operator, admin, anonymous", problem);
        Assert.Contains("its policy is 'veiwer'", problem);
        Assert.Contains("/api/mixed", problem);
        Assert.Contains("its policy is 'admin', expected one of service", problem);
    }

    [Fact]
    public async Task Groups_open_endpoints_and_the_internal_channel_pass_when_they_say_so()
    {
        await using var app = Service(map =>
        {
            map.MapGroup("/api/things").RequireAuthorization(Roles.Viewer).MapPost("/", () => "both").RequireAuthorization(Roles.Operator);
            map.MapGet("/health/live", () => "anyone").AllowAnonymous();
            map.MapGet("/secret-requests/{token}", (string token) => token).RequireAuthorization(Roles.Anonymous);
            map.MapPost("/internal/things", () => "for services").RequireAuthorization(Roles.Service);
        });

        app.RequirePolicies();
    }

    private static WebApplication Service(Action<WebApplication> map)
    {
        var app = WebApplication.CreateBuilder().Build();
        map(app);
        return app;
    }
}
