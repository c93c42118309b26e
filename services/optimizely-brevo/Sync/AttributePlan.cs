using System.Globalization;
using System.Net;
using Platform.OptimizelyBrevo.Brevo;
using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Partners;

namespace Platform.OptimizelyBrevo.Sync;

/// <summary>An attribute of the account that values are written to, and how: as its own type, or as text.</summary>
internal sealed record TargetAttribute(string Name, string Type)
{
    /// <summary>Brevo takes dates as days; a text attribute gets the whole time.</summary>
    public string Format(DateTimeOffset time) => Type == "date"
        ? time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
        : time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}

/// <summary>
/// The account's attributes that the connection's mapping names. Brevo ignores values for attributes it does not have, and values of the wrong type, without a word: so
/// missing ones are created before anything is sent, and one of an unfit type is refused by name.
/// </summary>
internal sealed record AttributePlan
{
    public TargetAttribute? ExperimentVariation { get; private init; }

    public TargetAttribute? FeatureFlags { get; init; }

    public TargetAttribute? AudienceSegments { get; private init; }

    public TargetAttribute? FeatureFlagsSynced { get; private init; }

    public TargetAttribute? UserId { get; private init; }

    public TargetAttribute? ExperimentKey { get; private init; }

    public TargetAttribute? VariationKey { get; private init; }

    public TargetAttribute? FeatureKey { get; private init; }

    public TargetAttribute? Enabled { get; private init; }

    public TargetAttribute? AudienceName { get; private init; }

    public TargetAttribute? DecisionTimestamp { get; private init; }

    public TargetAttribute? Winner { get; private init; }

    /// <summary>Attributes that were created, or would be in a dry run.</summary>
    public required IReadOnlyList<TargetAttribute> Created { get; init; }

    public static async Task<AttributePlan> PrepareAsync(ConnectionSettings settings, BrevoClient brevo, bool dryRun, CancellationToken cancellationToken)
    {
        var existing = (await brevo.ListAttributesAsync(settings.Brevo, cancellationToken)).ToLookup(attribute => attribute.Name, StringComparer.OrdinalIgnoreCase);
        var created = new List<TargetAttribute>();
        var problems = new List<string>();

        TargetAttribute? Target(string? name, string type)
        {
            if (name is null)
            {
                return null;
            }

            var found = existing[name].ToList();
            if (found.Count == 0)
            {
                // Brevo keeps attribute names in capitals.
                var missing = new TargetAttribute(name.ToUpperInvariant(), type);
                created.Add(missing);
                return missing;
            }

            if (found.Find(attribute => attribute.Category == "normal") is { } normal && (normal.Type == type || normal.Type == "text"))
            {
                return new(normal.Name, normal.Type!);
            }

            problems.Add($"{name} is a {found[0].Category} attribute of type {found[0].Type ?? "unknown"} in Brevo; a normal one of type {(type == "text" ? "text" : $"{type} or text")} is needed");
            return null;
        }

        var plan = new AttributePlan
        {
            Created = created,
            ExperimentVariation = Target(settings.Mapping.ExperimentVariation, "text"),
            FeatureFlags = Target(settings.Mapping.FeatureFlags, "text"),
            AudienceSegments = Target(settings.Mapping.AudienceSegments, "text"),
            FeatureFlagsSynced = Target(settings.Mapping.FeatureFlagsSynced, "date"),
            UserId = Target(settings.FieldMapping.UserId == "email" ? null : settings.FieldMapping.UserId, "text"),
            ExperimentKey = Target(settings.FieldMapping.ExperimentKey, "text"),
            VariationKey = Target(settings.FieldMapping.VariationKey, "text"),
            FeatureKey = Target(settings.FieldMapping.FeatureKey, "text"),
            Enabled = Target(settings.FieldMapping.Enabled, "boolean"),
            AudienceName = Target(settings.FieldMapping.AudienceName, "text"),
            DecisionTimestamp = Target(settings.FieldMapping.DecisionTimestamp, "date"),
            Winner = Target(settings.Winners.Attribute, "text"),
        };
        if (problems.Count > 0)
        {
            throw new PartnerException("Brevo", HttpStatusCode.BadRequest, "unfit-attribute", $"{string.Join("; ", problems)}. Map to another attribute, or change it in Brevo; values of the wrong type would be dropped without a word.");
        }

        if (!dryRun)
        {
            foreach (var attribute in created)
            {
                await brevo.CreateAttributeAsync(settings.Brevo, attribute.Name, attribute.Type, cancellationToken);
            }
        }

        return plan;
    }
}
