namespace Platform.Contracts.Couriers;

/// <summary>Request: really connect with a stored credential (C3). Answered by <see cref="CredentialTested"/>. Carries no secret: the couriers fetch it themselves.</summary>
public sealed record TestCredential
{
    /// <summary>The credential to try.</summary>
    public required string CredentialId { get; init; }

    /// <summary>A bucket to list; null lists the buckets themselves.</summary>
    public string? Bucket { get; init; }

    /// <summary>Only keys below this prefix are listed.</summary>
    public string? Prefix { get; init; }
}
