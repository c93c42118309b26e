using System.Globalization;
using System.Text;

namespace Platform.OptimizelyBrevo.Connections;

/// <summary>Writes a connection as the seed's YAML. Credentials appear as <c>${NAME}</c> only.</summary>
internal static class ConnectionYamlText
{
    /// <summary>The text, and the credential behind each variable in it.</summary>
    public static (string Yaml, IReadOnlyDictionary<string, string> Variables) Write(Connection connection)
    {
        var settings = connection.Settings;
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        string Variable(string credentialId, string byDefault)
        {
            var name = connection.Variables.GetValueOrDefault(credentialId) ?? byDefault;
            for (var i = 2; variables.TryGetValue(name, out var other) && other != credentialId; i++)
            {
                name = $"{byDefault}_{i.ToString(CultureInfo.InvariantCulture)}";
            }

            variables[name] = credentialId;
            return $"\"${{{name}}}\"";
        }

        var text = new StringBuilder();
        void Line(int depth, string key, string? value)
        {
            if (value is not null)
            {
                text.Append(' ', depth * 2).Append(key).Append(':').Append(value.Length > 0 ? " " : "").Append(value).Append('\n');
            }
        }

        Line(0, "connectors", "");
        Line(1, "optimizely", "");
        Line(2, "enabled", Boolean(connection.Enabled));
        Line(2, "access_token", Variable(settings.Optimizely.CredentialId, "OPTIMIZELY_ACCESS_TOKEN"));
        if (settings.Optimizely.Projects is [var only])
        {
            Line(2, "sdk_key", Variable(only.SdkKeyCredentialId, "OPTIMIZELY_SDK_KEY"));
            Line(2, "project_id", Quote(only.ProjectId));
            Line(2, "environment", Quote(only.Environment));
        }
        else
        {
            Line(2, "projects", "");
            foreach (var project in settings.Optimizely.Projects)
            {
                Line(3, "- project_id", Quote(project.ProjectId));
                Line(4, "sdk_key", Variable(project.SdkKeyCredentialId, "OPTIMIZELY_SDK_KEY"));
                Line(4, "environment", Quote(project.Environment));
            }
        }

        Line(2, "update_interval", settings.Optimizely.UpdateInterval.ToString(CultureInfo.InvariantCulture));
        Line(2, "sync", "");
        Line(3, "experiments", Boolean(settings.Sync.Experiments));
        Line(3, "audiences", Boolean(settings.Sync.Audiences));
        Line(3, "events", Boolean(settings.Sync.Events));
        Line(3, "feature_flags", Boolean(settings.Sync.FeatureFlags));
        Line(3, "schedule", Quote(settings.Sync.Schedule));
        Line(3, "time_zone", Quote(settings.Sync.TimeZone));
        Line(2, "mapping", "");
        Line(3, "experiment_variation", settings.Mapping.ExperimentVariation);
        Line(3, "feature_flags", settings.Mapping.FeatureFlags);
        Line(3, "audience_segments", settings.Mapping.AudienceSegments);
        Line(3, "feature_flags_synced", settings.Mapping.FeatureFlagsSynced);
        Line(2, "debug", Boolean(settings.Debug.Enabled));
        Line(2, "log_level", settings.Debug.LogLevel.ToString().ToLowerInvariant());
        Line(2, "log_decisions", Boolean(settings.Debug.LogDecisions));
        Line(2, "log_events", Boolean(settings.Debug.LogEvents));
        Line(1, "brevo", "");
        Line(2, "api_key", Variable(settings.Brevo.CredentialId, "BREVO_API_KEY"));
        Line(2, "list_id", settings.Brevo.ListId?.ToString(CultureInfo.InvariantCulture));
        Line(2, "tier", settings.Brevo.Tier.ToString().ToLowerInvariant());
        Line(2, "batch_size", settings.Brevo.BatchSize.ToString(CultureInfo.InvariantCulture));
        Line(2, "create_contacts", Boolean(settings.Brevo.CreateContacts));
        Line(2, "erase_missing", Boolean(settings.Brevo.EraseMissing));
        Line(0, "field_mapping", "");
        Line(1, "user_id", settings.FieldMapping.UserId);
        Line(1, "experiment_key", settings.FieldMapping.ExperimentKey);
        Line(1, "variation_key", settings.FieldMapping.VariationKey);
        Line(1, "feature_key", settings.FieldMapping.FeatureKey);
        Line(1, "enabled", settings.FieldMapping.Enabled);
        Line(1, "audience_name", settings.FieldMapping.AudienceName);
        Line(1, "decision_timestamp", settings.FieldMapping.DecisionTimestamp);
        return (text.ToString(), variables);
    }

    private static string Boolean(bool value) => value ? "true" : "false";

    private static string? Quote(string? value) => value is null ? null : $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
