using System.Text.RegularExpressions;
using Platform.ServiceDefaults;

namespace Platform.OptimizelyBrevo.Connections;

/// <summary>What settings must satisfy; every problem at once, with its JSON path.</summary>
internal static partial class ConnectionRules
{
    public const int GreatestBatch = 1000;

    public static IReadOnlyList<FieldProblem> Check(string name, ConnectionSettings settings)
    {
        var problems = new List<FieldProblem>();
        void Require(bool satisfied, string path, string problem)
        {
            if (!satisfied)
            {
                problems.Add(new(path, problem));
            }
        }

        Require(name.Trim().Length is > 0 and <= 200, "$.name", "A name has 1 to 200 characters.");
        Require(settings.Optimizely.CredentialId.Length > 0, "$.settings.optimizely.credentialId", "Name a credential of type optimizely-token or optimizely-oauth.");
        Require(settings.Brevo.CredentialId.Length > 0, "$.settings.brevo.credentialId", "Name a credential of type brevo-api-key.");
        Require(settings.Optimizely.UpdateInterval is >= 1000 and <= 86_400_000, "$.settings.optimizely.updateInterval", "Milliseconds between 1000 (one second) and 86400000 (one day) are expected.");
        Require(settings.Optimizely.Projects.Count > 0, "$.settings.optimizely.projects", "At least one project is needed.");
        for (var i = 0; i < settings.Optimizely.Projects.Count; i++)
        {
            var project = settings.Optimizely.Projects[i];
            Require(ProjectNumber().IsMatch(project.ProjectId), $"$.settings.optimizely.projects[{i}].projectId", $"'{project.ProjectId}' is no project id: a number is expected, for example 12345678.");
            Require(project.SdkKeyCredentialId.Length > 0, $"$.settings.optimizely.projects[{i}].sdkKeyCredentialId", "Name a credential of type optimizely-sdk-key; each environment has its own key.");
        }

        Require(settings.Brevo.BatchSize is >= 1 and <= GreatestBatch, "$.settings.brevo.batchSize", $"1 to {GreatestBatch} contacts per call are possible.");
        Require(settings.Brevo.ListId is null or > 0, "$.settings.brevo.listId", "A Brevo list id is a number above 0.");
        Require(settings.Conversions.BatchSize is >= 1 and <= GreatestBatch, "$.settings.conversions.batchSize", $"1 to {GreatestBatch} events per call are possible.");
        Require(settings.Winners.Significance is >= 0.5 and <= 1, "$.settings.winners.significance", "A significance between 0.5 and 1 is expected, for example 0.95.");
        Require(settings.Winners.ListId is null or > 0, "$.settings.winners.listId", "A Brevo list id is a number above 0.");
        Require(settings.Sync.TimeZone is null || settings.Sync.Schedule is not null, "$.settings.sync.timeZone", "A time zone needs a schedule.");
        Require(settings.Sync.Schedule is null || settings.Sync.Schedule.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length == 5, "$.settings.sync.schedule", "Five crontab fields are expected, for example 0 */2 * * *.");
        CheckAttributes(settings, Require);
        CheckSources(settings, Require);
        CheckLists(settings, Require);
        return problems;
    }

    private static void CheckAttributes(ConnectionSettings settings, Action<bool, string, string> require)
    {
        var used = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (path, attribute) in MappedAttributes(settings))
        {
            require(AttributeName().IsMatch(attribute), path, $"'{attribute}' is no Brevo attribute: letters, digits and underscores, beginning with a letter, at most 50 characters.");
            require(!Reserved.Contains(attribute.ToUpperInvariant()), path, $"'{attribute}' is an address of the contact; a decision must not overwrite it.");
            require(used.TryAdd(attribute, path), path, $"'{attribute}' is the target of {used[attribute]} already; two values cannot share an attribute.");
        }

        foreach (var (key, name) in settings.Conversions.Names)
        {
            require(EventName().IsMatch(name), $"$.settings.conversions.names['{key}']", $"'{name}' is no Brevo event name: 1 to 255 letters, digits, - and _.");
        }
    }

    private static readonly HashSet<string> Reserved = ["EMAIL", "SMS", "WHATSAPP", "LANDLINE_NUMBER", "EXT_ID"];

    /// <summary>Every attribute the settings write to, with its path.</summary>
    public static IEnumerable<(string Path, string Attribute)> MappedAttributes(ConnectionSettings settings)
    {
        (string, string?)[] all =
        [
            ("$.settings.mapping.experimentVariation", settings.Mapping.ExperimentVariation), ("$.settings.mapping.featureFlags", settings.Mapping.FeatureFlags),
            ("$.settings.mapping.audienceSegments", settings.Mapping.AudienceSegments), ("$.settings.mapping.featureFlagsSynced", settings.Mapping.FeatureFlagsSynced),
            ("$.settings.fieldMapping.userId", settings.FieldMapping.UserId == "email" ? null : settings.FieldMapping.UserId),
            ("$.settings.fieldMapping.experimentKey", settings.FieldMapping.ExperimentKey), ("$.settings.fieldMapping.variationKey", settings.FieldMapping.VariationKey),
            ("$.settings.fieldMapping.featureKey", settings.FieldMapping.FeatureKey), ("$.settings.fieldMapping.enabled", settings.FieldMapping.Enabled),
            ("$.settings.fieldMapping.audienceName", settings.FieldMapping.AudienceName), ("$.settings.fieldMapping.decisionTimestamp", settings.FieldMapping.DecisionTimestamp),
            ("$.settings.winners.attribute", settings.Winners.Attribute),
        ];
        return all.Where(each => each.Item2 is not null).Select(each => (each.Item1, each.Item2!));
    }

    private static void CheckSources(ConnectionSettings settings, Action<bool, string, string> require)
    {
        var seen = new HashSet<(string, SourceKind)>();
        for (var i = 0; i < settings.Sources.Count; i++)
        {
            var source = settings.Sources[i];
            require(source.Table.Length is > 0 and <= 63, $"$.settings.sources[{i}].table", "Name a domain table, for example Optimizely:Decisions.");
            require(source.UserId.Length > 0, $"$.settings.sources[{i}].userId", "Name the column that has the user id.");
            require(seen.Add((source.Table, source.Kind)), $"$.settings.sources[{i}]", $"'{source.Table}' is a source of this kind already.");
        }
    }

    private static void CheckLists(ConnectionSettings settings, Action<bool, string, string> require)
    {
        for (var i = 0; i < settings.Lists.Count; i++)
        {
            var rule = settings.Lists[i];
            require(rule.ListId > 0, $"$.settings.lists[{i}].listId", "A Brevo list id is a number above 0.");
            require(new[] { rule.Flag, rule.Audience, rule.Experiment }.Count(each => each is not null) == 1, $"$.settings.lists[{i}]", "Exactly one of flag, audience and experiment is expected.");
            require((rule.Experiment is null) == (rule.Variation is null), $"$.settings.lists[{i}]", "An experiment and a variation go together.");
            require(settings.Lists.Take(i).All(earlier => earlier.ListId != rule.ListId), $"$.settings.lists[{i}].listId", $"List {rule.ListId} has a rule already; one list follows one rule.");
        }
    }

    [GeneratedRegex("^[0-9]{1,20}$")]
    private static partial Regex ProjectNumber();

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_]{0,49}$")]
    private static partial Regex AttributeName();

    [GeneratedRegex("^[A-Za-z0-9_-]{1,255}$")]
    public static partial Regex EventName();
}
