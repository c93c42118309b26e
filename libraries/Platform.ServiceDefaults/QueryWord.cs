using System.Diagnostics.CodeAnalysis;

namespace Platform.ServiceDefaults;

/// <summary>A query parameter that takes one of an enum's words in any case, as JSON bodies have them: minimal APIs by themselves accept only the C# spelling.</summary>
public readonly record struct QueryWord<T>(T Value)
    where T : struct, Enum
{
    /// <summary>Called by the framework for each request. Numbers are not words.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out QueryWord<T> word)
    {
        var known = !string.IsNullOrEmpty(text) && char.IsLetter(text[0]) && Enum.TryParse<T>(text, ignoreCase: true, out var value) && Enum.IsDefined(value) ? value : (T?)null;
        word = new(known.GetValueOrDefault());
        return known is not null;
    }
}
