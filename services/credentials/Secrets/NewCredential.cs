using Platform.Credentials.Kinds;
using Platform.Credentials.Persistence;

namespace Platform.Credentials.Secrets;

/// <summary>Makes credentials of fields that were found valid.</summary>
internal static class NewCredential
{
    public static Credential Seal(
        string id, string name, CredentialKind kind, string? description, Dictionary<string, string> labels, IReadOnlyDictionary<string, string> fields, SecretVault vault, DateTimeOffset now)
    {
        var (plain, secret) = CredentialFields.Split(kind, fields);
        return new()
        {
            Id = id,
            Name = name,
            Type = kind.Name,
            Description = description,
            Labels = labels,
            Fields = plain,
            Version = 1,
            CreatedAt = now,
            UpdatedAt = now,
            RotatedAt = now,
            Secret = vault.Seal(id, kind.Name, 1, secret),
        };
    }
}
