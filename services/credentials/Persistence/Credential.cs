using Platform.Credentials.Secrets;

namespace Platform.Credentials.Persistence;

/// <summary>A credential without its secrets.</summary>
internal sealed class Credential
{
    /// <summary><c>cred-…</c></summary>
    public required string Id { get; init; }

    /// <summary>Unique.</summary>
    public required string Name { get; set; }

    /// <summary>Name of a <see cref="Kinds.CredentialKind"/>; never changes.</summary>
    public required string Type { get; init; }

    public string? Description { get; set; }

    public required Dictionary<string, string> Labels { get; set; }

    /// <summary>The fields that are not secret.</summary>
    public required Dictionary<string, string> Fields { get; set; }

    /// <summary>Counts the changes of the fields, secret or not, from 1: holders of an older version fetch again.</summary>
    public required int Version { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; set; }

    /// <summary>When <see cref="Version"/> last changed.</summary>
    public required DateTimeOffset RotatedAt { get; set; }

    /// <summary>When a service last fetched the secret.</summary>
    public DateTimeOffset? LastUsedAt { get; set; }

    public DateTimeOffset? LastTestedAt { get; set; }

    public bool? LastTestSucceeded { get; set; }

    public required SealedSecret Secret { get; set; }
}
