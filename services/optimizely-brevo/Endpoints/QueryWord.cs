using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Platform.ServiceDefaults;

namespace Platform.OptimizelyBrevo.Endpoints;

/// <summary>A word of a closed set in a query, spelled as in answers (<c>rejected</c>).</summary>
internal static class QueryWord
{
    public static bool TryRead<T>(string parameter, string? word, out T? value, [NotNullWhen(false)] out Refusal? refusal)
        where T : struct, Enum
    {
        (value, refusal) = (null, null);
        if (word is null)
        {
            return true;
        }

        foreach (var candidate in Enum.GetValues<T>())
        {
            if (JsonNamingPolicy.CamelCase.ConvertName(candidate.ToString()) == word)
            {
                value = candidate;
                return true;
            }
        }

        refusal = Refusal.Invalid("The query", [new(parameter, $"One of {string.Join(", ", Enum.GetNames<T>().Select(JsonNamingPolicy.CamelCase.ConvertName))} is expected.")]);
        return false;
    }
}
