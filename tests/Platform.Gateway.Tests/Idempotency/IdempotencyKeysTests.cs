using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Platform.Gateway.Idempotency;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Xunit;

namespace Platform.Gateway.Tests.Idempotency;

public sealed class IdempotencyKeysTests(GatewayApp app)
{
    private readonly string _key = $"key-{Guid.CreateVersion7():n}";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repeated_request_is_carried_out_once_and_answered_alike()
    {
        var first = await PostAsync("once", "{\"a\":1}");
        var second = await PostAsync("once", "{\"a\":1}");
        await using var elsewhere = app.With([]);
        using var there = elsewhere.CreateDefaultClient();
        var third = await PostAsync("once", "{\"a\":1}", client: there);

        Assert.Equal((HttpStatusCode.OK, false), (first.StatusCode, first.Headers.Contains("Idempotency-Replayed")));
        foreach (var repeated in (HttpResponseMessage[])[second, third])
        {
            Assert.Equal((HttpStatusCode.OK, "true"), (repeated.StatusCode, repeated.Headers.GetValues("Idempotency-Replayed").Single()));
            Assert.Equal(await first.Content.ReadAsStringAsync(Cancelled), await repeated.Content.ReadAsStringAsync(Cancelled));
        }

        Assert.Equal(1, Calls("once"));
    }

    [Fact]
    public async Task The_same_key_with_another_request_is_refused_and_of_another_caller_is_another_key()
    {
        await PostAsync("other", "{\"a\":1}");

        foreach (var answer in (HttpResponseMessage[])[await PostAsync("other", "{\"a\":2}"), await PostAsync("other2", "{\"a\":1}"), await PostAsync("other", "{\"a\":1}", type: "text/plain")])
        {
            Assert.Equal((HttpStatusCode.UnprocessableEntity, "/problems/idempotency-key-reused"), (answer.StatusCode, (string)(await answer.ReadJsonAsync())["type"]!));
        }

        var (_, key) = await app.CreateKeyAsync($"another caller {_key}", Roles.Admin);
        using var another = app.WithKey(key);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync("other", "{\"a\":2}", client: another)).StatusCode);
        Assert.Equal(2, Calls("other"));
    }

    [Fact]
    public async Task Of_many_at_the_same_time_one_is_carried_out_and_the_others_wait()
    {
        var release = app.Credentials.Hold($"held-{_key}");
        var first = PostAsync($"held-{_key}", "{}");
        await Until.True(() => Calls($"held-{_key}") == 1, cancellationToken: Cancelled);

        var others = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => PostAsync($"held-{_key}", "{}")));

        foreach (var other in others)
        {
            Assert.Equal((HttpStatusCode.Conflict, "/problems/request-under-way"), (other.StatusCode, (string)(await other.ReadJsonAsync())["type"]!));
            Assert.Equal(TimeSpan.FromSeconds(1), other.Headers.RetryAfter!.Delta);
        }

        release();
        Assert.Equal(HttpStatusCode.OK, (await first).StatusCode);
        Assert.Equal("true", (await PostAsync($"held-{_key}", "{}")).Headers.GetValues("Idempotency-Replayed").Single());
        Assert.Equal(1, Calls($"held-{_key}"));
    }

    [Fact]
    public async Task A_caller_who_did_not_wait_finds_the_answer_when_he_asks_again()
    {
        var release = app.Credentials.Hold($"impatient-{_key}");
        using var impatience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var first = PostAsync($"impatient-{_key}", "{}", cancellation: impatience.Token);
        await Until.True(() => Calls($"impatient-{_key}") == 1, cancellationToken: Cancelled);
        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        release();

        await Until.True(async () => (await PostAsync($"impatient-{_key}", "{}")).StatusCode == HttpStatusCode.OK, cancellationToken: Cancelled);
        Assert.Equal(1, Calls($"impatient-{_key}"));
    }

    [Fact]
    public async Task After_a_crash_in_between_nothing_is_carried_out_twice()
    {
        await PostAsync("crash", "{}");
        // What a gateway that was killed before the answer leaves behind.
        await app.QueryAsync<long>($"with crashed as (update idempotent_requests set status = null, answer = null, created_at = now() - interval '10 minutes' where key_hash = '\\x{KeyHash()}' returning 1) select count(*) from crashed");

        var answer = await PostAsync("crash", "{}");

        Assert.Equal((HttpStatusCode.Conflict, "/problems/outcome-unknown"), (answer.StatusCode, (string)(await answer.ReadJsonAsync())["type"]!));
        Assert.Equal(1, Calls("crash"));
    }

    [Fact]
    public async Task A_gateway_that_is_killed_in_between_leaves_a_claim_that_the_next_one_respects()
    {
        var mark = $"killed-{_key}";
        var release = app.Credentials.Hold(mark);
        var url = $"http://127.0.0.1:{FreePorts.Take(1)[0]}";
        using (var gateway = Process.Start(app.StartInfo(new() { ["Urls"] = url }))!)
        {
            using var client = new HttpClient { BaseAddress = new(url) };
            client.DefaultRequestHeaders.Add("X-Api-Key", app.KeyOf(Roles.Admin));
            try
            {
                await Until.True(async () => await IsUpAsync(client), cancellationToken: Cancelled);
                var lost = PostAsync(mark, "{}", client: client);
                await Until.True(() => Calls(mark) == 1, cancellationToken: Cancelled);
                gateway.Kill();
                await Assert.ThrowsAsync<HttpRequestException>(() => lost);
            }
            finally
            {
                gateway.Kill();
                await gateway.WaitForExitAsync(Cancelled);
                release();
            }
        }

        Assert.Equal(HttpStatusCode.Conflict, (await PostAsync(mark, "{}")).StatusCode);
        Assert.Equal(1, Calls(mark));
    }

    [Fact]
    public async Task A_service_that_is_not_there_has_not_carried_it_out_and_the_key_stays_free()
    {
        using var client = app.As(Roles.Admin);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(HttpStatusCode.BadGateway, (await SendAsync(client, "/api/couriers", "{}")).StatusCode);
        }

        Assert.Equal(0L, await app.QueryAsync<long>($"select count(*) from idempotent_requests where key_hash = '\\x{KeyHash()}'"));
    }

    [Fact]
    public async Task A_refused_request_is_remembered_as_refused_and_secrets_are_not_readable_in_the_database()
    {
        using var client = app.As(Roles.Admin);
        var name = $"idempotent {_key}";
        var first = await SendAsync(client, "/api/access/keys", $$"""{"name":"{{name}}","role":"viewer"}""");
        var second = await SendAsync(client, "/api/access/keys", $$"""{"name":"{{name}}","role":"viewer"}""");

        var created = await first.ReadJsonAsync();
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created), (first.StatusCode, second.StatusCode));
        Assert.Equal(created.ToJsonString(), (await second.ReadJsonAsync()).ToJsonString());
        Assert.Equal(first.Headers.Location, second.Headers.Location);
        Assert.DoesNotContain(((string)created["key"]!)[12..], await app.QueryAsync<string>("select coalesce(string_agg(encode(answer, 'escape'), ';'), '') from idempotent_requests"));
        Assert.DoesNotContain(_key, await app.QueryAsync<string>("select string_agg(t::text || encode(key_hash, 'escape'), ';') from idempotent_requests t"));

        using var again = new HttpRequestMessage(HttpMethod.Post, "/api/access/keys") { Content = JsonContent.Create(new { name, role = "viewer" }) };
        again.Headers.Add("Idempotency-Key", $"{_key}-2");
        Assert.Equal(HttpStatusCode.Conflict, (await client.SendAsync(again, Cancelled)).StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("with space")]
    public async Task A_key_that_is_none_is_refused(string key)
    {
        using var client = app.As(Roles.Admin);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/credentials?mark=no-key") { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key.Length == 0 ? new string('x', 201) : key);

        Assert.Equal(HttpStatusCode.BadRequest, (await client.SendAsync(request, Cancelled)).StatusCode);
        Assert.Equal(0, Calls("no-key"));
    }

    private static async Task<bool> IsUpAsync(HttpClient client)
    {
        try
        {
            return (await client.GetAsync("/health/live", Cancelled)).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private int Calls(string mark) => app.Credentials.Received.Count(received => received.Path.EndsWith($"mark={mark}", StringComparison.Ordinal));

    private Task<HttpResponseMessage> PostAsync(string mark, string body, string type = "application/json", HttpClient? client = null, CancellationToken? cancellation = null)
    {
        client ??= app.As(Roles.Admin);
        if (!client.DefaultRequestHeaders.Contains("X-Api-Key"))
        {
            client.DefaultRequestHeaders.Add("X-Api-Key", app.KeyOf(Roles.Admin));
        }

        return SendAsync(client, $"/api/credentials?mark={mark}", body, type, cancellation);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpClient client, string path, string body, string type = "application/json", CancellationToken? cancellation = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, type) };
        request.Headers.Add("Idempotency-Key", _key);
        return await client.SendAsync(request, cancellation ?? Cancelled);
    }

    private string KeyHash() => Convert.ToHexString(app.Services.GetRequiredService<StoredAnswers>().HashOf("key", Encoding.ASCII.GetBytes(_key)));
}
