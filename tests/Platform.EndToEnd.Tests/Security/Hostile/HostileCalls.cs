using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Platform.Testing;

namespace Platform.EndToEnd.Tests.Security.Hostile;

/// <summary>A call as it will be sent.</summary>
internal sealed record HostileCall(string Method, string Target, string? ContentType, byte[]? Body)
{
    public HttpRequestMessage ToRequest(Uri gateway)
    {
        // Sent as written: the client must not tidy up what the server has to withstand.
        var request = new HttpRequestMessage(new(Method), new Uri($"{gateway.GetLeftPart(UriPartial.Authority)}{Target}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (Body is not null)
        {
            request.Content = new ByteArrayContent(Body);
            if (ContentType is not null)
            {
                request.Content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
            }
        }

        return request;
    }

    public override string ToString() => $"{Method} {Cut(Target)} {ContentType} {(Body is null ? "" : Cut(Encoding.UTF8.GetString(Body)))}";

    private static string Cut(string text) => text.Length <= 400 ? text : string.Create(CultureInfo.InvariantCulture, $"{text[..400]}… ({text.Length})");
}

/// <summary>
/// Makes calls for an operation from what the OpenAPI document says of it: a body that follows its schema with something wrong in one place, or none of it right; parameters that
/// name what exists, or are hostile themselves.
/// </summary>
internal sealed class HostileCalls(JsonNode document, IReadOnlyDictionary<string, IReadOnlyList<string>> known)
{
    private const int MaxDepth = 6;

    public Gen<HostileCall> For(ApiOperation operation) =>
        from path in operation.Parameters("path").Aggregate(Gen.Constant(operation.Path), (paths, parameter) => from path in paths from value in PathValue(operation, parameter) select path.Replace($"{{{parameter["name"]}}}", value, StringComparison.Ordinal))
        from query in Query(operation)
        from body in Body(operation)
        select new HostileCall(operation.Method, path + query, body.Type, body.Bytes);

    // Deleting what exists would leave nothing to be hostile to.
    private Gen<string> PathValue(ApiOperation operation, JsonObject parameter)
    {
        var collection = operation.Path.Split('/').TakeWhile(segment => segment != $"{{{parameter["name"]}}}").Last();
        var hostile = HostileValues.Texts.Where(text => text.Length is > 0 and < 2000).Select(text => text.StartsWith('%') || text.Contains("%2", StringComparison.Ordinal) ? text : Uri.EscapeDataString(text));
        return operation.Method != "DELETE" && known.GetValueOrDefault(collection) is { Count: > 0 } ids
            ? Gen.Frequency((4, Gen.Elements(ids.Select(Uri.EscapeDataString).ToArray())), (1, hostile))
            : hostile;
    }

    private static Gen<string> Query(ApiOperation operation)
    {
        var parameters = operation.Parameters("query").Select(parameter => (string)parameter["name"]!).ToList();
        var one = from name in Gen.Elements([.. parameters, "unknown", "limit", "limit[]", "__proto__"])
                  from value in HostileValues.Texts.Where(text => text.Length < 2000)
                  select $"{name}={Uri.EscapeDataString(value)}";
        return Gen.Frequency((parameters.Count > 0 ? 1 : 5, Gen.Constant("")), (3, from some in one.ArrayOf(2) select $"?{string.Join('&', some)}"), (1, from same in one select $"?{same}&{same}"));
    }

    private Gen<(string? Type, byte[]? Bytes)> Body(ApiOperation operation)
    {
        if (operation.ContentType is not { } type)
        {
            return operation.Method == "GET"
                ? Gen.Constant<(string?, byte[]?)>((null, null))
                : Gen.Frequency((3, Gen.Constant<(string?, byte[]?)>((null, null))), (1, from garbage in HostileValues.Garbage select ((string?)"application/json", (byte[]?)garbage)));
        }

        var garbageBody = from garbage in HostileValues.Garbage select ((string?)type, (byte[]?)garbage);
        if (type != "application/json")
        {
            return Gen.OneOf(garbageBody, from text in HostileValues.Texts select ((string?)type, (byte[]?)Encoding.UTF8.GetBytes($"{text};{text}\n{text}")));
        }

        var schema = operation.Definition["requestBody"]!["content"]![type]!["schema"]!.AsObject();
        var mutated = from json in Valid(schema, 0) from wrong in HostileValues.Json from place in Gen.Choose(0, 1_000_000) select Encoding.UTF8.GetBytes(Mutate(json, wrong, place));
        return Gen.Frequency(
            (10, from body in mutated select ((string?)type, (byte[]?)body)),
            (2, garbageBody),
            (1, from body in HostileValues.Json select ((string?)type, (byte[]?)Encoding.UTF8.GetBytes(body))),
            (1, from body in mutated from other in HostileValues.ContentTypes select ((string?)other, (byte[]?)body)),
            (1, Gen.Constant<(string?, byte[]?)>((type, null))));
    }

    /// <summary>JSON text that follows a schema.</summary>
    private Gen<string> Valid(JsonObject schema, int depth)
    {
        if ((string?)schema["$ref"] is { } reference)
        {
            return Valid(document["components"]!["schemas"]![reference.Split('/')[^1]]!.AsObject(), depth);
        }

        if ((schema["allOf"] ?? schema["oneOf"] ?? schema["anyOf"])?.AsArray() is { Count: > 0 } parts)
        {
            return Valid(parts[0]!.AsObject(), depth);
        }

        if (schema["enum"]?.AsArray() is { Count: > 0 } words)
        {
            return Gen.Elements(words.Select(word => word?.ToJsonString() ?? "null").ToArray());
        }

        return (string?)schema["type"] switch
        {
            "object" when schema["properties"]?.AsObject() is { Count: > 0 } properties && depth < MaxDepth => Object(properties, depth),
            "object" when schema["additionalProperties"] is JsonObject values && depth < MaxDepth => from value in Valid(values, depth + 1) select $"{{\"a\":{value}}}",
            "object" => Gen.Constant("{}"),
            "array" when depth < MaxDepth && schema["items"] is JsonObject items => from values in Valid(items, depth + 1).ListOf(1) select $"[{string.Join(',', values)}]",
            "array" => Gen.Constant("[]"),
            "integer" => Gen.Choose(0, 100).Select(number => number.ToString(CultureInfo.InvariantCulture)),
            "number" => Gen.Constant("1.5"),
            "boolean" => Gen.Elements("true", "false"),
            "string" => Text(schema),
            _ => Gen.Elements("{}", "\"a\"", "1"),
        };
    }

    private Gen<string> Object(JsonObject properties, int depth) => properties.Aggregate(Gen.Constant("{"), (texts, property) =>
        from text in texts
        from there in Gen.Choose(0, 9)
        from value in Valid(property.Value!.AsObject(), depth + 1)
        select there == 0 ? text : $"{text}{(text.Length > 1 ? "," : "")}{JsonSerializer.Serialize(property.Key)}:{value}").Select(text => $"{text}}}");

    private Gen<string> Text(JsonObject schema) => (string?)schema["format"] switch
    {
        "date-time" => Gen.Elements("\"2026-03-01T08:00:00Z\""),
        "date" => Gen.Elements("\"2026-03-01\""),
        "time" => Gen.Elements("\"08:30:00\""),
        _ => Gen.Frequency(
            (2, Gen.Elements([.. known.Values.SelectMany(ids => ids).DefaultIfEmpty("none").Take(40)]).Select(id => JsonSerializer.Serialize(id))),
            (2, Gen.Elements("\"a name\"", "\"iam-credential\"", "\"optimizely-events\"", "\"amazon-s3\"", "\"events\"", "\"0 9 * * 1-5\"", "\"Europe/Berlin\"", "\"integer\"", "\"24 hours\"", "\"uuid\""))),
    };

    // One value of the text is replaced, or one member doubled.
    private static string Mutate(string json, string wrong, int place)
    {
        var places = new List<(int Start, int End)>();
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        var starts = new Stack<int>();
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    starts.Push((int)reader.TokenStartIndex);
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    places.Add((starts.Pop(), (int)reader.BytesConsumed));
                    break;
                case not JsonTokenType.PropertyName:
                    places.Add(((int)reader.TokenStartIndex, (int)reader.BytesConsumed));
                    break;
            }
        }

        var bytes = Encoding.UTF8.GetBytes(json);
        var (start, end) = places[place % places.Count];
        return Encoding.UTF8.GetString(bytes, 0, start) + wrong + Encoding.UTF8.GetString(bytes, end, bytes.Length - end);
    }
}
