using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.EndToEnd.Tests;

/// <summary>One trace runs from the API call through gateway, bus and services to the commit (G3).</summary>
public sealed class OneTrace(RunningPlatform platform)
{
    [Fact]
    public async Task From_the_call_that_starts_a_run_to_the_commit_of_its_rows()
    {
        using var user = await PlatformUser.OfAsync(platform);
        await new ExportBucket(platform.S3).PutEventsAsync("traced", "2026-03-01", ExportBucket.Events(0, 100));
        var courier = await user.CourierAsync(await user.CredentialAsync(), "traced", ["events"]);
        await user.RunAsync(courier, PlatformUser.Day("2026-03-01"));
        await user.LoadIntoAsync(courier, ("events", (await user.FeedAsync(courier, "events")).Id));

        var trace = Guid.CreateVersion7().ToString("n");
        using var http = await platform.ClientAsync();
        http.DefaultRequestHeaders.Add("traceparent", $"00-{trace}-00f067aa0ba902b7-01");
        using var started = await http.PostAsJsonAsync($"/api/couriers/{courier}/runs", PlatformUser.Day("2026-03-01"), TestContext.Current.CancellationToken);
        var run = JsonNode.Parse(await started.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.Equal("succeeded", (string)(await user.EndOfAsync((string)run["id"]!))["state"]!);

        await Arrives(trace, "gateway");
        await Arrives(trace, "couriers", "courier run");
        await Arrives(trace, "couriers", "land");
        await Arrives(trace, "couriers", "outbox deliver");
        await Arrives(trace, "feeds", "feed load");
        await Arrives(trace, "feeds", "load copy");
        await Arrives(trace, "feeds", "load commit");
        Assert.False(platform.Telemetry.HasAnywhere(platform.S3.SecretKey), "A secret was exported with the telemetry.");
    }

    private Task Arrives(string trace, params string[] texts) => Until.True(
        () => platform.Telemetry.HasSpan(trace, texts), TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken, $"spans of {string.Join(", ", texts)} arrived");
}
