namespace Platform.Contracts.OptimizelyBrevo;

/// <summary>
/// Command: a decision that an SDK's notification listener announced; the contact it belongs to is brought up to date (O5). It says whose only to those who know the
/// address already: decisions of people the connection does not know yet are told by REST. Told twice under one <see cref="DecisionId"/> it counts once.
/// </summary>
[Command]
public sealed record RecordDecision
{
    /// <summary>The connection (<c>ob-…</c>) whose contacts it concerns.</summary>
    public required string ConnectionId { get; init; }

    /// <summary>Chosen by the sender, unique for the decision; null makes one of the content.</summary>
    public string? DecisionId { get; init; }

    /// <summary>As the SDK says it: <c>feature</c>, <c>ab-test</c> or <c>flag</c>; others are of no consequence.</summary>
    public required string Type { get; init; }

    /// <summary>The SDK's user id; where user ids are e-mail addresses, decisions are told by REST.</summary>
    public required string UserId { get; init; }

    /// <summary>SHA-256 of the user's e-mail address, trimmed and in lower case: 64 lower-case hexadecimal digits.</summary>
    public string? EmailSha256 { get; init; }

    /// <summary>Key of the experiment, or of the rule of a flag.</summary>
    public string? ExperimentKey { get; init; }

    /// <summary>Key of the feature or flag.</summary>
    public string? FeatureKey { get; init; }

    /// <summary>Key of the variation; null when the user got none.</summary>
    public string? VariationKey { get; init; }

    /// <summary>Whether the feature is on for the user; false where the SDK does not say.</summary>
    public bool Enabled { get; init; }

    /// <summary>When it was made, UTC; the latest decision of a contact wins.</summary>
    public required DateTimeOffset DecidedAt { get; init; }
}
