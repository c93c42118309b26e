namespace Platform.Credentials.Persistence;

/// <summary>Who did what with a credential, when and what for. Entries outlive their credential and never hold a value of a field.</summary>
internal sealed class AuditEntry
{
    public long Id { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>Name of the API key or of the service; the id of the request when a secret came by its link.</summary>
    public required string Caller { get; init; }

    public required AuditedAction Action { get; init; }

    public required string CredentialId { get; init; }

    /// <summary>The name at that time.</summary>
    public required string CredentialName { get; init; }

    /// <summary>Which fields changed, what a secret was fetched for, how a test ended.</summary>
    public string? Detail { get; init; }

    public string? TraceId { get; init; }
}

/// <summary>Stored by name: names stay.</summary>
internal enum AuditedAction
{
    Created,
    Updated,
    Deleted,
    Tested,
    SecretFetched,
    SecretRefused,
    SecretRequested,
    SecretReceived,
    SecretRequestWithdrawn,
    KeysRotated,
}
