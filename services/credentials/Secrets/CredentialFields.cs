using Platform.Credentials.Kinds;

namespace Platform.Credentials.Secrets;

/// <summary>The one place where the fields of a credential part into those that are shown and those that are sealed.</summary>
internal static class CredentialFields
{
    /// <summary>The fields that have a value, as <paramref name="kind"/> keeps them: null and empty text mean none.</summary>
    public static Dictionary<string, string> FromInput(CredentialKind? kind, IReadOnlyDictionary<string, string?>? input)
    {
        var fields = new Dictionary<string, string>();
        foreach (var (name, entered) in input ?? new Dictionary<string, string?>())
        {
            // A text over the limit is kept as it is, for the check to refuse it.
            var field = kind?.Fields.FirstOrDefault(field => field.Name == name);
            var value = field is null || entered is not { Length: > 0 } || entered.Length > field.MaxLength ? entered : field.Normalize(entered);
            if (!string.IsNullOrEmpty(value))
            {
                fields.Add(name, value);
            }
        }

        return fields;
    }

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
