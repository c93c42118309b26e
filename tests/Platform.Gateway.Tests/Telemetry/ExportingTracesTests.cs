using System.Diagnostics;
using System.Net;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Xunit;

namespace Platform.Gateway.Tests.Telemetry;

public sealed class ExportingTracesTests(GatewayApp app)
{
    [Fact]
    public async Task Spans_and_metrics_arrive_at_the_endpoint_that_the_environment_names()
    {
        const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        var url = $"http://127.0.0.1:{FreePorts.Take(1)[0]}";
        await using var collector = new OtlpCollector();
        using var gateway = Process.Start(app.StartInfo(new(collector.Settings) { ["Urls"] = url }))!;
        try
        {
            using var client = new HttpClient { BaseAddress = new(url) };
            client.DefaultRequestHeaders.Add("X-Api-Key", app.KeyOf(Roles.Viewer));
            client.DefaultRequestHeaders.Add("traceparent", $"00-{Trace}-00f067aa0ba902b7-01");
            await Until.True(async () => await AnswersAsync(client));

            await Until.True(() => collector.HasSpan(Trace, "gateway"));
            await Until.True(() => collector.HasSpan(Trace, "/api/credentials/{**rest}"));
            await Until.True(() => collector.HasSpan(Trace, "http.response.status_code"));
            await Until.True(() => collector.HasMetric("http.server.request.duration"));
            Assert.False(collector.HasAnywhere(app.KeyOf(Roles.Viewer)));
        }
        finally
        {
            gateway.Kill();
            await gateway.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    private static async Task<bool> AnswersAsync(HttpClient client)
    {
        try
        {
            return (await client.GetAsync("/api/credentials", TestContext.Current.CancellationToken)).StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
