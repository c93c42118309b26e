using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Platform.PartnerStandIns;

/// <summary>A published OpenAPI 2 or 3 document: what is said to a partner, and what its stand-in answers, is held against it.</summary>
public sealed class Specification
{
    private readonly JsonObject _document;
    private readonly List<(Regex Path, string Template, JsonObject Item)> _paths = [];

    private Specification(JsonObject document)
    {
        _document = document;
        foreach (var (template, item) in document["paths"]!.AsObject())
        {
            _paths.Add((new Regex("^" + Regex.Replace(Regex.Escape(template), @"\\\{[^}]+}", "[^/]+") + "$"), template, item!.AsObject()));
        }

        // A literal path wins over one with a parameter in the same place.
        _paths.Sort((left, right) => left.Template.Count(c => c == '{').CompareTo(right.Template.Count(c => c == '{')));
    }

    /// <summary>Reads one of the documents of the folder <c>specs</c>.</summary>
    public static Specification Read(string name)
    {
        var text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "specs", name));
        if (name.EndsWith(".json", StringComparison.Ordinal))
        {
            return new(JsonNode.Parse(text)!.AsObject());
        }

        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return new(Convert(stream.Documents[0].RootNode)!.AsObject());
    }

    /// <summary>The document with one more member, which its partner's own clients send and its text names, but which its schema forgot.</summary>
    public Specification With(string schema, string member, string type)
    {
        _document["components"]!["schemas"]![schema]!["properties"]![member] = new JsonObject { ["type"] = type };
        return this;
    }

    /// <summary>The document with a list where its generator wrote down the list's item: a count beside it and the partner's own page say that it is one.</summary>
    public Specification WithList(string definition, string member)
    {
        var properties = _document["definitions"]![definition]!["properties"]!;
        properties[member] = new JsonObject { ["type"] = "array", ["items"] = properties[member]!.DeepClone() };
        return this;
    }

    /// <summary>Whether the document has this operation.</summary>
    public bool Knows(string method, string path) => Find(method, path) is not null;

    /// <summary>What is wrong with a request body by the document; empty when nothing is.</summary>
    public IReadOnlyList<string> CheckRequest(string method, string path, string body)
    {
        if (Find(method, path) is not { } operation)
        {
            return [$"{method} {path} is not in the specification"];
        }

        var schema = operation["requestBody"] is { } request
            ? Resolve(request)["content"]?["application/json"]?["schema"]
            : operation["parameters"]?.AsArray().Select(parameter => Resolve(parameter!)).FirstOrDefault(parameter => (string?)parameter["in"] == "body")?["schema"];
        return schema is null ? [] : Check(schema, body, $"{method} {path}");
    }

    /// <summary>What is wrong with an answer by the document.</summary>
    public IReadOnlyList<string> CheckResponse(string method, string path, int status, string body)
    {
        if (Find(method, path) is not { } operation || operation["responses"] is not JsonObject responses)
        {
            return [];
        }

        var code = status.ToString(CultureInfo.InvariantCulture);
        if ((responses[code] ?? responses["default"]) is not { } response)
        {
            return status is 400 or 401 or 404 or 429 or >= 500 ? [] : [$"{method} {path} never answers {status}"];
        }

        var resolved = Resolve(response);
        var schema = resolved["schema"] ?? resolved["content"]?["application/json"]?["schema"];
        return schema is null || body.Length == 0 ? [] : Check(schema, body, $"{method} {path} -> {status}");
    }

    private JsonObject? Find(string method, string path) =>
        _paths.FirstOrDefault(each => each.Path.IsMatch(path) && each.Item.ContainsKey(method.ToLowerInvariant())).Item?[method.ToLowerInvariant()] as JsonObject;

    private List<string> Check(JsonNode schema, string body, string where)
    {
        var problems = new List<string>();
        JsonNode? value;
        try
        {
            value = JsonNode.Parse(body);
        }
        catch (JsonException e)
        {
            return [$"{where}: not JSON ({e.Message})"];
        }

        Check(schema, value, where + " $", problems);
        return problems;
    }

    private void Check(JsonNode schemaNode, JsonNode? value, string where, List<string> problems)
    {
        var schema = Resolve(schemaNode);
        if (schema["allOf"] is JsonArray)
        {
            Check(Merged(schema), value, where, problems);
            return;
        }

        if (schema["oneOf"] is JsonArray choices && choices.All(choice => Fails(choice!, value)))
        {
            problems.Add($"{where}: fits none of oneOf");
        }

        if (value is null)
        {
            if (schema["type"] is not null && schema["nullable"] is null)
            {
                problems.Add($"{where}: null instead of {schema["type"]}");
            }

            return;
        }

        switch ((string?)schema["type"] ?? (schema["properties"] is null ? null : "object"))
        {
            case "object" when value is JsonObject members:
                CheckObject(schema, members, where, problems);
                break;
            case "array" when value is JsonArray items:
                CheckArray(schema, items, where, problems);
                break;
            case "string" when value.GetValueKind() == JsonValueKind.String:
                CheckText(schema, (string)value!, where, problems);
                break;
            case "integer" when value.GetValueKind() == JsonValueKind.Number && value.ToJsonString().All(c => char.IsAsciiDigit(c) || c == '-'):
            case "number" when value.GetValueKind() == JsonValueKind.Number:
            case "boolean" when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False:
            case null:
                break;
            case { } type:
                problems.Add($"{where}: {value.GetValueKind()} instead of {type}");
                break;
        }
    }

    // The parts of allOf describe one object together: what one of them does not know another may.
    private JsonObject Merged(JsonObject schema)
    {
        var merged = new JsonObject(schema.Where(each => each.Key != "allOf").Select(each => KeyValuePair.Create(each.Key, each.Value?.DeepClone())));
        foreach (var part in schema["allOf"]!.AsArray().Select(each => Resolve(each!)).Select(each => each["allOf"] is null ? each : Merged(each)))
        {
            foreach (var (name, value) in part)
            {
                if (name == "properties" && merged[name] is JsonObject properties)
                {
                    foreach (var (property, type) in value!.AsObject())
                    {
                        properties[property] = type?.DeepClone();
                    }
                }
                else if (name == "required" && merged[name] is JsonArray required)
                {
                    foreach (var each in value!.AsArray())
                    {
                        required.Add(each?.DeepClone());
                    }
                }
                else
                {
                    merged[name] = value?.DeepClone();
                }
            }
        }

        return merged;
    }

    private bool Fails(JsonNode schema, JsonNode? value)
    {
        var problems = new List<string>();
        Check(schema, value, "", problems);
        return problems.Count > 0;
    }

    private void CheckObject(JsonObject schema, JsonObject members, string where, List<string> problems)
    {
        foreach (var required in schema["required"]?.AsArray() ?? [])
        {
            if (!members.ContainsKey((string)required!))
            {
                problems.Add($"{where}: '{required}' is missing");
            }
        }

        var properties = schema["properties"] as JsonObject;
        foreach (var (name, member) in members)
        {
            if (properties?[name] is { } known)
            {
                Check(known, member, $"{where}.{name}", problems);
            }
            else if (schema["additionalProperties"] is JsonObject { Count: > 0 } any)
            {
                Check(any, member, $"{where}.{name}", problems);
            }
            else if (properties is { Count: > 0 } && schema["additionalProperties"] is null)
            {
                problems.Add($"{where}: '{name}' is not in the specification");
            }
        }
    }

    private void CheckArray(JsonObject schema, JsonArray items, string where, List<string> problems)
    {
        if (schema["maxItems"] is { } most && items.Count > (int)most)
        {
            problems.Add($"{where}: {items.Count} items, at most {most}");
        }

        if (schema["minItems"] is { } least && items.Count < (int)least)
        {
            problems.Add($"{where}: {items.Count} items, at least {least}");
        }

        if (schema["items"] is { } item)
        {
            for (var i = 0; i < items.Count; i++)
            {
                Check(item, items[i], $"{where}[{i}]", problems);
            }
        }
    }

    private static void CheckText(JsonObject schema, string text, string where, List<string> problems)
    {
        if (schema["enum"] is JsonArray values && !values.Any(allowed => (string?)allowed == text))
        {
            problems.Add($"{where}: '{text}' is none of {values.ToJsonString()}");
        }

        if (schema["maxLength"] is { } most && text.Length > decimal.Parse(most.ToJsonString(), CultureInfo.InvariantCulture))
        {
            problems.Add($"{where}: {text.Length} characters, at most {most}");
        }

        if ((string?)schema["pattern"] is { } pattern && !Regex.IsMatch(text, pattern))
        {
            problems.Add($"{where}: does not match {pattern}");
        }

        if ((string?)schema["format"] == "date-time" && !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out _))
        {
            problems.Add($"{where}: '{text}' is no date-time");
        }
    }

    private JsonObject Resolve(JsonNode node)
    {
        while ((string?)node["$ref"] is { } reference)
        {
            node = reference[2..].Split('/').Aggregate((JsonNode)_document, (at, name) => at[name] ?? throw new InvalidOperationException($"{reference} leads nowhere."));
        }

        return node.AsObject();
    }

    private static JsonNode? Convert(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(child => new KeyValuePair<string, JsonNode?>(((YamlScalarNode)child.Key).Value!, Convert(child.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Select(Convert)]),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" } => JsonValue.Create(true),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "false" } => JsonValue.Create(false),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: { } number } when long.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => JsonValue.Create(whole),
        YamlScalarNode scalar => JsonValue.Create(scalar.Value),
        _ => null,
    };
}
