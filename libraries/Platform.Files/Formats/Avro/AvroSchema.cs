using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Platform.Files.Engine;

namespace Platform.Files.Formats.Avro;

/// <summary>Reads the schema in a file's head: JSON, with names that may be used again.</summary>
internal sealed class AvroSchema
{
    private const int MaxDepth = 64;
    private const int MaxTypes = 20_000;

    private static readonly Dictionary<string, AvroKind> Primitives = new(StringComparer.Ordinal)
    {
        ["null"] = AvroKind.Null,
        ["boolean"] = AvroKind.Boolean,
        ["int"] = AvroKind.Int,
        ["long"] = AvroKind.Long,
        ["float"] = AvroKind.Float,
        ["double"] = AvroKind.Double,
        ["bytes"] = AvroKind.Bytes,
        ["string"] = AvroKind.String,
    };

    private readonly Dictionary<string, AvroType> _named = new(StringComparer.Ordinal);
    private int _types;

    private AvroSchema()
    {
    }

    /// <exception cref="AvroException">It is no Avro schema.</exception>
    public static AvroType Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth * 3 });
            using var document = JsonDocument.ParseValue(ref reader);
            return new AvroSchema().Type(document.RootElement, "", "the schema", 0);
        }
        catch (JsonException e)
        {
            throw new AvroException($"its schema is not JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1})");
        }
        catch (InvalidOperationException)
        {
            // What System.Text.Json says of a text that is not UTF-8, when it is asked for it.
            throw new AvroException("its schema holds a text that is not UTF-8");
        }
    }

    private AvroType Type(JsonElement json, string space, string where, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new AvroException($"its schema is nested more than {MaxDepth} levels deep at {where}");
        }

        if (++_types > MaxTypes)
        {
            throw new AvroException($"its schema has more than {MaxTypes} types");
        }

        return json.ValueKind switch
        {
            JsonValueKind.String => Reference(json.GetString()!, space, where),
            JsonValueKind.Array => Union(json, space, where, depth),
            JsonValueKind.Object => Complex(json, space, where, depth),
            _ => throw new AvroException($"its schema has {json.ValueKind} at {where}; expected a type's name, an object or a list"),
        };
    }

    private AvroType Reference(string name, string space, string where)
    {
        if (Primitives.TryGetValue(name, out var kind))
        {
            return new AvroType(kind);
        }

        // A name without dots is first one of the enclosing namespace. Some writers leave that out when they refer to a type without a namespace.
        return _named.TryGetValue(FullName(name, space), out var found) || _named.TryGetValue(name, out found)
            ? found
            : throw new AvroException($"its schema names the type '{name}' at {where}, which is not defined before");
    }

    private AvroType Union(JsonElement json, string space, string where, int depth)
    {
        var branches = json.EnumerateArray().Select((branch, i) => Type(branch, space, string.Create(CultureInfo.InvariantCulture, $"{where}[{i}]"), depth + 1)).ToList();
        return branches.Count == 0 ? throw new AvroException($"its schema has a union without types at {where}")
            : branches.Any(branch => branch.Kind == AvroKind.Union) ? throw new AvroException($"its schema has a union right inside a union at {where}")
            : new AvroType(AvroKind.Union) { Branches = branches };
    }

    private AvroType Complex(JsonElement json, string space, string where, int depth)
    {
        if (!json.TryGetProperty("type", out var type))
        {
            throw new AvroException($"its schema has no \"type\" at {where}");
        }

        if (type.ValueKind != JsonValueKind.String)
        {
            // Some writers wrap a type in a further object; a logical type may stand outside.
            return Type(type, space, where, depth + 1);
        }

        var name = type.GetString()!;
        switch (name)
        {
            case "record" or "error":
                var record = new AvroType(AvroKind.Record);
                var inner = Define(json, space, where, record);
                record.Fields = Fields(json, inner, where, depth);
                return record;
            case "enum":
                var symbols = Texts(json, "symbols", where).Select(Encoding.UTF8.GetBytes).ToArray();
                var @enum = new AvroType(AvroKind.Enum) { Symbols = symbols };
                Define(json, space, where, @enum);
                return @enum;
            case "fixed":
                return Fixed(json, space, where);
            case "array":
                return new AvroType(AvroKind.Array) { Item = Type(Required(json, "items", where), space, $"{where}.items", depth + 1) };
            case "map":
                return new AvroType(AvroKind.Map) { Item = Type(Required(json, "values", where), space, $"{where}.values", depth + 1) };
            default:
                return Primitives.TryGetValue(name, out var kind) ? Logical(json, kind, 0, where) : Reference(name, space, where);
        }
    }

    private AvroType Fixed(JsonElement json, string space, string where)
    {
        if (!Required(json, "size", where).TryGetInt32(out var size) || size is < 0 or > AvroCursor.MaxValueBytes)
        {
            throw new AvroException($"its schema has a fixed without a usable size at {where}; expected 0 to {AvroCursor.MaxValueBytes}");
        }

        var type = Logical(json, AvroKind.Fixed, size, where);
        Define(json, space, where, type);
        return type;
    }

    private static AvroType Logical(JsonElement json, AvroKind kind, int size, string where)
    {
        var plain = new AvroType(kind) { Size = size };
        if (!json.TryGetProperty("logicalType", out var name) || name.ValueKind != JsonValueKind.String)
        {
            return plain;
        }

        var logical = (name.GetString(), kind) switch
        {
            ("decimal", AvroKind.Bytes or AvroKind.Fixed) => AvroLogical.Decimal,
            ("uuid", AvroKind.String) => AvroLogical.Uuid,
            ("uuid", AvroKind.Fixed) when size == 16 => AvroLogical.Uuid,
            ("date", AvroKind.Int) => AvroLogical.Date,
            ("time-millis", AvroKind.Int) => AvroLogical.TimeMillis,
            ("time-micros", AvroKind.Long) => AvroLogical.TimeMicros,
            ("timestamp-millis", AvroKind.Long) => AvroLogical.TimestampMillis,
            ("timestamp-micros", AvroKind.Long) => AvroLogical.TimestampMicros,
            ("timestamp-nanos", AvroKind.Long) => AvroLogical.TimestampNanos,
            ("local-timestamp-millis", AvroKind.Long) => AvroLogical.LocalTimestampMillis,
            ("local-timestamp-micros", AvroKind.Long) => AvroLogical.LocalTimestampMicros,
            ("local-timestamp-nanos", AvroKind.Long) => AvroLogical.LocalTimestampNanos,
            ("duration", AvroKind.Fixed) when size == 12 => AvroLogical.Duration,
            _ => AvroLogical.None,
        };
        if (logical != AvroLogical.Decimal)
        {
            return new AvroType(kind) { Size = size, Logical = logical };
        }

        var precision = Number(json, "precision", 0);
        var scale = Number(json, "scale", 0);
        if (precision < 1 || scale < 0 || scale > precision)
        {
            return plain;
        }

        return precision <= LoadField.MaxPrecision
            ? new AvroType(kind) { Size = size, Logical = logical, Precision = precision, Scale = scale }
            : throw new AvroException($"its schema has a decimal of {precision} digits at {where}; at most {LoadField.MaxPrecision} can be kept");
    }

    private List<AvroField> Fields(JsonElement json, string space, string where, int depth)
    {
        var list = Required(json, "fields", where);
        if (list.ValueKind != JsonValueKind.Array)
        {
            throw new AvroException($"its schema has no list of fields at {where}");
        }

        var fields = new List<AvroField>();
        foreach (var field in list.EnumerateArray())
        {
            var name = Text(field, "name", $"{where}.fields[{fields.Count}]");
            var quoted = JsonEncodedText.Encode(name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
            fields.Add(new AvroField(name, [(byte)'"', .. quoted.EncodedUtf8Bytes, (byte)'"', (byte)':'], Type(Required(field, "type", name), space, $"{where}.{name}", depth + 1)));
        }

        return fields;
    }

    /// <summary>Gives a type its name; the namespace in which the names inside it are looked up.</summary>
    private string Define(JsonElement json, string space, string where, AvroType type)
    {
        var name = Text(json, "name", where);
        var own = json.TryGetProperty("namespace", out var given) && given.ValueKind == JsonValueKind.String ? given.GetString()! : space;
        var full = FullName(name, own);
        if (!_named.TryAdd(full, type))
        {
            throw new AvroException($"its schema defines the type '{full}' twice, the second time at {where}");
        }

        var dot = full.LastIndexOf('.');
        return dot < 0 ? "" : full[..dot];
    }

    private static string FullName(string name, string space) => name.Contains('.', StringComparison.Ordinal) || space.Length == 0 ? name : $"{space}.{name}";

    private static JsonElement Required(JsonElement json, string member, string where) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(member, out var value) ? value : throw new AvroException($"its schema has no \"{member}\" at {where}");

    private static string Text(JsonElement json, string member, string where) =>
        Required(json, member, where) is { ValueKind: JsonValueKind.String } value ? value.GetString()! : throw new AvroException($"its schema has no text as \"{member}\" at {where}");

    private static List<string> Texts(JsonElement json, string member, string where) =>
        Required(json, member, where) is { ValueKind: JsonValueKind.Array } list && list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [.. list.EnumerateArray().Select(item => item.GetString()!)]
            : throw new AvroException($"its schema has no list of texts as \"{member}\" at {where}");

    private static int Number(JsonElement json, string member, int otherwise) =>
        !json.TryGetProperty(member, out var value) ? otherwise : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : -1;
}
