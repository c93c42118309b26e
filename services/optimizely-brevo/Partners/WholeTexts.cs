using System.Text;
using System.Text.Json;

namespace Platform.OptimizelyBrevo.Partners;

/// <summary>JSON can write half of a surrogate pair (<c>"\ud83e"</c>), which no text can hold; reading it throws.</summary>
internal static class WholeTexts
{
    /// <summary>Whether no text of the JSON holds half of a character.</summary>
    public static bool In(string json)
    {
        if (!json.Contains("""\ud""", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        try
        {
            while (reader.Read())
            {
                _ = reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName ? reader.GetString() : null;
            }

            return true;
        }
        catch (InvalidOperationException)
        {
            // What the reader throws for half of a surrogate pair, and for nothing else here.
            return false;
        }
    }
}
