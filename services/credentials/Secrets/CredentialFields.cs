using Platform.Credentials.Kinds;

namespace Platform.Credentials.Secrets;

/// <summary>The one place where the fields of a credential part into those that are shown and those that are sealed.</summary>
internal static class CredentialFields
{
    /// <summary>The fields that have a value: null and empty text mean none.</summary>
    public static Dictionary<string, string> FromInput(IReadOnlyDictionary<string, string?>? input) =>
        (input ?? new Dictionary<string, string?>()).Where(field => !string.IsNullOrEmpty(field.Value)).ToDictionary(field => field.Key, field => field.Value!);

    public static (Dictionary<string, string> Plain, Dictionary<string, string> Secret) Split(CredentialKind kind, IReadOnlyDictionary<string, string> fields)
    {
        var plain = new Dictionary<string, string>();
        var secret = new Dictionary<string, string>();
        foreach (var field in kind.Fields)
        {
            if (fields.TryGetValue(field.Name, out var value))
            {
                (field.Secret ? secret : plain).Add(field.Name, value);
            }
        }

        return (plain, secret);
    }
}
