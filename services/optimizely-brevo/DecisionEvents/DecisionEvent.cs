namespace Platform.OptimizelyBrevo.DecisionEvents;

internal enum DecisionType
{
    Feature,
    AbTest,
    Flag,
}

/// <summary>A decision that an SDK announced (O5), as it was told: by REST or by the bus.</summary>
internal sealed class DecisionEvent
{
    /// <summary>Given by the caller or made of the content: the same decision told twice is one.</summary>
    public required string Id { get; init; }

    public required string ConnectionId { get; init; }

    /// <summary>Order of arrival.</summary>
    public long Sequence { get; init; }

    public required DecisionType Type { get; init; }

    public required string UserId { get; init; }

    /// <summary>Null when neither an attribute nor the user id is an address: the sync lists it as skipped.</summary>
    public string? Email { get; init; }

    /// <summary>SHA-256 of the address in lower-case hexadecimal digits, told by the bus instead of the address; known contacts are found by it.</summary>
    public string? EmailSha256 { get; init; }

    public string? ExperimentKey { get; init; }

    public string? FeatureKey { get; init; }

    public string? VariationKey { get; init; }

    public bool Enabled { get; init; }

    public required DateTimeOffset DecidedAt { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>The sync that took it; null while it waits.</summary>
    public string? SyncId { get; init; }
}
