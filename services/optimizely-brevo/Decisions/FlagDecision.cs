namespace Platform.OptimizelyBrevo.Decisions;

internal enum DecisionSource : byte
{
    /// <summary>No rule took the user.</summary>
    None,
    FeatureTest,
    Rollout,
    Holdout,
    Forced,
}

/// <summary>What one user gets of one flag. References into the <see cref="Project"/>; making one allocates nothing.</summary>
internal readonly record struct FlagDecision(Flag Flag, Experiment? Rule, Variation? Variation, DecisionSource Source)
{
    public bool Enabled => Variation is { FeatureEnabled: true };
}
