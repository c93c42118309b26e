using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Xml;

namespace Platform.Files.Formats.Xml;

/// <summary>An element taken whole: its attributes and children in order, and its text where it has no children.</summary>
internal sealed class XmlElement
{
    /// <summary>The most elements inside each other.</summary>
    public const int MaxDepth = 256;

    private readonly StringBuilder _text = new();

    public List<(string Name, XmlValue Value)> Members { get; } = [];

    public string Text => _text.ToString();

    /// <summary>Reads the element the reader stands on, and stands on its end afterwards.</summary>
    /// <param name="xml">The parser.</param>
    /// <param name="bad">Makes the exception for what is not taken, with the position.</param>
    public static XmlElement Read(XmlReader xml, Func<string, Exception> bad)
    {
        // A stack of our own: the depth of a stranger's file is not to be that of our calls.
        var open = new Stack<(string Name, XmlElement Element)>();
        open.Push((xml.LocalName, Begin(xml)));
        var root = open.Peek().Element;
        if (xml.IsEmptyElement)
        {
            return root;
        }

        while (xml.Read())
        {
            switch (xml.NodeType)
            {
                case XmlNodeType.Element:
                    if (xml.Depth >= MaxDepth)
                    {
                        throw bad($"has more than {MaxDepth} elements inside each other");
                    }

                    var isEmpty = xml.IsEmptyElement;
                    var child = (xml.LocalName, Begin(xml));
                    if (isEmpty)
                    {
                        open.Peek().Element.Members.Add((child.LocalName, child.Item2.ToValue()));
                    }
                    else
                    {
                        open.Push(child);
                    }

                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace:
                    open.Peek().Element._text.Append(xml.Value);
                    break;
                case XmlNodeType.EndElement:
                    var (name, ended) = open.Pop();
                    if (open.Count == 0)
                    {
                        return root;
                    }

                    open.Peek().Element.Members.Add((name, ended.ToValue()));
                    break;
            }
        }

        return root;
    }

    private static XmlElement Begin(XmlReader xml)
    {
        var element = new XmlElement();
        while (xml.MoveToNextAttribute())
        {
            // Names of namespaces are no data.
            if (xml.Prefix != "xmlns" && xml.Name != "xmlns")
            {
                element.Members.Add(($"@{xml.LocalName}", new XmlValue(xml.Value, null)));
            }
        }

        xml.MoveToElement();
        return element;
    }

    private XmlValue ToValue()
    {
        if (Members.Count == 0)
        {
            return new XmlValue(_text.Length == 0 ? null : Text, null);
        }

        // Text beside children or attributes is kept under a name that no element can have.
        if (!string.IsNullOrWhiteSpace(Text))
        {
            Members.Add(("#text", new XmlValue(Text, null)));
        }

        return new XmlValue(null, Members);
    }
}

/// <summary>A value: text, an element with members, or nothing.</summary>
internal readonly record struct XmlValue(string? Text, List<(string Name, XmlValue Value)>? Nested)
{
    public bool IsNull => Text is null && Nested is null;

    /// <summary>About how long it is.</summary>
    public int Length => Text?.Length ?? Nested?.Sum(member => member.Name.Length + member.Value.Length) ?? 0;
}

/// <summary>Elements as JSON: an object of their members, an array where a name comes several times, texts for texts.</summary>
internal static class XmlJson
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = XmlElement.MaxDepth * 3 };

    public static string Of(List<XmlValue> values)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, Options))
        {
            Write(json, values);
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<XmlValue> values)
    {
        if (values.Count > 1)
        {
            json.WriteStartArray();
        }

        foreach (var value in values)
        {
            if (value.Nested is not null)
            {
                json.WriteStartObject();
                foreach (var group in value.Nested.GroupBy(member => member.Name, member => member.Value, StringComparer.Ordinal))
                {
                    json.WritePropertyName(group.Key);
                    Write(json, [.. group]);
                }

                json.WriteEndObject();
            }
            else
            {
                // A null is written as null.
                json.WriteStringValue(value.Text);
            }
        }

        if (values.Count > 1)
        {
            json.WriteEndArray();
        }
    }
}
