using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.ServiceDefaults.Tests;

public sealed class BodyMembersTests(RealServers servers) : IAsyncLifetime
{
    private Testing.Servers.PostgresDatabase _database = null!;
    private TestService _service = null!;

    private static CancellationToken Cancelled => Xunit.TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await servers.CreateDatabaseAsync();
        _service = await TestService.StartAsync(servers.SettingsOf("feeds", _database), "feeds", map: app =>
        {
            app.MapPost("/api/orders", (Order order) => TypedResults.Ok(order.Name.Length)).RequireAuthorization(Roles.Operator);
            app.MapGet("/api/orders/{id}", (string id) => TypedResults.Ok(new StoredOrder(id, "a", null, [], [], null, new("Bonn", "x")))).RequireAuthorization(Roles.Viewer);
            app.MapPut("/api/orders/{id}", (string id, Order order) => TypedResults.Ok(order.Name.Length)).RequireAuthorization(Roles.Operator);
            app.MapGet("/api/orders/{id}/plan", (string id) => TypedResults.Ok(new StoredPlan(id, new("x")))).RequireAuthorization(Roles.Viewer);
            app.MapPut("/api/orders/{id}/plan", (string id, Plan plan) => TypedResults.Ok(plan.Note)).RequireAuthorization(Roles.Operator);
            app.MapPost("/internal/orders", (Order order) => TypedResults.Ok(order.Name.Length)).RequireAuthorization(Roles.Service);
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task A_member_that_the_body_does_not_have_is_refused_with_its_path_and_what_may_have_been_meant_all_at_once()
    {
        var problems = await RefusedAsync(HttpMethod.Post, "/api/orders", """
            {"nmae":"a","name":"a","lines":[{"size":1},{"size":1,"siez":2,"deep":{"a":[1]}}],"labels":{"free":"x"},"address":{"city":"Bonn","o'dd name":{}},"free":{"anything":{"goes":[{}]}},"created":1}
            """);

        Assert.Equal(["$.nmae", "$.lines[1].siez", "$.lines[1].deep", "$.address['o'dd name']", "$.created"], problems.Select(problem => problem.Path));
        Assert.StartsWith("There is no such member; did you mean 'name'? It has address, ", problems[0].Problem);
        Assert.StartsWith("There is no such member; did you mean 'size'?", problems[1].Problem);
        Assert.Equal("There is no such member. It has size.", problems[2].Problem);
        Assert.DoesNotContain("did you mean", problems[4].Problem);
    }

    [Fact]
    public async Task More_than_anyone_reads_is_counted()
    {
        var problems = await RefusedAsync(HttpMethod.Post, "/api/orders", $"{{{string.Join(',', Enumerable.Range(0, 50_000).Select(i => $"\"p{i}\":{{\"q\":[{i}]}}"))}}}");

        Assert.Equal((21, "And 49980 more."), (problems.Count, problems[20].Problem));
    }

    [Fact]
    public async Task What_GET_answered_may_be_sent_back_and_copied_but_what_only_looks_so_may_not()
    {
        using var client = _service.ClientAs(servers.Keys, Roles.Operator);
        var stored = await client.GetStringAsync("/api/orders/7", Cancelled);
        Assert.Contains("\"id\":\"7\"", stored);
        Assert.Contains("\"checkedBy\":\"x\"", stored);

        foreach (var (method, path) in (IEnumerable<(HttpMethod, string)>)[(HttpMethod.Put, "/api/orders/7"), (HttpMethod.Post, "/api/orders")])
        {
            using var answer = await SendAsync(method, path, stored);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        // The plan stands one level deeper than PUT takes it: all of it would be ignored.
        Assert.Equal(["$.id", "$.plan"], (await RefusedAsync(HttpMethod.Put, "/api/orders/7/plan", await client.GetStringAsync("/api/orders/7/plan", Cancelled))).Select(problem => problem.Path));
        Assert.Equal("There is no such member. It has address, free, labels, lines, name, note, rates.", (await RefusedAsync(HttpMethod.Put, "/api/orders/7", stored.Replace("\"id\"", "\"idd\"", StringComparison.Ordinal)))[0].Problem);
    }

    [Theory]
    [InlineData("{\"NAME\":\"a\",\"Lines\":[],\"labels\":{}}")]
    [InlineData("{\"name\":\"a\",\"lines\":[],\"labels\":{},\"free\":[[{\"x\":{}}]],\"rates\":{\"a\":{\"size\":1}}}")]
    [InlineData("{\"name\":\"a\",\"lines\":null,\"labels\":{}}", HttpStatusCode.BadRequest)]
    [InlineData("{\"name\":\"a\",\"lines\":{\"x\":[]},\"labels\":[[]]}", HttpStatusCode.BadRequest)]
    [InlineData("{\"name\":\"a\",\"lines\":[", HttpStatusCode.BadRequest)]
    [InlineData("[]", HttpStatusCode.BadRequest)]
    [InlineData("", HttpStatusCode.BadRequest)]
    public async Task Everything_else_is_the_binders(string body, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var answer = await SendAsync(HttpMethod.Post, "/api/orders", body);

        Assert.Equal(expected, answer.StatusCode);
        Assert.DoesNotContain("no such member", await answer.Content.ReadAsStringAsync(Cancelled));
    }

    [Fact]
    public async Task A_body_of_megabytes_is_read_whole_and_then_once_more()
    {
        var name = new string('x', 3_000_000);

        using var answer = await SendAsync(HttpMethod.Post, "/api/orders", $"{{\"name\":\"{name}\",\"lines\":[],\"labels\":{{}}}}");

        Assert.Equal("3000000", await answer.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal("$.size", Assert.Single(await RefusedAsync(HttpMethod.Post, "/api/orders", $"{{\"name\":\"{name}\",\"lines\":[],\"labels\":{{}},\"size\":1}}")).Path);
    }

    [Fact]
    public async Task Services_of_another_version_are_understood_and_strangers_learn_nothing()
    {
        using var anonymous = _service.Anonymous();
        using var sister = servers.Keys.AsService("couriers", "feeds");
        sister.InnerHandler = new HttpClientHandler();
        using var service = new HttpClient(sister) { BaseAddress = new(_service.Address) };
        using var body = new StringContent("{\"name\":\"a\",\"lines\":[],\"labels\":{},\"newer\":1}", Encoding.UTF8, "application/json");

        Assert.Equal(HttpStatusCode.Unauthorized, (await anonymous.PostAsync("/api/orders", body, Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await service.PostAsync("/internal/orders", body, Cancelled)).StatusCode);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string body)
    {
        using var client = _service.ClientAs(servers.Keys, Roles.Operator);
        using var request = new HttpRequestMessage(method, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        return await client.SendAsync(request, Cancelled);
    }

    private async Task<IReadOnlyList<FieldProblem>> RefusedAsync(HttpMethod method, string path, string body)
    {
        using var answer = await SendAsync(method, path, body);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancelled))!["errors"].Deserialize<List<FieldProblem>>(PlatformJson.Options)!;
    }

    private sealed record Order(string Name, string? Note, IReadOnlyList<Line> Lines, IReadOnlyDictionary<string, string> Labels, JsonElement? Free, Address? Address, Dictionary<string, Line>? Rates = null);

    private sealed record Line(int? Size);

    private sealed record Address(string City);

    private sealed record StoredOrder(string Id, string Name, string? Note, IReadOnlyList<Line> Lines, Dictionary<string, string> Labels, JsonElement? Free, StoredAddress Address, Dictionary<string, Line>? Rates = null);

    private sealed record StoredAddress(string City, string CheckedBy);

    private sealed record Plan(string Note);

    private sealed record StoredPlan(string Id, Plan Plan);
}
