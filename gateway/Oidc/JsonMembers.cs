using System.Text.Json;

namespace Platform.Gateway.Oidc;

/// <summary>Reads what strangers wrote, where anything may stand.</summary>
internal static class JsonMembers
{
    /// <summary>The text of a member, or null when there is none.</summary>
    public static string? TextOf(JsonElement container, string name) =>
        container.ValueKind == JsonValueKind.Object && container.TryGetProperty(name, out var value) ? TextOf(value) : null;

    /// <summary>The text, or null for anything else, also for half a surrogate pair, which JSON can write and no text can hold.</summary>
    public static string? TextOf(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
