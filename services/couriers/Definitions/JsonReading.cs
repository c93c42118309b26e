using System.Text.Json;

namespace Platform.Couriers.Definitions;

/// <summary>Reading members of user-written JSON with a problem for each that does not fit.</summary>
internal static class JsonReading
{
    public static string KindName(this JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        JsonValueKind.Null => "null",
        JsonValueKind.Undefined => "nothing",
        _ => throw new ArgumentOutOfRangeException(nameof(value), value.ValueKind, null),
    };

    /// <summary>A text with something in it, or null with a problem.</summary>
    public static string? RequiredText(this JsonElement parent, string path, string name, string example, Findings findings)
    {
        var here = Findings.Member(path, name);
        if (!parent.TryGetProperty(name, out var value))
        {
            findings.Problem(here, $"is missing; expected a text, for example {example}.");
            return null;
        }

        if (value.ValueKind != JsonValueKind.String || string.IsNullOrWhiteSpace(value.GetString()))
        {
            findings.Problem(here, $"is {(value.ValueKind == JsonValueKind.String ? "empty" : value.KindName())}; expected a text, for example {example}.");
            return null;
        }

        return value.GetString();
    }

    public static bool OptionalFlag(this JsonElement parent, string path, string name, Findings findings)
    {
        if (!parent.TryGetProperty(name, out var value))
        {
            return false;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        findings.Problem(Findings.Member(path, name), $"is {value.KindName()}; expected true or false.");
        return false;
    }

    /// <summary>A name that stands twice is a problem (only one of the two would count), a name nobody knows a warning (it may be a slip of the pen).</summary>
    public static void CheckNames(this JsonElement parent, string path, IReadOnlyCollection<string>? known, Findings findings)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in parent.EnumerateObject())
        {
            if (!seen.Add(member.Name))
            {
                findings.Problem(Findings.Member(path, member.Name), "stands twice; write it once.");
            }
            else if (known is not null && !known.Contains(member.Name))
            {
                findings.Warning(Findings.Member(path, member.Name), $"is not known and has no effect; known here are {string.Join(", ", known)}.");
            }
        }
    }
}
