using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;
using Xunit;

namespace Platform.Couriers.Tests.Endpoints;

public sealed class RunEventsTests(CouriersApp app)
{
    [Fact]
    public async Task Progress_comes_as_it_happens_and_the_end_closes_the_stream()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "held.csv", new string('x', 300_000));
        await using var road = await StallingS3.StartAsync(app.S3.Endpoint, "held");
        var credential = $"cred-{Guid.CreateVersion7():n}";
        app.Sisters.Credentials[credential] = app.Credential(app.S3.SecretKey, endpoint: road.Address);
        var body = app.NewS3Courier(bucket, "'held.csv'");
        body["credentialId"] = credential;
        var runId = await app.StartAsync(await app.CreateAsync(body), new { mode = "all" });

        var events = new List<(string Type, string Id, JsonObject Run)>();
        using var answer = await ListenAsync(runId, null);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        await foreach (var item in SseParser.Create(await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken)).EnumerateAsync(TestContext.Current.CancellationToken))
        {
            events.Add((item.EventType, item.EventId!, JsonNode.Parse(item.Data)!.AsObject()));
            if ((string)events[^1].Run["phase"]! == "land")
            {
                road.Release();
            }
        }

        Assert.Contains(events, one => one.Type == "progress" && (string)one.Run["state"]! == "running");
        Assert.Equal(("ended", "succeeded", 100), (events[^1].Type, (string)events[^1].Run["state"]!, (int)events[^1].Run["progress"]!["percent"]!));

        // After a cut: the state since the last event; after the end, that there is no more.
        using var resumed = await ListenAsync(runId, events[0].Id);
        Assert.Contains("event: ended", await resumed.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        using var over = await ListenAsync(runId, events[^1].Id);
        Assert.Equal(HttpStatusCode.NoContent, over.StatusCode);
    }

    [Fact]
    public async Task An_unknown_run_has_no_events()
    {
        using var answer = await ListenAsync("run-none", null);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    private async Task<HttpResponseMessage> ListenAsync(string runId, string? lastEventId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/courier-runs/{runId}/events");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        return await app.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }
}
