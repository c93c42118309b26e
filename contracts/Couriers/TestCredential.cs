namespace Platform.Contracts.Couriers;

/// <summary>
/// Request: really connect with a stored credential (C3). Answered by <see cref="CredentialTested"/>. Carries no secret: who answers fetches it. Every service with connectors
/// gets the request; only the one that owns the connector of <see cref="CredentialType"/> answers, the others stay silent.
/// </summary>
public sealed record TestCredential
{
    /// <summary>The credential to try.</summary>
    public required string CredentialId { get; init; }

    /// <summary>Type of the credential, for example <c>sftp</c>; null from senders that do not know it, which only couriers answer.</summary>
    public string? CredentialType { get; init; }

    /// <summary>A bucket to list; null lists the buckets themselves.</summary>
    public string? Bucket { get; init; }

    /// <summary>Only keys below this prefix are listed.</summary>
    public string? Prefix { get; init; }
}
