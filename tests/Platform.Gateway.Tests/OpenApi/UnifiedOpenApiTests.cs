using System.Text.Json.Nodes;
using Platform.Gateway.OpenApi;
using Platform.Testing;
using Xunit;

namespace Platform.Gateway.Tests.OpenApi;

public sealed class UnifiedOpenApiTests(GatewayApp app)
{
    [Fact]
    public Task The_committed_document_is_the_served_one() => OpenApiDocument.MatchesAsync(app.Anonymous(), "/openapi.json", "gateway", "openapi.json");

    [Fact]
    public async Task It_holds_the_paths_of_the_services_and_of_the_gateway_and_says_how_to_authenticate()
    {
        var document = await (await app.Anonymous().GetAsync("/openapi.json", TestContext.Current.CancellationToken)).ReadJsonAsync();

        Assert.StartsWith("3.0", (string)document["openapi"]!, StringComparison.Ordinal);
        Assert.NotNull(document["paths"]!["/api/credentials/{id}/test"]!["post"]);
        Assert.NotNull(document["paths"]!["/api/access/keys"]!["post"]);
        Assert.DoesNotContain(document["paths"]!.AsObject(), path => path.Key.StartsWith("/internal", StringComparison.Ordinal));
        Assert.Equal("/", (string)document["servers"]![0]!["url"]!);
        Assert.Equal(["bearer", "apiKey"], document["security"]!.AsArray().SelectMany(scheme => scheme!.AsObject()).Select(scheme => scheme.Key));
        Assert.Equal("X-Api-Key", (string)document["components"]!["securitySchemes"]!["apiKey"]!["name"]!);
    }

    [Fact]
    public async Task Swagger_UI_and_all_its_files_are_served_to_anyone_and_load_nothing_from_elsewhere()
    {
        var page = await app.Anonymous().GetAsync("/swagger/index.html", TestContext.Current.CancellationToken);
        var html = await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Contains("script-src 'self'", page.Headers.GetValues("Content-Security-Policy").Single());
        Assert.DoesNotContain("<script>", html);
        foreach (var file in (string[])["swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "index.js", "swagger-ui.css", "index.css"])
        {
            Assert.Contains(file, html);
            Assert.True((await app.Anonymous().GetAsync($"/swagger/{file}", TestContext.Current.CancellationToken)).IsSuccessStatusCode, file);
        }

        Assert.Contains("/openapi.json", await app.Anonymous().GetStringAsync("/swagger/index.js", TestContext.Current.CancellationToken));
    }
}

public sealed class MergingDocumentsTests
{
    [Fact]
    public void Equal_schemas_and_different_paths_unite()
    {
        var merge = new OpenApiMerge("title", "description");
        merge.Add("one", Document("/api/a", "GetA", "number"));
        merge.Add("two", Document("/api/b", "GetB", "number"));

        var merged = merge.Build();

        Assert.Equal(["/api/a", "/api/b"], merged["paths"]!.AsObject().Select(path => path.Key));
        Assert.Equal(["Other", "Thing", "Things"], merged["components"]!["schemas"]!.AsObject().Select(schema => schema.Key));
    }

    [Fact]
    public void Every_clash_of_paths_and_operations_is_named_with_both_owners()
    {
        var merge = new OpenApiMerge("title", "description");
        merge.Add("one", Document("/api/a/{id}", "Get", "number"));
        merge.Add("three", Document("/api/c", "Get", "number"));
        merge.Add("two", Document("/api/a/{name}", "List", "number"));

        var clash = Assert.Throws<InvalidOperationException>(() => merge.Build());

        Assert.Contains("the path /api/a/{name} is in the documents of one and two", clash.Message);
        Assert.Contains("the operation id Get is in the documents of one and three", clash.Message);
    }

    [Fact]
    public void A_name_that_means_two_things_gets_its_services_names_and_so_does_what_refers_to_it()
    {
        var merge = new OpenApiMerge("title", "description");
        merge.Add("one", Document("/api/a", "GetA", "number"));
        merge.Add("number-two", Document("/api/b", "GetB", "string"));

        var merged = merge.Build();

        var schemas = merged["components"]!["schemas"]!.AsObject();
        Assert.Equal(["NumberTwoThing", "NumberTwoThings", "OneThing", "OneThings", "Other"], schemas.Select(schema => schema.Key));
        Assert.Equal("#/components/schemas/NumberTwoThing", (string)schemas["NumberTwoThings"]!["items"]!["$ref"]!);
        Assert.Equal("#/components/schemas/OneThings", (string)merged["paths"]!["/api/a"]!["get"]!["schema"]!["$ref"]!);
    }

    private static JsonObject Document(string path, string operationId, string type) => new()
    {
        ["paths"] = new JsonObject
        {
            [path] = new JsonObject { ["get"] = new JsonObject { ["operationId"] = operationId, ["schema"] = new JsonObject { ["$ref"] = "#/components/schemas/Things" } } },
        },
        ["components"] = new JsonObject
        {
            ["schemas"] = new JsonObject
            {
                ["Thing"] = new JsonObject { ["type"] = type },
                ["Things"] = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["$ref"] = "#/components/schemas/Thing" } },
                ["Other"] = new JsonObject { ["type"] = "boolean" },
            },
        },
    };
}
