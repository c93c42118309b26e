using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Xunit;

namespace Platform.Gateway.Tests.Access;

public sealed class ApiKeysTests(GatewayApp app)
{
    [Fact]
    public async Task A_key_is_accepted_as_bearer_and_as_header_and_nothing_else_is()
    {
        var (_, key) = await app.CreateKeyAsync("both ways", Roles.Viewer);

        Assert.Equal(HttpStatusCode.OK, await StatusAsync("Authorization", $"Bearer {key}"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("Authorization", $"bearer {key}"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("X-Api-Key", key));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("X-Api-Key", key[..^1] + (key[^1] == 'a' ? 'b' : 'a')));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("X-Api-Key", key[..^1]));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("X-Api-Key", key.ToUpperInvariant()));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("Authorization", $"Basic {key}"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("X-Api-Key", "' or 1=1 --"));
    }

    [Fact]
    public async Task Two_different_keys_in_one_request_are_refused()
    {
        using var client = app.As(Roles.Admin);
        client.DefaultRequestHeaders.Authorization = new("Bearer", app.KeyOf(Roles.Viewer));
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/api/credentials")).StatusCode);

        client.DefaultRequestHeaders.Authorization = new("Bearer", app.KeyOf(Roles.Admin));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/credentials")).StatusCode);
    }

    [Fact]
    public async Task A_key_is_shown_once_and_stored_as_a_hash()
    {
        var (id, key) = await app.CreateKeyAsync("shown once", Roles.Operator);

        var listed = (await app.As(Roles.Admin).GetFromJsonAsync<JsonObject>("/api/access/keys?limit=200"))!;

        var shown = listed["items"]!.AsArray().Single(item => (string)item!["id"]! == id)!.AsObject();
        Assert.Equal(("shown once", "operator", key[..11], "the admin"), ((string)shown["name"]!, (string)shown["role"]!, (string)shown["start"]!, (string)shown["createdBy"]!));
        Assert.DoesNotContain(key[12..], listed.ToJsonString());
        var rows = await app.QueryAsync<string>("select string_agg(k::text || encode(hash, 'escape'), ';') from api_keys k");
        Assert.Contains(id, rows);
        Assert.DoesNotContain(key[12..], rows);
    }

    [Fact]
    public async Task A_revoked_key_stops_at_once_here_and_within_seconds_elsewhere()
    {
        var (id, key) = await app.CreateKeyAsync("revoked", Roles.Viewer);
        await using var elsewhere = app.With([]);
        using var there = elsewhere.CreateDefaultClient();
        there.DefaultRequestHeaders.Add("X-Api-Key", key);
        Assert.Equal(HttpStatusCode.OK, (await there.GetAsync("/api/credentials")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("X-Api-Key", key));

        Assert.Equal(HttpStatusCode.NoContent, (await app.As(Roles.Admin).DeleteAsync($"/api/access/keys/{id}")).StatusCode);

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("X-Api-Key", key));
        await Until.True(async () => (await there.GetAsync("/api/credentials")).StatusCode == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(6));
        Assert.Equal(HttpStatusCode.NotFound, (await app.As(Roles.Admin).DeleteAsync($"/api/access/keys/{id}")).StatusCode);
        Assert.DoesNotContain(id, await app.As(Roles.Admin).GetStringAsync("/api/access/keys?limit=200"));
        Assert.Contains(id, await app.As(Roles.Admin).GetStringAsync("/api/access/keys?limit=200&revoked=true"));
        await app.CreateKeyAsync("revoked", Roles.Viewer);
    }

    [Fact]
    public async Task A_key_ends_at_its_time_also_when_it_was_used_just_before()
    {
        var (_, key) = await app.CreateKeyAsync("short lived", Roles.Viewer, DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() + 1500));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("X-Api-Key", key));

        await Until.True(async () => await StatusAsync("X-Api-Key", key) == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task Every_problem_of_a_new_key_is_reported_and_a_name_is_taken_once()
    {
        var invalid = await (await app.As(Roles.Admin).PostAsJsonAsync("/api/access/keys", new { name = "", role = "root", expiresAt = DateTimeOffset.UnixEpoch })).ReadJsonAsync();
        await app.CreateKeyAsync("unique", Roles.Viewer);
        var taken = await app.As(Roles.Admin).PostAsJsonAsync("/api/access/keys", new { name = "unique", role = "viewer" });

        Assert.Equal(["$.name", "$.role", "$.expiresAt"], invalid["errors"]!.AsArray().Select(error => (string)error!["path"]!));
        Assert.Equal((HttpStatusCode.Conflict, "/problems/name-taken"), (taken.StatusCode, (string)(await taken.ReadJsonAsync())["type"]!));
    }

    [Theory]
    [InlineData(Roles.Viewer)]
    [InlineData(Roles.Operator)]
    public async Task Only_administrators_see_and_make_keys(string role)
    {
        Assert.Equal(HttpStatusCode.Forbidden, (await app.As(role).GetAsync("/api/access/keys")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await app.As(role).PostAsJsonAsync("/api/access/keys", new { name = "no", role = "admin" })).StatusCode);
    }

    [Fact]
    public async Task The_use_of_a_key_is_recorded()
    {
        var (id, key) = await app.CreateKeyAsync("used", Roles.Viewer);
        Assert.True(await app.QueryAsync<bool>($"select last_used_at is null from api_keys where id = '{id}'"));

        await StatusAsync("X-Api-Key", key);

        Assert.True(await app.QueryAsync<bool>($"select last_used_at > now() - interval '1 minute' from api_keys where id = '{id}'"));
    }

    [Fact]
    public async Task The_command_line_prints_a_key_and_nothing_else()
    {
        var (first, key, _) = await app.RunAsync("create-key", "from outside", "operator");
        var (second, _, taken) = await app.RunAsync("create-key", "from outside", "operator");
        var (third, replacement, _) = await app.RunAsync("create-key", "from outside", "admin", "--replace");
        var (fourth, _, invalid) = await app.RunAsync("create-key", "x", "root");
        var (fifth, _, usage) = await app.RunAsync("create-key");

        Assert.Equal((0, 1, 0, 1, 2), (first, second, third, fourth, fifth));
        Assert.Matches("^cp_[0-9a-z]{8}_[0-9a-z]{52}\n$", key);
        Assert.Contains("is named 'from outside' already", taken);
        Assert.Contains("There is no role 'root'", invalid);
        Assert.Contains("usage: create-key", usage);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("X-Api-Key", key.Trim()));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("X-Api-Key", replacement.Trim()));
    }

    [Fact]
    public async Task Without_its_database_the_gateway_says_so()
    {
        await using var gateway = app.With(new() { ["ConnectionStrings:Database"] = "Host=127.0.0.1;Port=1;Database=none" });
        using var client = gateway.CreateDefaultClient();
        client.DefaultRequestHeaders.Add("X-Api-Key", app.KeyOf(Roles.Viewer));

        var answer = await client.GetAsync("/api/credentials");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "/problems/keys-unavailable"), (answer.StatusCode, (string)(await answer.ReadJsonAsync())["type"]!));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/health/ready")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/live")).StatusCode);
    }

    private async Task<HttpStatusCode> StatusAsync(string header, string value)
    {
        using var client = app.Anonymous();
        client.DefaultRequestHeaders.TryAddWithoutValidation(header, value);
        return (await client.GetAsync("/api/credentials")).StatusCode;
    }
}
