using Platform.Credentials.Persistence;

namespace Platform.Credentials.Endpoints;

/// <summary>A credential as it is shown: everything but the values of secret fields.</summary>
internal sealed record CredentialView
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string Type { get; init; }

    public string? Description { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>The fields that are not secret.</summary>
    public required IReadOnlyDictionary<string, string> Fields { get; init; }

    /// <summary>Names of the secret fields that have a value.</summary>
    public required IReadOnlyList<string> SecretFieldsSet { get; init; }

    /// <summary>Counts the changes of the fields, from 1.</summary>
    public required int Version { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When a field, secret or not, last changed.</summary>
    public required DateTimeOffset RotatedAt { get; init; }

    /// <summary>When a service last fetched the secret.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    public DateTimeOffset? LastTestedAt { get; init; }

    public bool? LastTestSucceeded { get; init; }

    /// <summary>Whole days since <see cref="RotatedAt"/>.</summary>
    public required int AgeDays { get; init; }

    /// <summary>What should be looked after, and how: an old secret, a test that failed.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    public static CredentialView Of(Credential credential, IReadOnlyList<string> secretFieldsSet, Ageing ageing) => new()
    {
        Id = credential.Id,
        Name = credential.Name,
        Type = credential.Type,
        Description = credential.Description,
        Labels = credential.Labels,
        Fields = credential.Fields,
        SecretFieldsSet = secretFieldsSet,
        Version = credential.Version,
        CreatedAt = credential.CreatedAt,
        UpdatedAt = credential.UpdatedAt,
        RotatedAt = credential.RotatedAt,
        LastUsedAt = credential.LastUsedAt,
        LastTestedAt = credential.LastTestedAt,
        LastTestSucceeded = credential.LastTestSucceeded,
        AgeDays = ageing.DaysOf(credential),
        Warnings = [.. ageing.WarningsOf(credential, secretFieldsSet.Count > 0)],
    };
}
