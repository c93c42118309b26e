namespace Platform.OptimizelyBrevo.Decisions;

/// <summary>
/// Decides as Optimizely's JavaScript SDK 6 does: forced decision, global holdouts, the flag's experiments in order, then its rollout's rules (O3). Allocates nothing
/// unless reasons are asked for.
/// </summary>
internal static class DecisionEngine
{
    public static FlagDecision Decide(Flag flag, DecisionUser user)
    {
        if (user.ForcedVariation(flag, null) is { } forced)
        {
            user.Reasons?.Add($"Variation '{forced.Key}' is forced for flag '{flag.Key}'.");
            return new(flag, null, forced, DecisionSource.Forced);
        }

        var skipExperiments = false;
        foreach (var holdout in user.Project.GlobalHoldouts)
        {
            if (HoldoutVariation(holdout, user) is { } held)
            {
                if (!holdout.ExcludesTargetedDeliveries)
                {
                    return new(flag, holdout, held, DecisionSource.Holdout);
                }

                user.Reasons?.Add($"Holdout '{holdout.Key}' leaves targeted deliveries alone.");
                skipExperiments = true;
                break;
            }
        }

        if (!skipExperiments && TryExperiments(flag, user, out var decision))
        {
            return decision;
        }

        return Rollout(flag, user);
    }

    /// <summary>Variation of an experiment, in a flag or outside (<c>activate</c>, <c>getVariation</c>); null when the user gets none.</summary>
    public static Variation? Decide(Experiment experiment, DecisionUser user)
    {
        if (!experiment.IsRunning)
        {
            user.Reasons?.Add($"Experiment '{experiment.Key}' is not running.");
            return null;
        }

        if (experiment.Whitelist is { } whitelist && whitelist.TryGetValue(user.Id, out var listedKey))
        {
            if (experiment.VariationsByKey.TryGetValue(listedKey, out var listed))
            {
                user.Reasons?.Add($"The user is whitelisted for variation '{listed.Key}' of '{experiment.Key}'.");
                return listed;
            }

            user.Reasons?.Add($"The user is whitelisted for variation '{listedKey}', which '{experiment.Key}' does not have.");
        }

        // Before the audiences: who was once in a variation stays there.
        if (user.StickyVariation(experiment) is { } sticky)
        {
            user.Reasons?.Add($"The user's attributes say that variation '{sticky.Key}' of '{experiment.Key}' was decided before.");
            return sticky;
        }

        if (!IsTargeted(experiment, user))
        {
            return null;
        }

        if (experiment.IsContextual)
        {
            user.Reasons?.Add($"'{experiment.Key}' is decided by Optimizely's prediction service; there is no answer here.");
            return null;
        }

        return Bucket(experiment, user);
    }

    /// <summary>The decided value of a variable: the variation's where the flag is enabled, else the default.</summary>
    public static System.Text.Json.JsonElement Value(FlagVariable variable, FlagDecision decision) =>
        decision is { Enabled: true, Variation.Variables: { } values } && values.TryGetValue(variable.Id, out var value) && value is not null
            ? VariableValues.Cast(value, variable.Type)
            : variable.Default;

    private static bool TryExperiments(Flag flag, DecisionUser user, out FlagDecision decision)
    {
        foreach (var experiment in flag.Experiments)
        {
            var variation = user.ForcedVariation(flag, experiment.Key);
            var source = DecisionSource.Forced;
            if (variation is null)
            {
                if (LocalHoldout(flag, experiment, user, out decision))
                {
                    return true;
                }

                source = DecisionSource.FeatureTest;
                variation = Decide(experiment, user);
            }

            if (variation is not null)
            {
                // The traffic may name a variation of another experiment; only its key counts then.
                var own = experiment.VariationsByKey.GetValueOrDefault(variation.Key) ?? flag.VariationsByKey.GetValueOrDefault(variation.Key);
                decision = new(flag, experiment, own, source);
                return own is not null;
            }
        }

        decision = default;
        return false;
    }

    private static FlagDecision Rollout(Flag flag, DecisionUser user)
    {
        var rules = flag.Rules;
        for (var i = 0; i < rules.Length; i++)
        {
            var rule = rules[i];
            if (user.ForcedVariation(flag, rule.Key) is { } forced)
            {
                return new(flag, rule, forced, DecisionSource.Rollout);
            }

            if (LocalHoldout(flag, rule, user, out var held))
            {
                return held;
            }

            if (!IsTargeted(rule, user))
            {
                continue;
            }

            if (Bucket(rule, user) is { } variation)
            {
                return new(flag, rule, variation, DecisionSource.Rollout);
            }

            // Whoever meets a rule's conditions but not its traffic falls to "everyone else", past the rules between.
            if (i < rules.Length - 1)
            {
                i = rules.Length - 2;
            }
        }

        return new(flag, null, null, DecisionSource.None);
    }

    private static bool LocalHoldout(Flag flag, Experiment rule, DecisionUser user, out FlagDecision decision)
    {
        foreach (var holdout in rule.Holdouts)
        {
            if (HoldoutVariation(holdout, user) is { } held)
            {
                decision = new(flag, holdout, held, DecisionSource.Holdout);
                return true;
            }
        }

        decision = default;
        return false;
    }

    private static Variation? HoldoutVariation(Experiment holdout, DecisionUser user) =>
        holdout.IsRunning && IsTargeted(holdout, user) ? Bucket(holdout, user) : null;

    private static bool IsTargeted(Experiment experiment, DecisionUser user)
    {
        var met = experiment.Targeting is null || experiment.Targeting.Evaluate(user) == Truth.True;
        user.Reasons?.Add($"The user {(met ? "meets" : "does not meet")} the audience conditions of '{experiment.Key}'.");
        return met;
    }

    private static Variation? Bucket(Experiment experiment, DecisionUser user)
    {
        if (experiment.Group is { } group && !IsChosen(group, experiment, user))
        {
            user.Reasons?.Add($"The user is not in '{experiment.Key}' of group '{group.Id}'.");
            return null;
        }

        var bucket = user.BucketValue(experiment.IdBytes);
        Variation? variation = null;
        foreach (ref readonly var share in experiment.Traffic.AsSpan())
        {
            if (bucket < share.End)
            {
                variation = share.Variation;
                break;
            }
        }

        user.Reasons?.Add($"Bucket {bucket} of '{experiment.Key}' is {(variation is null ? "outside its traffic" : $"variation '{variation.Key}'")}.");
        return variation;
    }

    private static bool IsChosen(ExclusionGroup group, Experiment experiment, DecisionUser user)
    {
        var bucket = user.BucketValue(group.IdBytes);
        foreach (ref readonly var share in group.Traffic.AsSpan())
        {
            if (bucket < share.End)
            {
                return string.Equals(share.ExperimentId, experiment.Id, StringComparison.Ordinal);
            }
        }

        return false;
    }
}
