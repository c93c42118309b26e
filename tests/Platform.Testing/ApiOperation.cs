using System.Text.Json.Nodes;

namespace Platform.Testing;

/// <summary>One operation of an OpenAPI document.</summary>
/// <param name="Method">GET, POST …</param>
/// <param name="Path">With its parameters in braces.</param>
/// <param name="Definition">What the document says of it.</param>
public sealed record ApiOperation(string Method, string Path, JsonObject Definition)
{
    /// <summary>Every operation of an OpenAPI document.</summary>
    public static IReadOnlyList<ApiOperation> AllOf(JsonNode document) => [.. document["paths"]!.AsObject().SelectMany(
        path => path.Value!.AsObject().Where(operation => operation.Value is JsonObject).Select(operation => new ApiOperation(operation.Key.ToUpperInvariant(), path.Key, operation.Value!.AsObject())))];

    /// <summary>Its parameters of one place: path, query or header.</summary>
    public IEnumerable<JsonObject> Parameters(string place) =>
        (Definition["parameters"]?.AsArray() ?? []).Select(parameter => parameter!.AsObject()).Where(parameter => (string)parameter["in"]! == place);

    /// <summary>The content type of its request body, or null when it takes none.</summary>
    public string? ContentType => Definition["requestBody"]?["content"]?.AsObject().Select(content => content.Key).FirstOrDefault();

    /// <summary>A path to call: its parameters are replaced by names that nothing has, and numbers.</summary>
    public string ConcretePath => Parameters("path").Aggregate(Path, (path, parameter) => path.Replace(
        $"{{{parameter["name"]}}}", (string?)parameter["schema"]?["type"] == "integer" ? "1" : "nothing-has-this-id", StringComparison.Ordinal));
}
