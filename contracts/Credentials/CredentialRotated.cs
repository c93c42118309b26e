namespace Platform.Contracts.Credentials;

/// <summary>Event: the secret of a credential was replaced (C5). Holders of the old one fetch again. Carries no secret.</summary>
public sealed record CredentialRotated
{
    /// <summary>The credential.</summary>
    public required string CredentialId { get; init; }

    /// <summary>Version of the secret, counted from 1.</summary>
    public required int Version { get; init; }

    /// <summary>When, UTC.</summary>
    public required DateTimeOffset RotatedAt { get; init; }
}
