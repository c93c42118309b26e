using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json.Serialization;

namespace Platform.ServiceDefaults;

/// <summary>A parameter of query or path that takes one of an enum's words in any case, as JSON bodies have them: minimal APIs by themselves accept only the C# spelling.</summary>
public readonly record struct QueryWord<T>(T Value)
    where T : struct, Enum
{
    private static readonly Dictionary<string, T> Words = new(
        Enum.GetValues<T>().SelectMany(value => new[] { value.ToString(), WordOf(value) }.Distinct(StringComparer.OrdinalIgnoreCase).Select(word => KeyValuePair.Create(word, value))),
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Called by the framework for each request. Numbers are not words.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out QueryWord<T> word)
    {
        var known = Words.TryGetValue(text ?? "", out var value);
        word = new(value);
        return known;
    }

    // As the bodies have it: the word an attribute gives, else the name.
    private static string WordOf(T value) => typeof(T).GetField(value.ToString())?.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? value.ToString();
}
