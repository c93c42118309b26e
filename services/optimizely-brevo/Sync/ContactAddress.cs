using System.Text.Json;
using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Partners;

namespace Platform.OptimizelyBrevo.Sync;

/// <summary>Which contact a user is (O4): the attribute <c>email</c>, else a user id that is an address, else none.</summary>
internal static class ContactAddress
{
    public const string None = "neither the attribute 'email' nor the user id is an e-mail address; pass email among the user's attributes";

    public const string NotKnown = "no contact of the connection has an address with the SHA-256 that the message names; tell the decision by POST /api/optimizely-brevo/decisions, with the address";

    public static string? Of(string? email, string userId) => Personal.Email(email) ?? Personal.Email(userId);

    /// <summary>The attribute <c>email</c> in a JSON object, or in Optimizely's list of <c>{"name", "value"}</c>.</summary>
    public static string? In(JsonElement attributes)
    {
        if (attributes.ValueKind == JsonValueKind.Object)
        {
            return attributes.TryGetProperty("email", out var email) && email.ValueKind == JsonValueKind.String ? email.GetString() : null;
        }

        if (attributes.ValueKind == JsonValueKind.Array)
        {
            foreach (var attribute in attributes.EnumerateArray())
            {
                if (attribute.ValueKind == JsonValueKind.Object && attribute.TryGetProperty("name", out var name) && name.ValueEquals("email")
                    && attribute.TryGetProperty("value", out var value) && value.ValueKind == JsonValueKind.String)
                {
                    return value.GetString();
                }
            }
        }

        return null;
    }

    /// <summary>Lists whose rule names this variation of this experiment, and lists whose rule names another of it.</summary>
    public static (long[]? In, long[]? Out) Lists(IReadOnlyList<ListRule> rules, string? experimentKey, string? variationKey)
    {
        if (experimentKey is null || rules.Count == 0)
        {
            return (null, null);
        }

        var ofExperiment = rules.Where(rule => rule.Experiment == experimentKey).ToList();
        return ([.. ofExperiment.Where(rule => rule.Variation == variationKey).Select(rule => rule.ListId)], [.. ofExperiment.Where(rule => rule.Variation != variationKey).Select(rule => rule.ListId)]);
    }
}
