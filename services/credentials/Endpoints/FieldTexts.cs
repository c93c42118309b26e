using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Platform.Credentials.Endpoints;

/// <summary>Reads the fields of a credential, which are texts: <c>22</c> is taken as "22", and a list of texts as its lines, so that clients may write what reads best.</summary>
internal sealed class FieldTexts : JsonConverter<Dictionary<string, string?>>
{
    public override Dictionary<string, string?> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException();
        }

        var fields = new Dictionary<string, string?>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = reader.GetString()!;
            reader.Read();
            fields[name] = reader.TokenType == JsonTokenType.StartArray ? Lines(ref reader) : Text(ref reader);
        }

        return fields;
    }

    public override void Write(Utf8JsonWriter writer, Dictionary<string, string?> value, JsonSerializerOptions options) => JsonSerializer.Serialize(writer, value);

    private static string Lines(ref Utf8JsonReader reader)
    {
        var lines = new List<string?>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            lines.Add(Text(ref reader));
        }

        return string.Join('\n', lines);
    }

    // Without a message of its own: that would have to leave out the value, and the serializer's text already does.
    private static string? Text(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString(),
        JsonTokenType.Number => Encoding.UTF8.GetString(reader.ValueSpan),
        JsonTokenType.Null => null,
        _ => throw new JsonException(),
    };
}
