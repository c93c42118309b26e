using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Logging;
using Npgsql;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.ServiceDefaults.Tests;

public sealed class RefusingRequestsTests(RealServers servers) : IAsyncLifetime
{
    private readonly LogLines _log = new();
    private Testing.Servers.PostgresDatabase _database = null!;
    private TestService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await servers.CreateDatabaseAsync();
        _service = await TestService.StartAsync(servers.SettingsOf("feeds", _database), "feeds", log: _log, map: app =>
        {
            app.MapPost("/api/things", (Thing thing) => TypedResults.Ok(thing)).RequireAuthorization(Roles.Operator);
            app.MapPost("/api/orders", (Order order) => TypedResults.Ok(order)).RequireAuthorization(Roles.Operator);
            app.MapGet("/api/answers", () => TypedResults.Ok(new Answer("a", ["b"]))).RequireAuthorization(Roles.Viewer);
            app.MapPost("/api/texts", (Thing thing, NpgsqlDataSource database) => EchoAsync(database, thing.Name)).RequireAuthorization(Roles.Operator);
            app.MapGet("/api/things", (int limit) => TypedResults.Ok(limit)).RequireAuthorization(Roles.Viewer);
            app.MapGet("/api/filtered", ([AsParameters] Filter filter, [FromQuery] string[] tag, int limit = 5) => TypedResults.Ok($"{filter.State} {string.Join('+', tag)} {limit}"))
                .WithName("ListFiltered").RequireAuthorization(Roles.Viewer);
            app.MapGet("/api/unfiltered", () => TypedResults.Ok()).WithName("ListUnfiltered").RequireAuthorization(Roles.Viewer);
            app.MapGet("/pages/{id}", (string id) => TypedResults.Ok(id)).WithName("ShowPage").RequireAuthorization(Roles.Viewer);
            app.MapGet("/api/broken", string () => throw new InvalidOperationException("Details for the log only.")).RequireAuthorization(Roles.Viewer);
            app.MapGet("/api/absent", string () => throw new InvalidOperationException("EF says so.", new NpgsqlException("No answer.", new TimeoutException()))).RequireAuthorization(Roles.Viewer);
            app.MapGet("/api/refused", string () => throw new RefusedException(Refusal.Conflict("busy", "Busy", "It is busy."))).RequireAuthorization(Roles.Viewer);
            app.MapGet("/api/forgotten", () => "no policy");
            app.MapGet("/internal/things", () => "for services").RequireAuthorization(Roles.Service);
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _database.DisposeAsync();
        _log.Dispose();
    }

    [Fact]
    public async Task Without_a_token_everything_but_health_is_refused()
    {
        using var client = _service.Anonymous();

        await IsProblemAsync(await client.GetAsync("/api/things?limit=1"), 401, "not-authenticated");
        await IsProblemAsync(await client.GetAsync("/api/nothing"), 401, "not-authenticated");
        await IsProblemAsync(await client.GetAsync("/internal/things"), 401, "not-authenticated");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/live")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/ready")).StatusCode);
    }

    [Fact]
    public async Task Roles_include_the_lower_ones_and_a_forgotten_policy_needs_the_highest()
    {
        using var viewer = _service.ClientAs(servers.Keys, Roles.Viewer);
        using var admin = _service.ClientAs(servers.Keys, Roles.Admin);

        await IsProblemAsync(await viewer.PostAsync("/api/things", Json("{}")), 403, "not-allowed");
        await IsProblemAsync(await viewer.GetAsync("/api/forgotten"), 403, "not-allowed");
        await IsProblemAsync(await admin.GetAsync("/internal/things"), 403, "not-allowed");
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync("/api/forgotten")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync("/api/things?limit=1")).StatusCode);
    }

    [Fact]
    public async Task Unknown_paths_and_methods_are_named_as_such()
    {
        using var viewer = _service.ClientAs(servers.Keys, Roles.Viewer);

        var unknown = await IsProblemAsync(await viewer.GetAsync("/api/nothing"), 404, "not-found");
        Assert.Contains("/api/nothing", (string)unknown["detail"]!);
        await IsProblemAsync(await viewer.DeleteAsync("/api/things"), 405, "method-not-allowed");
    }

    [Theory]
    [InlineData("{\"name\": \"a\",\n \"size\": x}", "$.size", "line 2, byte 10", "not well-formed JSON")]
    [InlineData("{\"name\": \"a\", \"size\": \"big\"}", "$.size", "line 1, byte 28", "wrong type")]
    [InlineData("{\"name\": \"a\"}", "$", "not the JSON expected here", "Required members are missing: 'size'")]
    [InlineData("{\"name\": \"a\"", "$", "line 1, byte 13", "not well-formed JSON")]
    public async Task Bad_JSON_is_answered_with_its_place_and_without_its_value(string body, string path, string where, string what)
    {
        using var client = _service.ClientAs(servers.Keys, Roles.Operator);

        var problem = await IsProblemAsync(await client.PostAsync("/api/things", Json(body)), 400, "invalid-input");

        Assert.Contains(where, (string)problem["detail"]!);
        Assert.Equal(path, (string)problem["errors"]![0]!["path"]!);
        Assert.Contains(what, (string)problem["errors"]![0]!["problem"]!);
        Assert.DoesNotContain("big", problem.ToJsonString());
        Assert.DoesNotContain("System.", problem.ToJsonString());
    }

    [Theory]
    [InlineData("{}", "Required members are missing: 'name', 'lines', 'labels'")]
    [InlineData("{\"name\":null,\"lines\":[],\"labels\":{}}", "wrong type")]
    [InlineData("{\"name\":\"a\",\"lines\":null,\"labels\":{}}", "wrong type")]
    [InlineData("{\"name\":\"a\",\"lines\":[null],\"labels\":{}}", "holds a null")]
    [InlineData("{\"name\":\"a\",\"lines\":[],\"labels\":{\"x\":null}}", "holds a null")]
    [InlineData("{\"name\":\"a\",\"lines\":[],\"labels\":{},\"name\":\"b\"}", "twice")]
    [InlineData("{\"name\":\"a\",\"lines\":[],\"labels\":{},\"Name\":\"b\"}", "twice")]
    [InlineData("{\"name\":\"\\ud800\",\"lines\":[],\"labels\":{}}", "")]
    public async Task What_a_handlers_types_do_not_allow_never_reaches_it(string body, string what)
    {
        using var client = _service.ClientAs(servers.Keys, Roles.Operator);

        var problem = await IsProblemAsync(await client.PostAsync("/api/orders", Json(body)), 400, "invalid-input");

        Assert.Contains(what, (string)problem["errors"]![0]!["problem"]!);
    }

    [Fact]
    public async Task What_is_optional_may_be_left_out_or_null_and_lists_may_be_empty()
    {
        using var client = _service.ClientAs(servers.Keys, Roles.Operator);

        foreach (var body in (string[])["{\"name\":\"a\",\"lines\":[],\"labels\":{}}", "{\"name\":\"a\",\"lines\":[\"x\"],\"labels\":{\"x\":\"y\"},\"note\":null,\"perhaps\":[null]}"])
        {
            Assert.Equal(HttpStatusCode.OK, (await client.PostAsync("/api/orders", Json(body))).StatusCode);
        }
    }

    [Fact]
    public async Task Answers_that_can_only_be_written_are_written()
    {
        using var client = _service.ClientAs(servers.Keys, Roles.Viewer);

        Assert.Equal("{\"name\":\"a\",\"lines\":[\"b\"]}", await client.GetStringAsync("/api/answers"));
    }

    [Fact]
    public async Task A_character_that_the_database_cannot_store_is_the_callers_mistake()
    {
        using var client = _service.ClientAs(servers.Keys, Roles.Operator);

        var problem = await IsProblemAsync(await client.PostAsync("/api/texts", Json("{\"name\":\"a\\u0000b\",\"size\":1}")), 400, "invalid-input");

        Assert.Contains("U+0000", (string)problem["detail"]!);
    }

    [Fact]
    public async Task Missing_bodies_wrong_types_and_wrong_parameters_are_told_apart()
    {
        using var client = _service.ClientAs(servers.Keys, Roles.Operator);

        await IsProblemAsync(await client.PostAsync("/api/things", new StringContent("{}", Encoding.UTF8, "text/plain")), 415, "unsupported-media-type");
        using var unknownCharset = new ByteArrayContent("{}"u8.ToArray());
        unknownCharset.Headers.TryAddWithoutValidation("Content-Type", "application/json; charset=nonsense");
        await IsProblemAsync(await client.PostAsync("/api/things", unknownCharset), 415, "unsupported-media-type");
        Assert.Contains("body is required", (await IsProblemAsync(await client.PostAsync("/api/things", Json("")), 400, "invalid-input"))["errors"]![0]!.ToJsonString());
        var wrong = (await IsProblemAsync(await client.GetAsync("/api/things?limit=abc"), 400, "invalid-input"))["errors"]![0]!;
        Assert.Equal("limit", (string)wrong["path"]!);
        Assert.Contains("'abc'", (string)wrong["problem"]!);
        Assert.Equal("Required.", (string)(await IsProblemAsync(await client.GetAsync("/api/things"), 400, "invalid-input"))["errors"]![0]!["problem"]!);

        // The answer comes before the body is sent, so that it is not lost with the connection.
        client.DefaultRequestHeaders.ExpectContinue = true;
        await IsProblemAsync(await client.PostAsync("/api/things", Json($"{{\"name\":\"{new string('x', 5_000_000)}\",\"size\":1}}")), 413, "too-large");
    }

    [Fact]
    public async Task Query_parameters_that_an_operation_does_not_have_are_refused_all_at_once_with_what_may_have_been_meant()
    {
        using var client = _service.ClientAs(servers.Keys, Roles.Viewer);

        var problem = await IsProblemAsync(await client.GetAsync("/api/filtered?stat=on&limti=3&colour=red&limit=1&limit=2&tag=a&tag=b"), 400, "invalid-input");

        var errors = problem["errors"]!.AsArray().ToDictionary(error => (string)error!["path"]!, error => (string)error!["problem"]!);
        Assert.Equal(["colour", "limit", "limti", "stat"], errors.Keys.Order(StringComparer.Ordinal));
        Assert.Contains("did you mean 'State'?", errors["stat"]);
        Assert.Contains("did you mean 'limit'?", errors["limti"]);
        Assert.DoesNotContain("did you mean", errors["colour"]);
        Assert.Contains("The operation has State, limit, tag.", errors["colour"]);
        Assert.Contains("2 times", errors["limit"]);
        var none = await IsProblemAsync(await client.GetAsync("/api/unfiltered?_=1"), 400, "invalid-input");
        Assert.Contains("the operation has none", (string)none["errors"]![0]!["problem"]!);
        var many = await IsProblemAsync(await client.GetAsync($"/api/unfiltered?{string.Join('&', Enumerable.Range(0, 500).Select(i => $"p{i}="))}"), 400, "invalid-input");
        Assert.Equal(("And 480 more.", 21), ((string)many["errors"]![20]!["problem"]!, many["errors"]!.AsArray().Count));
    }

    [Theory]
    [InlineData("/api/filtered?STATE=on&tag=a&tag=b&Limit=3", "\"on a+b 3\"")]
    [InlineData("/api/filtered", "\"  5\"")]
    [InlineData("/pages/a?utm_source=mail", "\"a\"")]
    public async Task Query_parameters_that_an_operation_has_and_those_of_pages_pass(string target, string expected)
    {
        using var client = _service.ClientAs(servers.Keys, Roles.Viewer);

        Assert.Equal(expected, await client.GetStringAsync(target));
    }

    [Fact]
    public async Task Who_may_not_call_an_operation_learns_nothing_of_its_query()
    {
        using var client = _service.Anonymous();

        await IsProblemAsync(await client.GetAsync("/api/filtered?colour=red"), 401, "not-authenticated");
    }

    [Fact]
    public async Task A_refusal_keeps_its_code_and_a_fault_tells_the_log_and_not_the_caller()
    {
        using var client = _service.ClientAs(servers.Keys, Roles.Viewer);

        Assert.Equal("It is busy.", (string)(await IsProblemAsync(await client.GetAsync("/api/refused"), 409, "busy"))["detail"]!);
        var fault = await IsProblemAsync(await client.GetAsync("/api/broken"), 500, "internal-error");
        Assert.DoesNotContain("Details for the log", fault.ToJsonString());
        Assert.True(_log.Has(LogLevel.Error, "GET /api/broken failed"));
    }

    [Fact]
    public async Task A_database_that_does_not_answer_is_told_with_the_time_to_try_again()
    {
        using var client = _service.ClientAs(servers.Keys, Roles.Viewer);

        var answer = await client.GetAsync("/api/absent");

        await IsProblemAsync(answer, 503, "database-unavailable");
        Assert.Equal(TimeSpan.FromSeconds(2), answer.Headers.RetryAfter!.Delta);
        Assert.True(_log.Has(LogLevel.Warning, "GET /api/absent was refused"));
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private static async Task<JsonObject> IsProblemAsync(HttpResponseMessage answer, int status, string code)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonNode.Parse(text)!.AsObject();
        Assert.Equal($"/problems/{code}", (string)problem["type"]!);
        Assert.Equal(32, ((string)problem["traceId"]!).Length);
        return problem;
    }

    private static async Task<string> EchoAsync(NpgsqlDataSource database, string text)
    {
        await using var command = database.CreateCommand("select $1");
        command.Parameters.Add(new() { Value = text });
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private sealed record Order(string Name, string? Note, List<string> Lines, IReadOnlyDictionary<string, string> Labels, List<string?>? Perhaps);

    private sealed class Answer(string name, IReadOnlyList<string> lines)
    {
        public string Name { get; } = name;

        public IReadOnlyList<string> Lines { get; } = lines;
    }

    private sealed class Filter
    {
        public string? State { get; init; }
    }

    private sealed class Thing
    {
        public required string Name { get; init; }

        public required int Size { get; init; }
    }
}
