using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.ServiceDefaults.Tests;

/// <summary>Changes that are carried out only on what their sender has seen.</summary>
public sealed class PreconditionsTests(RealServers servers) : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, string> _things = new(StringComparer.Ordinal) { ["a"] = "first", ["b"] = "first" };
    private Testing.Servers.PostgresDatabase _database = null!;
    private TestService _service = null!;
    private HttpClient _client = null!;

    private static CancellationToken Cancelled => Xunit.TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await servers.CreateDatabaseAsync();
        _service = await TestService.StartAsync(servers.SettingsOf("feeds", _database), "feeds", map: app =>
        {
            app.MapGet("/api/things/{id}", Results<Ok<Thing>, ProblemHttpResult> (string id) =>
                _things.TryGetValue(id, out var name) ? TypedResults.Ok(new Thing(name)) : Refusal.NotFound("thing", id, "None.").ToResult()).RequireAuthorization(Roles.Viewer);
            app.MapPut("/api/things/{id}", Results<Ok<Thing>, ProblemHttpResult> (string id, Thing thing) =>
                _things.TryGetValue(id, out var name) && _things.TryUpdate(id, thing.Name, name) ? TypedResults.Ok(thing) : Refusal.NotFound("thing", id, "None.").ToResult()).RequireAuthorization(Roles.Operator);
            app.MapDelete("/api/things/{id}", (string id) =>
            {
                _things.TryRemove(id, out _);
                return TypedResults.NoContent();
            }).RequireAuthorization(Roles.Operator);
            app.MapPut("/api/unread/{id}", (string id) => TypedResults.Ok(id)).RequireAuthorization(Roles.Operator);
        });
        _client = _service.ClientAs(servers.Keys, Roles.Operator);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _service.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task A_change_of_what_was_seen_is_carried_out_and_of_what_was_not_is_refused_with_the_present_tag()
    {
        var seen = await TagAsync("a");
        Assert.Equal(HttpStatusCode.OK, (await PutAsync("a", "second", seen)).StatusCode);

        using var late = await PutAsync("a", "third", seen);

        Assert.Equal(HttpStatusCode.PreconditionFailed, late.StatusCode);
        Assert.Equal("/problems/changed-meanwhile", (string)JsonNode.Parse(await late.Content.ReadAsStringAsync(Cancelled))!["type"]!);
        Assert.Equal("second", _things["a"]);
        Assert.Equal(await TagAsync("a"), late.Headers.ETag!.Tag);
        Assert.Equal(HttpStatusCode.OK, (await PutAsync("a", "third", $"\"another\", {late.Headers.ETag.Tag}")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await PutAsync("a", "fourth", "*")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await PutAsync("a", "fifth", null)).StatusCode);
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await PutAsync("a", "sixth", $"W/{await TagAsync("a")}")).StatusCode);
        Assert.Equal("fifth", _things["a"]);
    }

    [Fact]
    public async Task Deleting_is_held_to_it_too_and_what_is_not_there_is_said_by_the_operation()
    {
        var seen = await TagAsync("a");
        await PutAsync("a", "second", seen);

        Assert.Equal(HttpStatusCode.PreconditionFailed, (await SendAsync(HttpMethod.Delete, "/api/things/a", null, seen)).StatusCode);
        Assert.True(_things.ContainsKey("a"));
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Delete, "/api/things/a", null, await TagAsync("a"))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await PutAsync("a", "third", seen)).StatusCode);
    }

    [Fact]
    public async Task Of_many_who_change_the_same_at_the_same_time_one_succeeds()
    {
        var seen = await TagAsync("b");

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => PutAsync("b", $"by {i}", seen)));

        Assert.Equal(1, answers.Count(answer => answer.StatusCode == HttpStatusCode.OK));
        Assert.Equal(11, answers.Count(answer => answer.StatusCode == HttpStatusCode.PreconditionFailed));
    }

    [Fact]
    public async Task Where_nothing_is_read_it_means_nothing_and_is_refused()
    {
        using var answer = await SendAsync(HttpMethod.Put, "/api/unread/a", null, "\"x\"");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("If-Match", await answer.Content.ReadAsStringAsync(Cancelled));
    }

    private async Task<string> TagAsync(string id)
    {
        using var answer = await _client.GetAsync($"/api/things/{id}", Cancelled);
        return answer.Headers.ETag!.Tag;
    }

    private Task<HttpResponseMessage> PutAsync(string id, string name, string? ifMatch) => SendAsync(HttpMethod.Put, $"/api/things/{id}", new(name), ifMatch);

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, Thing? thing, string? ifMatch)
    {
        using var request = new HttpRequestMessage(method, path) { Content = thing is null ? null : JsonContent.Create(thing) };
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        return await _client.SendAsync(request, Cancelled);
    }

    private sealed record Thing(string Name);
}
