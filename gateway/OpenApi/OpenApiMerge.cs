using System.Text.Json.Nodes;
using Platform.Gateway.Access;

namespace Platform.Gateway.OpenApi;

/// <summary>Merges OpenAPI 3 documents: paths and schemas are united, and whatever would mean two things is an error.</summary>
internal sealed class OpenApiMerge(string title, string description)
{
    private readonly SortedDictionary<string, JsonNode> _paths = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, JsonNode> _schemas = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _ownerOfPath = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> _ownerOfSchema = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _ownerOfOperation = new(StringComparer.Ordinal);
    private readonly List<string> _clashes = [];

    public void Add(string owner, JsonObject document)
    {
        foreach (var (path, item) in document["paths"]?.AsObject() ?? [])
        {
            // Names of path parameters do not tell paths apart.
            var shape = string.Join('/', path.Split('/').Select(segment => segment.StartsWith('{') ? "{}" : segment));
            if (!_ownerOfPath.TryAdd(shape, owner))
            {
                _clashes.Add($"the path {path} is in the documents of {_ownerOfPath[shape]} and {owner}");
                continue;
            }

            _paths.Add(path, item!.DeepClone());
            foreach (var operation in item.AsObject().Select(operation => operation.Value).OfType<JsonObject>().Select(operation => (string?)operation["operationId"]).OfType<string>())
            {
                if (!_ownerOfOperation.TryAdd(operation, owner))
                {
                    _clashes.Add($"the operation id {operation} is in the documents of {_ownerOfOperation[operation]} and {owner}");
                }
            }
        }

        foreach (var (name, schema) in document["components"]?["schemas"]?.AsObject() ?? [])
        {
            if (_ownerOfSchema.TryAdd(name, owner))
            {
                _schemas.Add(name, schema!.DeepClone());
            }
            else if (!JsonNode.DeepEquals(_schemas[name], schema))
            {
                _clashes.Add($"the schema {name} differs between the documents of {_ownerOfSchema[name]} and {owner}");
            }
        }
    }

    /// <summary>Throws <see cref="InvalidOperationException"/> with every clash.</summary>
    public JsonObject Build() => _clashes.Count > 0
        ? throw new InvalidOperationException($"The services' OpenAPI documents cannot be merged: {string.Join("; ", _clashes)}.")
        : new()
        {
            ["openapi"] = "3.0.4",
            ["info"] = new JsonObject { ["title"] = title, ["description"] = description, ["version"] = "v1" },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "/" }),
            ["paths"] = new JsonObject(_paths.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value.DeepClone()))),
            ["components"] = new JsonObject
            {
                ["schemas"] = new JsonObject(_schemas.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value.DeepClone()))),
                ["securitySchemes"] = new JsonObject
                {
                    ["bearer"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["description"] = "An API key." },
                    ["apiKey"] = new JsonObject { ["type"] = "apiKey", ["in"] = "header", ["name"] = ApiKeyAuthentication.HeaderName, ["description"] = "An API key." },
                },
            },
            ["security"] = new JsonArray(new JsonObject { ["bearer"] = new JsonArray() }, new JsonObject { ["apiKey"] = new JsonArray() }),
        };
}
