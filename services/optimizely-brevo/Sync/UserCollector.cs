using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Decisions;

namespace Platform.OptimizelyBrevo.Sync;

/// <summary>Evaluates flags and audiences for users and says what their contacts should hold (O4, the seed's <c>syncFeatureFlags</c>).</summary>
internal sealed class UserCollector(ConnectionSettings settings, AttributePlan plan, Evaluation evaluation, DateTimeOffset now) : IDisposable
{
    private readonly AttributeValues _values = new(settings.Brevo.EraseMissing);
    private readonly List<long> _in = [];
    private readonly List<long> _out = [];
    private readonly bool _evaluatesFlags = settings.Sync.FeatureFlags;
    private readonly bool _evaluatesAudiences = settings.Sync.Audiences && (plan.AudienceSegments is not null || plan.AudienceName is not null || settings.Lists.Any(rule => rule.Audience is not null));

    // The same for all: it goes along with a change and is none itself.
    private readonly string _extra = Extra(plan, settings, now);

    public Evaluation Evaluation => evaluation;

    /// <summary>The user whose attributes were just set.</summary>
    public StagedRow Row(string userId, string? email)
    {
        if (ContactAddress.Of(email, userId) is not { } address)
        {
            return StagedRow.Skip(StagedKind.Evaluation, userId, ContactAddress.None);
        }

        _values.Begin();
        _in.Clear();
        _out.Clear();
        _values.Add(plan.UserId, userId);
        if (_evaluatesFlags)
        {
            var enabled = evaluation.EnabledFlags();
            _values.Add(plan.FeatureFlags, string.Join(", ", enabled));
            Sort(enabled, rule => rule.Flag);
        }

        if (_evaluatesAudiences)
        {
            var segments = evaluation.Segments();
            var joined = string.Join(", ", segments);
            _values.Add(plan.AudienceSegments, joined);
            _values.Add(plan.AudienceName, joined);
            Sort(segments, rule => rule.Audience);
        }

        return new()
        {
            Kind = StagedKind.Evaluation,
            Subject = userId,
            Email = address,
            Desired = _values.End(),
            Extra = _extra,
            InLists = _in.Count == 0 ? null : [.. _in],
            OutLists = _out.Count == 0 ? null : [.. _out],
        };
    }

    /// <summary>The user of a table's row.</summary>
    public StagedRow Row(SourceRow row, SourceTable source, long number)
    {
        if (row.Text(source.UserId) is not { Length: > 0 } userId)
        {
            return StagedRow.Skip(StagedKind.Evaluation, $"row {number}", $"the column '{source.UserId}' is empty");
        }

        if (row.Unreadable("attributes") is { } unreadable)
        {
            return StagedRow.Skip(StagedKind.Evaluation, userId, unreadable);
        }

        var attributes = row.Json("attributes");
        evaluation.Begin(userId);
        evaluation.Set(attributes);
        foreach (var (column, name) in source.Attributes)
        {
            if (name == DecisionUser.StickyAttribute)
            {
                evaluation.Set(name, row.Json(column));
            }
            else if (row.Attribute(column) is var value && value.Kind != AttributeKind.Null)
            {
                evaluation.Set(name, value);
            }
        }

        var email = row.Text(source.Email) ?? ContactAddress.In(attributes);
        if (email is not null)
        {
            evaluation.Set("email", AttributeValue.Of(email));
        }

        return Row(userId, email);
    }

    public void Dispose() => _values.Dispose();

    private void Sort(IReadOnlyList<string> names, Func<ListRule, string?> subject)
    {
        foreach (var rule in settings.Lists)
        {
            if (subject(rule) is { } name)
            {
                (names.Contains(name) ? _in : _out).Add(rule.ListId);
            }
        }
    }

    private static string Extra(AttributePlan plan, ConnectionSettings settings, DateTimeOffset now)
    {
        using var values = new AttributeValues(settings.Brevo.EraseMissing);
        values.Begin();
        if (settings.Sync.FeatureFlags)
        {
            values.Add(plan.FeatureFlagsSynced, now);
        }

        return values.End();
    }
}

/// <summary>Says what a contact should hold after a decision (O4): the seed's notification listener.</summary>
internal sealed class DecisionCollector(ConnectionSettings settings, AttributePlan plan) : IDisposable
{
    private readonly AttributeValues _values = new(settings.Brevo.EraseMissing);

    public StagedRow Row(string userId, string? email, string? experimentKey, string? featureKey, string? variationKey, bool enabled, DateTimeOffset decidedAt)
    {
        if (email is null)
        {
            return StagedRow.Skip(StagedKind.Decision, userId, ContactAddress.None);
        }

        if (experimentKey is null && featureKey is null)
        {
            return StagedRow.Skip(StagedKind.Decision, userId, "the decision names neither an experiment nor a feature");
        }

        _values.Begin();
        _values.Add(plan.UserId, userId);
        _values.Add(plan.ExperimentKey, experimentKey ?? featureKey);
        _values.Add(plan.VariationKey, variationKey);
        _values.Add(plan.FeatureKey, featureKey);
        _values.Add(plan.Enabled, enabled);
        _values.Add(plan.DecisionTimestamp, decidedAt);
        _values.Add(plan.ExperimentVariation, variationKey is null ? null : $"{experimentKey ?? featureKey}: {variationKey}");
        var lists = ContactAddress.Lists(settings.Lists, experimentKey, variationKey);
        return new()
        {
            Kind = StagedKind.Decision,
            Subject = userId,
            Email = email,
            Desired = _values.End(),
            InLists = lists.In,
            OutLists = lists.Out,
            DecidedAt = decidedAt,
            ExperimentKey = experimentKey,
            VariationKey = variationKey,
        };
    }

    public void Dispose() => _values.Dispose();
}
