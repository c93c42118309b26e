using System.Net;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.EndToEnd.Tests.Kit;

/// <summary>The platform comes up from its binaries, survives the death of a process, and is reached through the gateway alone.</summary>
public sealed class PlatformAsProcesses(RunningPlatform platform)
{
    private const long MemoryLimit = 400_000_000;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_gateway_knows_its_keys_and_forwards_to_the_services()
    {
        using var stranger = new HttpClient { BaseAddress = platform.Gateway };
        using var refused = await stranger.GetAsync("/api/credentials", Cancelled);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);

        using var viewer = await platform.ClientAsync(Roles.Viewer);
        using var listed = await viewer.GetAsync("/api/credentials", Cancelled);
        Assert.Equal(HttpStatusCode.OK, listed.StatusCode);
    }

    [Fact]
    public async Task A_killed_service_is_missed_and_comes_back()
    {
        using var admin = await platform.ClientAsync();
        await platform.KillAsync("credentials");
        Assert.Equal(0, platform.MemoryOf("credentials"));
        using var missed = await admin.GetAsync("/api/credentials", Cancelled);
        Assert.Equal(HttpStatusCode.BadGateway, missed.StatusCode);

        await platform.StartAsync("credentials");
        await Until.True(
            async () =>
            {
                using var answer = await admin.GetAsync("/api/credentials", Cancelled);
                return answer.StatusCode == HttpStatusCode.OK;
            },
            cancellationToken: Cancelled);
    }

    [Theory]
    [InlineData("gateway")]
    [InlineData("credentials")]
    [InlineData("couriers")]
    [InlineData("feeds")]
    [InlineData("scheduler")]
    [InlineData("campaigns")]
    [InlineData("optimizely-brevo")]
    public async Task Every_process_is_small_when_it_has_nothing_to_do(string name)
    {
        await Until.True(() => platform.MemoryOf(name) is > 0 and < MemoryLimit, cancellationToken: Cancelled);
    }
}
