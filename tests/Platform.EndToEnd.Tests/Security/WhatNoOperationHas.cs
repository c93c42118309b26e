using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.EndToEnd.Tests.Security;

/// <summary>Walks the OpenAPI document: no operation takes a member that it does not have, at whatever depth, and what can be read can be asked for by HEAD.</summary>
public sealed class WhatNoOperationHas(RunningPlatform platform)
{
    private const string Unknown = "no such member";
    private const int MaxDepth = 4;
    private const int MaxTold = 20;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Is_refused_in_every_object_of_every_body()
    {
        using var admin = await platform.ClientAsync(Roles.Admin);
        var document = (await admin.GetFromJsonAsync<JsonNode>("/openapi.json", Cancelled))!;
        var wrong = new List<string>();
        foreach (var operation in ApiOperation.AllOf(document).Where(operation => operation.ContentType == "application/json"))
        {
            var places = new List<string>();
            var body = Body(document, operation.Definition["requestBody"]!["content"]!["application/json"]!["schema"]!.AsObject(), "$", 0, places)!;
            using var request = new HttpRequestMessage(new(operation.Method), operation.ConcretePath) { Content = new StringContent(body.ToJsonString(), new MediaTypeHeaderValue("application/json")) };
            using var answer = await admin.SendAsync(request, Cancelled);
            var text = await answer.Content.ReadAsStringAsync(Cancelled);
            var told = answer.StatusCode == HttpStatusCode.BadRequest ? JsonNode.Parse(text)!["errors"]?.AsArray().Select(error => (string)error!["path"]!).Where(path => path != "…").ToList() : null;
            if (told is null || told.Count != Math.Min(MaxTold, places.Count) || told.Except(places).Any())
            {
                wrong.Add($"{operation.Method} {operation.Path} with {body.ToJsonString()}: {(int)answer.StatusCode} {text}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task HEAD_answers_as_GET_does_wherever_there_is_something_to_read()
    {
        using var admin = await platform.ClientAsync(Roles.Admin);
        var document = (await admin.GetFromJsonAsync<JsonNode>("/openapi.json", Cancelled))!;
        var wrong = new List<string>();
        foreach (var path in ApiOperation.AllOf(document).Where(operation => operation.Method == "GET").Select(operation => operation.ConcretePath).Concat(["/openapi.json", "/health/live"]))
        {
            using var read = await admin.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Cancelled);
            using var request = new HttpRequestMessage(HttpMethod.Head, path);
            using var head = await admin.SendAsync(request, Cancelled);
            if ((read.StatusCode, read.Content.Headers.ContentType?.ToString(), 0) != (head.StatusCode, head.Content.Headers.ContentType?.ToString(), (await head.Content.ReadAsByteArrayAsync(Cancelled)).Length))
            {
                wrong.Add($"{path}: GET {(int)read.StatusCode} {read.Content.Headers.ContentType}, HEAD {(int)head.StatusCode} {head.Content.Headers.ContentType}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    // A body of the schema's form with a member in every object that it does not have; without one where anything goes.
    private static JsonNode? Body(JsonNode document, JsonObject schema, string path, int depth, List<string> places)
    {
        if ((string?)schema["$ref"] is { } reference)
        {
            return Body(document, document["components"]!["schemas"]![reference.Split('/')[^1]]!.AsObject(), path, depth, places);
        }

        if (schema["allOf"]?.AsArray() is [JsonObject only])
        {
            return Body(document, only, path, depth, places);
        }

        if (depth == MaxDepth)
        {
            return null;
        }

        if (schema["items"] is JsonObject items)
        {
            return Body(document, items, $"{path}[0]", depth + 1, places) is { } item ? new JsonArray(item) : null;
        }

        if (schema["properties"] is not JsonObject { Count: > 0 } properties)
        {
            return null;
        }

        var body = new JsonObject { [Unknown] = 1 };
        places.Add($"{path}['{Unknown}']");
        foreach (var (name, of) in properties)
        {
            if (Body(document, of!.AsObject(), $"{path}.{name}", depth + 1, places) is { } value)
            {
                body[name] = value;
            }
        }

        return body;
    }
}
