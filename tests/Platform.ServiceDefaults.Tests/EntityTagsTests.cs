using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.ServiceDefaults.Tests;

public sealed class EntityTagsTests(RealServers servers) : IAsyncLifetime
{
    private Testing.Servers.PostgresDatabase _database = null!;
    private TestService _service = null!;
    private string _name = "first";

    private static CancellationToken Cancelled => Xunit.TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await servers.CreateDatabaseAsync();
        _service = await TestService.StartAsync(servers.SettingsOf("feeds", _database), "feeds", map: app =>
        {
            app.MapGet("/api/thing", () => TypedResults.Ok(new { name = _name })).RequireAuthorization(Roles.Viewer);
            app.MapPost("/api/thing", () => TypedResults.Ok(new { name = _name })).RequireAuthorization(Roles.Viewer);
            app.MapGet("/api/refused", () => Refusal.NotFound("thing", "x", "None.").ToResult()).RequireAuthorization(Roles.Viewer);
            app.MapGet("/api/large", () => TypedResults.Ok(new string('x', 3_000_000))).RequireAuthorization(Roles.Viewer);
            app.MapGet("/api/events", async (HttpContext http) =>
            {
                http.Response.ContentType = "text/event-stream";
                await http.Response.WriteAsync("data: 1\n\n");
                await http.Response.Body.FlushAsync();
                await Task.Delay(Timeout.Infinite, http.RequestAborted);
            }).RequireAuthorization(Roles.Viewer);
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task What_has_not_changed_is_not_sent_again()
    {
        using var client = _service.ClientAs(servers.Keys, Roles.Viewer);
        using var first = await client.GetAsync("/api/thing", Cancelled);
        var tag = first.Headers.ETag!;
        Assert.Equal("{\"name\":\"first\"}", await first.Content.ReadAsStringAsync(Cancelled));
        Assert.False(tag.IsWeak);

        foreach (var known in (string[])[tag.Tag, $"W/{tag.Tag}", $"\"other\", {tag.Tag}", "*"])
        {
            using var same = await GetAsync(client, known);
            Assert.Equal((known, HttpStatusCode.NotModified, tag, ""), (known, same.StatusCode, same.Headers.ETag, await same.Content.ReadAsStringAsync(Cancelled)));
        }

        _name = "second";
        using var changed = await GetAsync(client, tag.Tag);
        Assert.Equal((HttpStatusCode.OK, "{\"name\":\"second\"}"), (changed.StatusCode, await changed.Content.ReadAsStringAsync(Cancelled)));
        Assert.NotEqual(tag, changed.Headers.ETag);
    }

    [Fact]
    public async Task Refusals_large_answers_and_changes_have_no_tag_and_come_whole()
    {
        using var client = _service.ClientAs(servers.Keys, Roles.Viewer);
        using var refused = await client.GetAsync("/api/refused", Cancelled);
        using var large = await client.GetAsync("/api/large", Cancelled);
        using var posted = await client.PostAsync("/api/thing", null, Cancelled);

        Assert.Equal((HttpStatusCode.NotFound, null), (refused.StatusCode, refused.Headers.ETag));
        Assert.Contains("There is no thing 'x'", await refused.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal((3_000_002, null), ((await large.Content.ReadAsByteArrayAsync(Cancelled)).Length, large.Headers.ETag));
        Assert.Null(posted.Headers.ETag);
    }

    [Fact]
    public async Task Events_are_not_held_back()
    {
        using var client = _service.ClientAs(servers.Keys, Roles.Viewer);
        using var answer = await client.GetAsync("/api/events", HttpCompletionOption.ResponseHeadersRead, Cancelled);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Cancelled));

        Assert.Equal("data: 1", await reader.ReadLineAsync(Cancelled));
    }

    [Fact]
    public async Task HEAD_is_answered_like_GET_without_the_content_and_streams_end_with_their_header()
    {
        using var client = _service.ClientAs(servers.Keys, Roles.Viewer);
        using var anonymous = _service.Anonymous();
        using var read = await client.GetAsync("/api/thing", Cancelled);

        // All but the last over the same connection: each has ended when the next begins.
        using var known = await HeadAsync(client, "/api/thing");
        using var events = await HeadAsync(client, "/api/events");
        using var large = await HeadAsync(client, "/api/large");
        using var refused = await HeadAsync(client, "/api/refused");
        using var absent = await HeadAsync(client, "/api/nothing");
        using var stranger = await HeadAsync(anonymous, "/api/thing");

        Assert.Equal((HttpStatusCode.OK, read.Headers.ETag, read.Content.Headers.ContentLength, "application/json"), (known.StatusCode, known.Headers.ETag, known.Content.Headers.ContentLength, known.Content.Headers.ContentType?.MediaType));
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (events.StatusCode, events.Content.Headers.ContentType?.MediaType));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound, "application/problem+json"), (large.StatusCode, refused.StatusCode, refused.Content.Headers.ContentType?.MediaType));
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.Unauthorized), (absent.StatusCode, stranger.StatusCode));
    }

    private static async Task<HttpResponseMessage> HeadAsync(HttpClient client, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, path);
        var answer = await client.SendAsync(request, Cancelled);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync(Cancelled));
        return answer;
    }

    private static async Task<HttpResponseMessage> GetAsync(HttpClient client, string known)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/thing");
        request.Headers.TryAddWithoutValidation("If-None-Match", known);
        return await client.SendAsync(request, Cancelled);
    }
}
