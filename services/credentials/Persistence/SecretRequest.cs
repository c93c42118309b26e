namespace Platform.Credentials.Persistence;

/// <summary>A link by which somebody without a key may enter a secret once (C4). The link's token is known to nobody but whoever was given it: its hash is kept here.</summary>
internal sealed class SecretRequest
{
    /// <summary><c>sreq-…</c></summary>
    public required string Id { get; init; }

    /// <summary>SHA-256 of the token.</summary>
    public required byte[] TokenHash { get; init; }

    /// <summary>The credential that is changed, or the id that the new one will have.</summary>
    public required string CredentialId { get; init; }

    /// <summary>True when what is received becomes a credential, false when it changes one.</summary>
    public required bool Creates { get; init; }

    /// <summary>Name of the credential.</summary>
    public required string Name { get; init; }

    /// <summary>Name of a <see cref="Kinds.CredentialKind"/>.</summary>
    public required string Type { get; init; }

    public string? Description { get; init; }

    public required Dictionary<string, string> Labels { get; init; }

    /// <summary>Fields that are not secret and were given with the request; only of a new credential.</summary>
    public required Dictionary<string, string> Fields { get; init; }

    /// <summary>Names of the fields that the page asks for.</summary>
    public required string[] Asked { get; init; }

    /// <summary>What the page tells whoever opens it.</summary>
    public string? Note { get; init; }

    public required string RequestedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? ReceivedAt { get; set; }

    public DateTimeOffset? WithdrawnAt { get; set; }

    public SecretRequestState StateAt(DateTimeOffset now) => ReceivedAt is not null ? SecretRequestState.Received
        : WithdrawnAt is not null ? SecretRequestState.Withdrawn
        : ExpiresAt <= now ? SecretRequestState.Expired
        : SecretRequestState.Waiting;
}

internal enum SecretRequestState
{
    Waiting,
    Received,
    Expired,
    Withdrawn,
}
