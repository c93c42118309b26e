using Platform.ServiceDefaults;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Platform.OptimizelyBrevo.Connections;

/// <summary>Settings read from the seed's YAML, and whether the connector is switched on.</summary>
internal sealed record ImportedConnection(ConnectionSettings Settings, bool Enabled, Dictionary<string, string> Variables);

/// <summary>
/// Reads the seed's configuration (<c>connectors: optimizely: …</c>, <c>field_mapping</c>). Every problem is told with line and column. Secrets can only be named, as
/// <c>${NAME}</c>; a value written out is refused and never repeated.
/// </summary>
internal sealed class ConnectionYaml
{
    private readonly List<FieldProblem> _problems = [];
    private readonly IReadOnlyDictionary<string, string> _credentials;
    private readonly Dictionary<string, string> _used = new(StringComparer.Ordinal);

    private ConnectionYaml(IReadOnlyDictionary<string, string> credentials) => _credentials = credentials;

    /// <summary><paramref name="credentials"/>: the credential id for each variable name.</summary>
    public static (ImportedConnection? Connection, IReadOnlyList<FieldProblem> Problems) Read(string yaml, IReadOnlyDictionary<string, string> credentials)
    {
        var reader = new ConnectionYaml(credentials);
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(yaml));
        }
        catch (YamlException e)
        {
            // The parser's text may quote the input, and the input may hold a secret.
            return (null, [new(At(e.Start), $"The text is not well-formed YAML here. Indent with spaces, put a space after each colon, quote values that hold {{, }}, [, ], #, & or *.")]);
        }

        if (stream.Documents is not [{ RootNode: YamlMappingNode root }])
        {
            return (null, [new("line 1, column 1", "One YAML document is expected, with 'connectors:' at its top.")]);
        }

        var connection = reader.ReadRoot(root);
        return (reader._problems.Count == 0 ? connection : null, reader._problems);
    }

    private ImportedConnection? ReadRoot(YamlMappingNode root)
    {
        var top = Section(root, "the top level", ["connectors", "field_mapping"]);
        if (!top.TryGetValue("connectors", out var connectorsNode) || Mapping(connectorsNode, "connectors") is not { } connectorsMapping)
        {
            Problem(root, "'connectors:' is missing.");
            return null;
        }

        var connectors = Section(connectorsMapping, "connectors", ["optimizely", "brevo"]);
        if (!connectors.TryGetValue("optimizely", out var node) || Mapping(node, "optimizely") is not { } mapping)
        {
            Problem(connectorsMapping, "'connectors.optimizely:' is missing.");
            return null;
        }

        var keys = Section(mapping, "optimizely",
            ["enabled", "access_token", "oauth", "sdk_key", "project_id", "projects", "environment", "update_interval", "sync", "mapping", "field_mapping", "debug", "log_level", "log_decisions", "log_events"]);
        var brevo = connectors.TryGetValue("brevo", out var brevoNode) && Mapping(brevoNode, "brevo") is { } brevoMapping
            ? Section(brevoMapping, "brevo", ["api_key", "list_id", "tier", "batch_size", "create_contacts", "erase_missing"])
            : [];
        var fieldMappingNode = top.GetValueOrDefault("field_mapping") ?? keys.GetValueOrDefault("field_mapping");
        var settings = new ConnectionSettings
        {
            Optimizely = new()
            {
                CredentialId = Secret(keys.GetValueOrDefault("access_token") ?? keys.GetValueOrDefault("oauth"), mapping, "access_token", "OPTIMIZELY_ACCESS_TOKEN"),
                Projects = Projects(keys, mapping),
                UpdateInterval = Integer(keys.GetValueOrDefault("update_interval"), 60_000),
            },
            Brevo = new()
            {
                CredentialId = Secret(brevo.GetValueOrDefault("api_key"), mapping, "api_key", "BREVO_API_KEY"),
                ListId = brevo.TryGetValue("list_id", out var list) ? Integer(list, 0) : null,
                Tier = Choice(brevo.GetValueOrDefault("tier"), BrevoTier.General),
                BatchSize = Integer(brevo.GetValueOrDefault("batch_size"), 100),
                CreateContacts = Boolean(brevo.GetValueOrDefault("create_contacts"), true),
                EraseMissing = Boolean(brevo.GetValueOrDefault("erase_missing"), false),
            },
            Sync = Sync(keys.GetValueOrDefault("sync")),
            Mapping = Summary(keys.GetValueOrDefault("mapping")),
            FieldMapping = Fields(fieldMappingNode),
            Debug = new()
            {
                Enabled = Boolean(keys.GetValueOrDefault("debug"), false),
                LogLevel = Choice(keys.GetValueOrDefault("log_level"), DebugLevel.Info),
                LogDecisions = Boolean(keys.GetValueOrDefault("log_decisions"), false),
                LogEvents = Boolean(keys.GetValueOrDefault("log_events"), false),
            },
        };
        return new(settings, Boolean(keys.GetValueOrDefault("enabled"), true), _used);
    }

    private List<ProjectSettings> Projects(Dictionary<string, YamlNode> keys, YamlNode parent)
    {
        if (!keys.TryGetValue("projects", out var node))
        {
            return
            [
                new()
                {
                    ProjectId = Text(keys.GetValueOrDefault("project_id"), parent, "project_id"),
                    SdkKeyCredentialId = Secret(keys.GetValueOrDefault("sdk_key"), parent, "sdk_key", "OPTIMIZELY_SDK_KEY"),
                    Environment = Optional(keys.GetValueOrDefault("environment")),
                },
            ];
        }

        if (node is not YamlSequenceNode sequence)
        {
            Problem(node, "'projects' must be a list; each item has project_id and sdk_key.");
            return [];
        }

        var projects = new List<ProjectSettings>();
        foreach (var item in sequence)
        {
            if (Mapping(item, "projects") is not { } mapping)
            {
                continue;
            }

            var project = Section(mapping, "projects", ["project_id", "sdk_key", "environment"]);
            projects.Add(new()
            {
                ProjectId = Text(project.GetValueOrDefault("project_id"), item, "project_id"),
                SdkKeyCredentialId = Secret(project.GetValueOrDefault("sdk_key"), item, "sdk_key", "OPTIMIZELY_SDK_KEY"),
                Environment = Optional(project.GetValueOrDefault("environment")),
            });
        }

        return projects;
    }

    private SyncSettings Sync(YamlNode? node)
    {
        if (node is null || Mapping(node, "sync") is not { } mapping)
        {
            return new();
        }

        var sync = Section(mapping, "sync", ["experiments", "audiences", "events", "feature_flags", "schedule", "time_zone"]);
        return new()
        {
            Experiments = Boolean(sync.GetValueOrDefault("experiments"), true),
            Audiences = Boolean(sync.GetValueOrDefault("audiences"), true),
            Events = Boolean(sync.GetValueOrDefault("events"), true),
            FeatureFlags = Boolean(sync.GetValueOrDefault("feature_flags"), true),
            Schedule = Optional(sync.GetValueOrDefault("schedule")),
            TimeZone = Optional(sync.GetValueOrDefault("time_zone")),
        };
    }

    private SummaryMapping Summary(YamlNode? node)
    {
        if (node is null || Mapping(node, "mapping") is not { } mapping)
        {
            return new();
        }

        var keys = Section(mapping, "mapping", ["experiment_variation", "feature_flags", "audience_segments", "feature_flags_synced"]);
        return new()
        {
            ExperimentVariation = Optional(keys.GetValueOrDefault("experiment_variation")),
            FeatureFlags = Optional(keys.GetValueOrDefault("feature_flags")),
            AudienceSegments = Optional(keys.GetValueOrDefault("audience_segments")),
            FeatureFlagsSynced = Optional(keys.GetValueOrDefault("feature_flags_synced")) ?? new SummaryMapping().FeatureFlagsSynced,
        };
    }

    private FieldMapping Fields(YamlNode? node)
    {
        if (node is null || Mapping(node, "field_mapping") is not { } mapping)
        {
            return new();
        }

        // A mapping to a field that decisions do not have is refused by name.
        var keys = Section(mapping, "field_mapping", ["user_id", "experiment_key", "variation_key", "feature_key", "enabled", "audience_name", "decision_timestamp"]);
        return new()
        {
            UserId = Optional(keys.GetValueOrDefault("user_id")) ?? "email",
            ExperimentKey = Optional(keys.GetValueOrDefault("experiment_key")),
            VariationKey = Optional(keys.GetValueOrDefault("variation_key")),
            FeatureKey = Optional(keys.GetValueOrDefault("feature_key")),
            Enabled = Optional(keys.GetValueOrDefault("enabled")),
            AudienceName = Optional(keys.GetValueOrDefault("audience_name")),
            DecisionTimestamp = Optional(keys.GetValueOrDefault("decision_timestamp")),
        };
    }

    private Dictionary<string, YamlNode> Section(YamlMappingNode mapping, string where, IReadOnlyList<string> known)
    {
        var result = new Dictionary<string, YamlNode>(StringComparer.Ordinal);
        foreach (var (key, value) in mapping.Children)
        {
            if (key is YamlScalarNode { Value: { } name } && known.Contains(name, StringComparer.Ordinal))
            {
                result[name] = value;
            }
            else
            {
                Problem(key, $"{(key is YamlScalarNode { Value: { Length: <= 40 } unknown } ? $"'{unknown}'" : "This")} is not known in {where}; known are {string.Join(", ", known)}.");
            }
        }

        return result;
    }

    private YamlMappingNode? Mapping(YamlNode node, string name)
    {
        if (node is YamlMappingNode mapping)
        {
            return mapping;
        }

        // A key with nothing below it is an empty section.
        if (node is YamlScalarNode { Value: null or "" or "~" or "null" })
        {
            return [];
        }

        Problem(node, $"'{name}' must hold keys, each indented below it.");
        return null;
    }

    private string Secret(YamlNode? node, YamlNode parent, string key, string defaultVariable)
    {
        var variable = defaultVariable;
        if (node is not null)
        {
            if (node is not YamlScalarNode { Value: { } text } || !text.StartsWith("${", StringComparison.Ordinal) || !text.EndsWith('}') || text.Length is < 4 or > 104)
            {
                Problem(node, $"'{key}' must name a credential as \"${{NAME}}\". Secrets do not belong in this text: store it as a credential, name it here, and give its id under 'variables'.");
                return "";
            }

            variable = text[2..^1];
        }

        if (_credentials.TryGetValue(variable, out var id))
        {
            _used[id] = variable;
            return id;
        }

        Problem(node ?? parent, $"${{{variable}}} has no credential: give one under 'variables', for example {{\"{variable}\": \"cred-…\"}}.");
        return "";
    }

    private string Text(YamlNode? node, YamlNode parent, string key)
    {
        if (Optional(node) is { } text)
        {
            return text;
        }

        Problem(node ?? parent, $"'{key}' is missing.");
        return "";
    }

    private string? Optional(YamlNode? node)
    {
        switch (node)
        {
            case null:
                return null;
            case YamlScalarNode { Value: { Length: > 0 } text } scalar when text is not ("~" or "null") || scalar.Style != ScalarStyle.Plain:
                return text;
            case YamlScalarNode:
                return null;
            default:
                Problem(node, "A single value is expected.");
                return null;
        }
    }

    private bool Boolean(YamlNode? node, bool byDefault)
    {
        switch (Optional(node))
        {
            case null:
                return byDefault;
            case "true" or "True" or "yes" or "on":
                return true;
            case "false" or "False" or "no" or "off":
                return false;
            default:
                Problem(node!, "true or false is expected.");
                return byDefault;
        }
    }

    private int Integer(YamlNode? node, int byDefault)
    {
        if (Optional(node) is not { } text)
        {
            return byDefault;
        }

        if (int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var value))
        {
            return value;
        }

        Problem(node!, "A whole number is expected.");
        return byDefault;
    }

    private T Choice<T>(YamlNode? node, T byDefault)
        where T : struct, Enum
    {
        if (Optional(node) is not { } text)
        {
            return byDefault;
        }

        if (!char.IsAsciiDigit(text[0]) && Enum.TryParse<T>(text, ignoreCase: true, out var value))
        {
            return value;
        }

        Problem(node!, $"One of {string.Join(", ", Enum.GetNames<T>().Select(name => name.ToLowerInvariant()))} is expected.");
        return byDefault;
    }

    private void Problem(YamlNode node, string text) => _problems.Add(new(At(node.Start), text));

    private static string At(Mark mark) => $"line {mark.Line}, column {mark.Column}";
}
