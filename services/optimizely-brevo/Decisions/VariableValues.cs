using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Platform.OptimizelyBrevo.Decisions;

/// <summary>Casts a variable's text to its type as the JavaScript SDK does (parseInt, parseFloat): what does not fit is null.</summary>
internal static partial class VariableValues
{
    private static readonly JsonElement Null = JsonElement.Parse("null");

    public static JsonElement Cast(string? text, string type) => text is null ? Null : type switch
    {
        "boolean" => text is "true" or "false" ? JsonElement.Parse(text) : Null,
        "integer" => Number(Integer().Match(text)),
        "double" => Number(Double().Match(text)),
        "json" => Json(text),
        _ => JsonSerializer.SerializeToElement(text, StringJson.Default.String),
    };

    private static JsonElement Number(Match match)
    {
        if (!match.Success)
        {
            return Null;
        }

        var value = double.Parse(match.Groups[1].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture);
        return double.IsFinite(value) ? JsonElement.Parse(value.ToString("R", CultureInfo.InvariantCulture)) : Null;
    }

    private static JsonElement Json(string text)
    {
        try
        {
            return JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            return Null;
        }
    }

    [GeneratedRegex(@"^\s*([+-]?[0-9]+)", RegexOptions.CultureInvariant)]
    private static partial Regex Integer();

    [GeneratedRegex(@"^\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)", RegexOptions.CultureInvariant)]
    private static partial Regex Double();
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class StringJson : System.Text.Json.Serialization.JsonSerializerContext;
