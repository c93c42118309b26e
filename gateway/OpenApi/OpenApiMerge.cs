using System.Text.Json.Nodes;
using Platform.Gateway.Access;

namespace Platform.Gateway.OpenApi;

/// <summary>
/// Merges OpenAPI 3 documents. A path or an operation id that two of them have is an error. Schema names are each service's own affair: where two services mean different things by
/// one name, both get their service's name in front (<c>RunView</c> becomes <c>CouriersRunView</c> and <c>SchedulerRunView</c>).
/// </summary>
internal sealed class OpenApiMerge(string title, string description)
{
    private const string KeyDescription = "An API key. It has a role (viewer, operator, admin), and may be limited to scopes: x-scope of an operation names the one it needs.";
    private const string SchemaReference = "#/components/schemas/";

    private readonly SortedDictionary<string, JsonObject> _documents = new(StringComparer.Ordinal);

    public void Add(string owner, JsonObject document) => _documents.Add(owner, document.DeepClone().AsObject());

    /// <summary>Throws <see cref="InvalidOperationException"/> with every clash.</summary>
    public JsonObject Build()
    {
        var ambiguous = FindAmbiguousSchemas();
        var paths = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        var schemas = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        var owners = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var clashes = new List<string>();
        foreach (var (owner, document) in _documents)
        {
            Rename(document, name => ambiguous.Contains(name) ? Prefixed(owner, name) : name);
            foreach (var (path, item) in document["paths"]?.AsObject() ?? [])
            {
                Claim($"path {ShapeOf(path)}", $"the path {path}", owner);
                paths[path] = item!.DeepClone();
                foreach (var id in item.AsObject().Select(operation => operation.Value).OfType<JsonObject>().Select(operation => (string?)operation["operationId"]).OfType<string>())
                {
                    Claim($"operation {id}", $"the operation id {id}", owner);
                }
            }

            foreach (var (name, schema) in SchemasOf(document))
            {
                schemas[ambiguous.Contains(name) ? Prefixed(owner, name) : name] = schema!.DeepClone();
            }
        }

        return clashes.Count > 0
            ? throw new InvalidOperationException($"The services' OpenAPI documents cannot be merged: {string.Join("; ", clashes)}.")
            : Document(new JsonObject(paths), new JsonObject(schemas));

        void Claim(string key, string what, string owner)
        {
            if (!owners.TryAdd(key, owner))
            {
                clashes.Add($"{what} is in the documents of {owners[key]} and {owner}");
            }
        }
    }

    /// <summary>Names that mean different things in different documents, by themselves or through what they refer to.</summary>
    private HashSet<string> FindAmbiguousSchemas()
    {
        var shared = _documents.Values.SelectMany(SchemasOf).GroupBy(schema => schema.Key, schema => schema.Value).Where(group => group.Count() > 1).ToList();
        var ambiguous = shared.Where(group => group.Any(schema => !JsonNode.DeepEquals(schema, group.First()))).Select(group => group.Key).ToHashSet(StringComparer.Ordinal);
        while (shared.Where(group => !ambiguous.Contains(group.Key) && group.Any(schema => ReferencesOf(schema!).Any(ambiguous.Contains))).Select(group => group.Key).ToList() is { Count: > 0 } more)
        {
            ambiguous.UnionWith(more);
        }

        return ambiguous;
    }

    private static JsonObject SchemasOf(JsonObject document) => document["components"]?["schemas"]?.AsObject() ?? [];

    // Names of path parameters do not tell paths apart.
    private static string ShapeOf(string path) => string.Join('/', path.Split('/').Select(segment => segment.StartsWith('{') ? "{}" : segment));

    private static string Prefixed(string owner, string name) => string.Concat(owner.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..])) + name;

    private static IEnumerable<string> ReferencesOf(JsonNode node)
    {
        var found = new List<string>();
        Rename(node.DeepClone(), name =>
        {
            found.Add(name);
            return name;
        });
        return found;
    }

    private static void Rename(JsonNode? node, Func<string, string> rename)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array)
            {
                Rename(item, rename);
            }
        }
        else if (node is JsonObject item)
        {
            foreach (var (_, value) in item)
            {
                Rename(value, rename);
            }

            if (item["$ref"] is JsonValue reference && reference.GetValue<string>() is var target && target.StartsWith(SchemaReference, StringComparison.Ordinal))
            {
                item["$ref"] = SchemaReference + rename(target[SchemaReference.Length..]);
            }
        }
    }

    private JsonObject Document(JsonObject paths, JsonObject schemas) => new()
    {
        ["openapi"] = "3.0.4",
        ["info"] = new JsonObject { ["title"] = title, ["description"] = description, ["version"] = "v1" },
        ["servers"] = new JsonArray(new JsonObject { ["url"] = "/" }),
        ["paths"] = paths,
        ["components"] = new JsonObject
        {
            ["schemas"] = schemas,
            ["securitySchemes"] = new JsonObject
            {
                ["bearer"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer", ["description"] = KeyDescription },
                ["apiKey"] = new JsonObject { ["type"] = "apiKey", ["in"] = "header", ["name"] = ApiKeyAuthentication.HeaderName, ["description"] = KeyDescription },
            },
        },
        ["security"] = new JsonArray(new JsonObject { ["bearer"] = new JsonArray() }, new JsonObject { ["apiKey"] = new JsonArray() }),
    };
}
