using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Platform.ServiceDefaults;

/// <summary>Walks through a JSON text beside the shape it should have.</summary>
internal static class BodyWalk
{
    private const int MaxShown = 60;

    /// <summary>Every member that the shape does not have, with its JSON path and what may have been meant.</summary>
    /// <exception cref="JsonException">The text is not JSON.</exception>
    public static IReadOnlyList<FieldProblem> Unknown(ReadOnlySequence<byte> text, BodyShape body, JsonSerializerOptions json)
    {
        var problems = new UnknownNames();
        var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = json.MaxDepth });
        var open = new Stack<Level>();
        // What the next value is: its shape, and its place.
        var shape = (BodyShape?)body;
        var place = new Place(null, null, 0);
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject when shape is null:
                case JsonTokenType.StartArray when shape is null:
                    reader.Skip();
                    break;
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    open.Push(new(shape, place, reader.TokenType == JsonTokenType.StartArray));
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    open.Pop();
                    break;
                case JsonTokenType.PropertyName:
                    (shape, place) = Member(open.Peek(), reader.GetString()!, problems);
                    continue;
            }

            if (open.TryPeek(out var list) && list.IsList)
            {
                (shape, place) = (list.Shape.Elements.Value, new(list.Place, null, list.Next++));
            }
        }

        return problems.All();
    }

    private static (BodyShape? Shape, Place Place) Member(Level within, string name, UnknownNames problems)
    {
        var place = new Place(within.Place, name, 0);
        if (!within.Shape.IsObject)
        {
            return (within.Shape.Elements.Value, place);
        }

        if (!within.Shape.TryGetMember(name, out var shape))
        {
            problems.Add(() => new(place.ToString(), UnknownNames.Describe("member", name, "It", within.Shape.Meant)));
        }

        return (shape, place);
    }

    private sealed class Level(BodyShape shape, Place place, bool isList)
    {
        public BodyShape Shape => shape;

        public Place Place => place;

        public bool IsList => isList;

        public int Next { get; set; }
    }

    private sealed record Place(Place? Outer, string? Name, int Index)
    {
        public override string ToString()
        {
            var path = new StringBuilder();
            Append(path);
            return path.ToString();
        }

        private void Append(StringBuilder path)
        {
            if (Outer is null)
            {
                path.Append('$');
                return;
            }

            Outer.Append(path);
            _ = Name is null ? path.Append(CultureInfo.InvariantCulture, $"[{Index}]")
                : Name.Length is > 0 and <= MaxShown && Name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') ? path.Append('.').Append(Name)
                : path.Append(CultureInfo.InvariantCulture, $"['{UnknownNames.Shown(Name)}']");
        }
    }
}
