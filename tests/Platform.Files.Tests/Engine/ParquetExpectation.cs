using System.Globalization;
using System.Text.Json.Nodes;
using Platform.Files.Engine;
using Platform.Testing;
using Xunit;

namespace Platform.Files.Tests.Engine;

/// <summary>
/// What another reader makes of a Parquet file: its first rows as JSON, where maps are lists of key and value, large numbers and decimals text, bytes hex, times UTC.
/// </summary>
internal sealed class ParquetExpectation
{
    private readonly JsonNode _expected;

    private ParquetExpectation(JsonNode expected) => _expected = expected;

    /// <summary>Null when nobody has written down what is in the file.</summary>
    public static ParquetExpectation? Of(string name)
    {
        var path = Path.Combine(SharedData.Root, "parquet", "expected", $"{name}.json");
        return File.Exists(path) ? new(JsonNode.Parse(File.ReadAllText(path))!) : null;
    }

    public void Holds(LoadField[] fields, Copied copied, string name)
    {
        var rows = _expected["firstRows"]!.AsArray();
        for (var row = 0; row < Math.Min(rows.Count, copied.Rows.Count); row++)
        {
            var wanted = rows[row]!.AsObject();
            Assert.Equal(wanted.Select(column => column.Key), fields.Select(field => field.Name));
            for (var i = 0; i < fields.Length; i++)
            {
                var found = copied.Rows[row].Values[i];
                var value = wanted[fields[i].Name];
                var actual = found is null ? null : fields[i].Type == FieldType.Json ? JsonNode.Parse(found) : JsonValue.Create(found);
                Assert.True(Same(value, actual), $"{name}, row {row}, {fields[i].Name}: {found ?? "null"}; expected {value?.ToJsonString() ?? "null"}");
            }
        }
    }

    private static bool Same(JsonNode? expected, JsonNode? actual) => (expected, actual) switch
    {
        (null, null) => true,
        (null, _) or (_, null) => false,
        (JsonArray entries, JsonObject map) => entries.Count == map.Count && entries.All(entry => map.TryGetPropertyValue(Text(entry!["key"]!), out var value) && Same(entry["value"], value)),
        (JsonArray list, JsonArray other) => list.Count == other.Count && list.Zip(other).All(pair => Same(pair.First, pair.Second)),
        (JsonObject one, JsonObject other) => one.Count == other.Count && one.All(member => other.TryGetPropertyValue(member.Key, out var value) && Same(member.Value, value)),
        (JsonValue one, JsonValue other) => SameScalar(Text(one), Text(other)),
        _ => false,
    };

    private static bool SameScalar(string expected, string actual) =>
        expected == actual
        || (decimal.TryParse(expected, NumberStyles.Float, CultureInfo.InvariantCulture, out var exact) && decimal.TryParse(actual, NumberStyles.Float, CultureInfo.InvariantCulture, out var found) && exact == found)
        || (double.TryParse(expected, CultureInfo.InvariantCulture, out var number) && double.TryParse(actual, CultureInfo.InvariantCulture, out var other) && number.Equals(other))
        || (Moment(expected) is { } moment && moment == Moment(actual));

    private static DateTime? Moment(string text) => DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment) ? moment : null;

    private static string Text(JsonNode value) => value.GetValueKind() == System.Text.Json.JsonValueKind.String ? (string)value! : value.ToJsonString();
}
