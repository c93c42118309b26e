using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Platform.OptimizelyBrevo.Sync;

/// <summary>Writes one contact's attributes as JSON after the other's, into the same buffer. Not for use by two threads.</summary>
internal sealed class AttributeValues : IDisposable
{
    private readonly ArrayBufferWriter<byte> _buffer = new(512);
    private readonly Utf8JsonWriter _json;
    private readonly bool _eraseMissing;

    public AttributeValues(bool eraseMissing)
    {
        _eraseMissing = eraseMissing;
        _json = new(_buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    public void Begin()
    {
        _buffer.Clear();
        _json.Reset();
        _json.WriteStartObject();
    }

    /// <summary>A missing value is left out, so that what Brevo has stays; when the connection asks for it, it empties the attribute (Brevo's empty text).</summary>
    public void Add(TargetAttribute? attribute, string? value)
    {
        if (attribute is not null && (value is not null || _eraseMissing))
        {
            _json.WriteString(attribute.Name, value ?? "");
        }
    }

    public void Add(TargetAttribute? attribute, bool value)
    {
        if (attribute is { Type: "boolean" })
        {
            _json.WriteBoolean(attribute.Name, value);
        }
        else if (attribute is not null)
        {
            _json.WriteString(attribute.Name, value ? "true" : "false");
        }
    }

    public void Add(TargetAttribute? attribute, DateTimeOffset? value) => Add(attribute, value is { } time ? attribute?.Format(time) : null);

    public string End()
    {
        _json.WriteEndObject();
        _json.Flush();
        return Encoding.UTF8.GetString(_buffer.WrittenSpan);
    }

    public void Dispose() => _json.Dispose();
}
