using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Platform.Gateway.Persistence;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.Gateway.Tests.Audit;

public sealed class AuditTests(GatewayApp app)
{
    private readonly string _id = $"cred-{Guid.CreateVersion7():n}";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Changes_and_refusals_are_on_record_and_reading_is_not()
    {
        using var admin = app.As(Roles.Admin);
        using var viewer = app.As(Roles.Viewer);
        using var stranger = app.Anonymous();
        await admin.PutAsJsonAsync($"/api/credentials/{_id}?secret=never-recorded", new { field = "never-recorded" }, Cancelled);
        await viewer.GetAsync($"/api/credentials/{_id}", Cancelled);
        await viewer.DeleteAsync($"/api/credentials/{_id}", Cancelled);
        await stranger.DeleteAsync($"/api/credentials/{_id}", Cancelled);
        await admin.PostAsJsonAsync($"/api/couriers/{_id}/runs", new { }, Cancelled);

        var found = await SearchAsync($"path=/api/credentials/{_id}");
        Assert.Equal([("anonymous", null, "DELETE", 401), ("the viewer", "viewer", "DELETE", 403), ("the admin", "admin", "PUT", 200)],
            found.Select(entry => ((string)entry["caller"]!, (string?)entry["role"], (string)entry["method"]!, (int)entry["status"]!)));
        Assert.All(found, entry => Assert.Equal(32, ((string)entry["traceId"]!).Length));
        Assert.Equal(502, (int)(await SearchAsync($"path=/api/couriers/{_id}")).Single()["status"]!);
        Assert.DoesNotContain("never-recorded", new JsonArray([.. found.Select(entry => entry.DeepClone())]).ToJsonString());
    }

    [Fact]
    public async Task It_is_searched_by_caller_method_status_and_time_and_in_pages()
    {
        using var admin = app.As(Roles.Admin);
        using var op = app.As(Roles.Operator);
        for (var i = 0; i < 5; i++)
        {
            await op.PostAsync($"/api/credentials/{_id}/test", null, Cancelled);
        }

        await admin.DeleteAsync($"/api/credentials/{_id}", Cancelled);
        var path = $"path=/api/credentials/{_id}";

        Assert.Equal(5, (await SearchAsync($"{path}&caller=the operator")).Count);
        Assert.Single(await SearchAsync($"{path}&method=delete"));
        Assert.Equal(6, (await SearchAsync($"{path}&status=200")).Count);
        Assert.Empty(await SearchAsync($"{path}&status=403"));
        Assert.Empty(await SearchAsync($"{path}&to=2020-01-01T00:00:00Z"));
        Assert.Equal(6, (await SearchAsync($"{path}&from=2020-01-01T00:00:00%2B02:00")).Count);

        var seen = new List<string>();
        string? after = null;
        do
        {
            var page = (await admin.GetFromJsonAsync<JsonNode>($"/api/access/audit?{path}&limit=4{(after is null ? "" : $"&after={after}")}", Cancelled))!;
            seen.AddRange(page["items"]!.AsArray().Select(item => (string)item!["id"]!));
            after = (string?)page["next"];
        }
        while (after is not null);
        Assert.Equal(6, seen.Distinct().Count());
        Assert.Equal(seen.OrderDescending(StringComparer.Ordinal), seen);
    }

    [Fact]
    public async Task It_is_exported_as_CSV_without_formulas_and_as_lines_of_JSON()
    {
        var (_, key) = await app.CreateKeyAsync($"=1+1,\"{_id}\"", Roles.Admin);
        using var client = app.WithKey(key);
        await client.DeleteAsync($"/api/credentials/{_id}", Cancelled);
        using var admin = app.As(Roles.Admin);

        var csv = await admin.GetAsync($"/api/access/audit.csv?path=/api/credentials/{_id}", Cancelled);
        var lines = (await admin.GetStringAsync($"/api/access/audit.ndjson?path=/api/credentials/{_id}", Cancelled)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal("text/csv", csv.Content.Headers.ContentType!.MediaType);
        var rows = (await csv.Content.ReadAsStringAsync(Cancelled)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal((2, "id,at,caller,callerId,role,method,path,status,milliseconds,traceId"), (rows.Length, rows[0]));
        Assert.Contains($",\"'=1+1,\"\"{_id}\"\"\",", rows[1]);
        Assert.Equal($"=1+1,\"{_id}\"", (string)JsonNode.Parse(lines.Single())!["caller"]!);
    }

    [Fact]
    public async Task Addresses_of_people_in_paths_are_not_recorded()
    {
        using var stranger = app.Anonymous();
        await stranger.GetAsync($"/api/optimizely-brevo/connections/{_id}/contacts/jane%40example.com", Cancelled);

        Assert.Equal($"/api/optimizely-brevo/connections/{_id}/contacts/…", (string)(await SearchAsync($"path=/api/optimizely-brevo/connections/{_id}")).Single()["path"]!);
    }

    [Fact]
    public async Task Old_entries_and_answers_are_deleted_and_others_stay()
    {
        await app.QueryAsync<long>($"""
            with old as (insert into audit_entries (id, at, caller, method, path, trace_id) values ('au-old-{_id}', now() - interval '401 days', 'x', 'POST', '/{_id}', 't'), ('au-new-{_id}', now() - interval '399 days', 'x', 'POST', '/{_id}', 't')),
                 kept as (insert into idempotent_requests (caller_id, key_hash, request_hash, created_at) values ('{_id}', '\x01', '\x01', now() - interval '25 hours'), ('{_id}', '\x02', '\x01', now() - interval '23 hours'))
            select 1::bigint
            """);

        await app.Services.GetServices<IHostedService>().OfType<Retention>().Single().SweepAsync(Cancelled);

        Assert.Equal($"au-new-{_id}", await app.QueryAsync<string>($"select string_agg(id, ',') from audit_entries where path = '/{_id}'"));
        Assert.Equal("\\x02", await app.QueryAsync<string>($"select string_agg(key_hash::text, ',') from idempotent_requests where caller_id = '{_id}'"));
    }

    [Theory]
    [InlineData(Roles.Viewer)]
    [InlineData(Roles.Operator)]
    public async Task Only_administrators_read_it(string role)
    {
        using var client = app.As(role);
        foreach (var path in (string[])["audit", "audit.csv", "audit.ndjson"])
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync($"/api/access/{path}", Cancelled)).StatusCode);
        }
    }

    private async Task<List<JsonNode>> SearchAsync(string query)
    {
        using var admin = app.As(Roles.Admin);
        return [.. (await admin.GetFromJsonAsync<JsonNode>($"/api/access/audit?limit=200&{query}", Cancelled))!["items"]!.AsArray().Select(item => item!)];
    }
}
