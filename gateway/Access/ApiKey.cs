namespace Platform.Gateway.Access;

/// <summary>An API key as it is stored: enough to recognize it, nothing to make it from. Revoked keys stay, for the record.</summary>
internal sealed class ApiKey
{
    /// <summary><c>key-…</c></summary>
    public required string Id { get; init; }

    /// <summary>Unique among the keys that are not revoked; what services and audit logs call the caller.</summary>
    public required string Name { get; init; }

    /// <summary>One of <see cref="ServiceDefaults.Security.Roles.OfPeople"/>.</summary>
    public required string Role { get; init; }

    /// <summary>What the key is limited to (<see cref="Access.Scopes"/>); null when it may do all that its role may.</summary>
    public string[]? Scopes { get; init; }

    /// <summary>The part of the key after <c>cp_</c> that may be shown, and finds the row.</summary>
    public required string Prefix { get; init; }

    /// <summary>SHA-256 of the whole key. Its 256 random bits need no slow hash.</summary>
    public required byte[] Hash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Name of the key that created it; <c>command line</c> for <c>create-key</c>.</summary>
    public required string CreatedBy { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>To the minute.</summary>
    public DateTimeOffset? LastUsedAt { get; set; }

    public DateTimeOffset? RevokedAt { get; set; }
}
