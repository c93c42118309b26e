using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Platform.Files.Engine;
using Xunit;

namespace Platform.Files.Tests.Avro;

/// <summary>What Apache Avro for Python makes of a file: JSON with bytes in hex, decimals as text, times in ISO 8601, and plain numbers for the logical types it does not know.</summary>
internal sealed class AvroExpectation
{
    private readonly Dictionary<string, JsonNode> _named = new(StringComparer.Ordinal);
    private readonly JsonNode _schema;

    private AvroExpectation(JsonNode schema)
    {
        _schema = schema;
        Collect(schema, "");
    }

    public static AvroExpectation Of(JsonNode schema) => new(schema);

    /// <summary>The record's fields, or the record itself as the one column <c>value</c>.</summary>
    public List<(string Name, ExpectedValue Value)> Columns(JsonNode? record) =>
        _schema is JsonObject { } root && (string?)root["type"] == "record" && root["fields"]!.AsArray() is { Count: > 0 } fields
            ? [.. fields.Select(field => ((string)field!["name"]!, new ExpectedValue(this, field["type"]!, record![(string)field["name"]!])))]
            : [("value", new ExpectedValue(this, _schema, record))];

    /// <summary>Compares with what the engine wrote for a field of type <paramref name="type"/>.</summary>
    public static void Same(ExpectedValue expected, FieldType type, string? actual, string where) =>
        Assert.True(
            expected.Of.Same(expected.Type, expected.Value, type == FieldType.Json || actual is null ? Plain(actual) : JsonValue.Create(actual)),
            $"{where}: {actual ?? "null"}; expected {expected.Value?.ToJsonString() ?? "null"}");

    public static JsonNode? Plain(string? json) => json is null ? null : JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { MaxDepth = 1000 });

    private bool Same(JsonNode type, JsonNode? expected, JsonNode? actual)
    {
        if (type is JsonArray branches)
        {
            return branches.Any(branch => Same(branch!, expected, actual));
        }

        var name = type is JsonObject complex ? complex["type"] is JsonValue text ? (string)text! : null : (string)type!;
        if (name is null)
        {
            return Same(type["type"]!, expected, actual);
        }

        if (type is JsonValue && _named.TryGetValue(name, out var named))
        {
            return Same(named, expected, actual);
        }

        if (name == "null" || expected is null || actual is null)
        {
            return expected is null && actual is null;
        }

        return name switch
        {
            "record" or "error" => actual is JsonObject found && found.Count == type["fields"]!.AsArray().Count
                && type["fields"]!.AsArray().All(field => Same(field!["type"]!, expected[(string)field["name"]!], found[(string)field["name"]!])),
            "array" => expected is JsonArray list && actual is JsonArray other && list.Count == other.Count && list.Zip(other).All(pair => Same(type["items"]!, pair.First, pair.Second)),
            "map" => expected is JsonObject map && actual is JsonObject entries && map.Count == entries.Count
                && map.All(entry => entries.ContainsKey(entry.Key) && Same(type["values"]!, entry.Value, entries[entry.Key])),
            _ => SameScalar(name, type is JsonObject { } typed ? (string?)typed["logicalType"] : null, expected, actual),
        };
    }

    private static bool SameScalar(string name, string? logical, JsonNode expected, JsonNode actual)
    {
        if (expected is not JsonValue || actual is not JsonValue)
        {
            return false;
        }

        var (wanted, found) = (Text(expected), Text(actual));
        switch (name, logical)
        {
            case ("float" or "double" or "bytes" or "fixed", _) when expected.GetValueKind() is JsonValueKind.True or JsonValueKind.False:
                return false;
            case ("float", _):
                return float.Parse(wanted, CultureInfo.InvariantCulture).Equals(float.Parse(Special(found), CultureInfo.InvariantCulture));
            case ("double", _):
                return double.Parse(wanted, CultureInfo.InvariantCulture).Equals(double.Parse(Special(found), CultureInfo.InvariantCulture));
            case ("bytes" or "fixed", "decimal") when expected.GetValueKind() == JsonValueKind.String && wanted.Any(c => c is '.' or '-'):
                return decimal.Parse(wanted, CultureInfo.InvariantCulture) == decimal.Parse(found, CultureInfo.InvariantCulture);
            case ("bytes" or "fixed", "decimal"):
                return wanted == found || decimal.Parse(wanted, CultureInfo.InvariantCulture) == decimal.Parse(found, CultureInfo.InvariantCulture);
            case ("fixed", "duration"):
                return found == Duration(Convert.FromHexString(wanted));
            case ("fixed", "uuid"):
                return found.Replace("-", "", StringComparison.Ordinal) == wanted.Replace("-", "", StringComparison.Ordinal);
            case ("bytes" or "fixed", _):
                return found == wanted || found == Shown(Convert.FromHexString(wanted));
            case (_, { } time) when time.Contains("time", StringComparison.Ordinal):
                return Moment(found) == (expected.GetValueKind() == JsonValueKind.Number ? Counted((long)expected, time) : Moment(wanted));
            case ("string" or "enum", _):
                return expected.GetValueKind() == JsonValueKind.String && wanted == found;
            default:
                return wanted == found;
        }
    }

    private static string Text(JsonNode value) => value.GetValueKind() == JsonValueKind.String ? (string)value! : value.ToJsonString();

    private static string Special(string number) => number switch
    {
        "inf" or "Infinity" => "Infinity",
        "-inf" or "-Infinity" => "-Infinity",
        "nan" => "NaN",
        _ => number,
    };

    private static DateTime Moment(string text) =>
        DateTime.Parse(text.EndsWith("+00", StringComparison.Ordinal) ? $"{text}:00" : text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal | DateTimeStyles.NoCurrentDateDefault);

    private static DateTime Counted(long number, string unit) => DateTime.UnixEpoch.AddTicks(
        unit.EndsWith("millis", StringComparison.Ordinal) ? number * TimeSpan.TicksPerMillisecond
        : unit.EndsWith("micros", StringComparison.Ordinal) ? number * TimeSpan.TicksPerMicrosecond
        : number / TimeSpan.NanosecondsPerTick);

    private static string Duration(byte[] value)
    {
        var (months, days, milliseconds) = (BinaryPrimitives.ReadUInt32LittleEndian(value), BinaryPrimitives.ReadUInt32LittleEndian(value.AsSpan(4)), BinaryPrimitives.ReadUInt32LittleEndian(value.AsSpan(8)));
        var text = new StringBuilder("P");
        _ = months > 0 ? text.Append(CultureInfo.InvariantCulture, $"{months}M") : text;
        _ = days > 0 ? text.Append(CultureInfo.InvariantCulture, $"{days}D") : text;
        return (milliseconds > 0 || text.Length == 1 ? text.Append(CultureInfo.InvariantCulture, $"T{milliseconds / 1000m:0.###}S") : text).ToString();
    }

    /// <summary>Bytes inside a nested value, as DuckDB shows them.</summary>
    private static string Shown(byte[] bytes) => string.Concat(bytes.Select(b => b is >= 0x20 and < 0x7F and not (byte)'\\' and not (byte)'\'' and not (byte)'"' ? $"{(char)b}" : $"\\x{b:X2}"));

    private void Collect(JsonNode type, string space)
    {
        switch (type)
        {
            case JsonArray branches:
                foreach (var branch in branches)
                {
                    Collect(branch!, space);
                }

                break;
            case JsonObject complex:
                if (complex["name"] is { } given && complex["type"] is JsonValue)
                {
                    var name = (string)given!;
                    var own = (string?)complex["namespace"] ?? space;
                    var full = name.Contains('.', StringComparison.Ordinal) || own.Length == 0 ? name : $"{own}.{name}";
                    _named.TryAdd(full, complex);
                    _named.TryAdd(name[(name.LastIndexOf('.') + 1)..], complex);
                    space = full.Contains('.', StringComparison.Ordinal) ? full[..full.LastIndexOf('.')] : "";
                }

                foreach (var part in new[] { complex["type"], complex["items"], complex["values"] }.Concat(complex["fields"]?.AsArray().Select(field => field!["type"]) ?? []))
                {
                    if (part is JsonArray or JsonObject)
                    {
                        Collect(part, space);
                    }
                }

                break;
        }
    }
}

/// <summary>A value with the part of the schema that says what it is.</summary>
internal sealed record ExpectedValue(AvroExpectation Of, JsonNode Type, JsonNode? Value);
