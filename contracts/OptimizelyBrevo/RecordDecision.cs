namespace Platform.Contracts.OptimizelyBrevo;

/// <summary>
/// Command: a decision that an SDK's notification listener announced; the contact it belongs to is brought up to date (O5). The one message that carries data of a
/// person: the decision is the fact, and nobody has stored it yet. Told twice under one <see cref="DecisionId"/> it counts once.
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

    /// <summary>The SDK's user id.</summary>
    public required string UserId { get; init; }

    /// <summary>The user's attribute <c>email</c>, where there is one.</summary>
    public string? Email { get; init; }

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
