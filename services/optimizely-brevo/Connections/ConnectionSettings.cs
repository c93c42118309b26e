namespace Platform.OptimizelyBrevo.Connections;

/// <summary>What a connection from Optimizely Feature Experimentation to Brevo does (O1). Holds names of credentials, never a secret.</summary>
internal sealed record ConnectionSettings
{
    public required OptimizelySettings Optimizely { get; init; }

    public required BrevoSettings Brevo { get; init; }

    public SyncSettings Sync { get; init; } = new();

    /// <summary>Attributes that hold a summary of a contact; null leaves one out.</summary>
    public SummaryMapping Mapping { get; init; } = new();

    /// <summary>Attributes that hold the parts of a contact's latest decision; null leaves one out.</summary>
    public FieldMapping FieldMapping { get; init; } = new();

    /// <summary>Domain tables that are read when they were loaded, and by scheduled syncs.</summary>
    public IReadOnlyList<SourceTable> Sources { get; init; } = [];

    /// <summary>Brevo lists whose members are the contacts with a flag, in an audience, or in a variation.</summary>
    public IReadOnlyList<ListRule> Lists { get; init; } = [];

    public ConversionSettings Conversions { get; init; } = new();

    public WinnerSettings Winners { get; init; } = new();

    public DebugSettings Debug { get; init; } = new();
}

internal sealed record OptimizelySettings
{
    /// <summary>Credential of type <c>optimizely-token</c> or <c>optimizely-oauth</c>.</summary>
    public required string CredentialId { get; init; }

    /// <summary>At least one.</summary>
    public required IReadOnlyList<ProjectSettings> Projects { get; init; }

    /// <summary>Milliseconds between revalidations of a datafile (the seed's updateInterval); 1 second to 1 day.</summary>
    public int UpdateInterval { get; init; } = 60_000;
}

internal sealed record ProjectSettings
{
    /// <summary>Optimizely's number of the project.</summary>
    public required string ProjectId { get; init; }

    /// <summary>Credential of type <c>optimizely-sdk-key</c>: it belongs to one environment of the project.</summary>
    public required string SdkKeyCredentialId { get; init; }

    /// <summary>For people, for example <c>production</c>.</summary>
    public string? Environment { get; init; }
}

internal sealed record BrevoSettings
{
    /// <summary>Credential of type <c>brevo-api-key</c>.</summary>
    public required string CredentialId { get; init; }

    /// <summary>The account's tier; it decides how many calls an hour are allowed.</summary>
    public BrevoTier Tier { get; init; } = BrevoTier.General;

    /// <summary>List that imported contacts are put into. Brevo imports need one; without it new contacts are created one by one.</summary>
    public long? ListId { get; init; }

    /// <summary>Contacts per call of <c>/contacts/batch</c>; Brevo publishes no maximum.</summary>
    public int BatchSize { get; init; } = 100;

    /// <summary>Contacts that Brevo does not have yet are created; else they are rejected with the reason.</summary>
    public bool CreateContacts { get; init; } = true;

    /// <summary>A value that is gone empties the attribute. Else it stays as it is.</summary>
    public bool EraseMissing { get; init; }
}

internal enum BrevoTier
{
    General,
    Advanced,
    Extended,
}

internal sealed record SyncSettings
{
    public bool Experiments { get; init; } = true;

    public bool Audiences { get; init; } = true;

    public bool Events { get; init; } = true;

    public bool FeatureFlags { get; init; } = true;

    /// <summary>Five crontab fields; null syncs only when asked.</summary>
    public string? Schedule { get; init; }

    /// <summary>IANA zone of the schedule; null is UTC.</summary>
    public string? TimeZone { get; init; }
}

internal sealed record SummaryMapping
{
    public string? ExperimentVariation { get; init; }

    public string? FeatureFlags { get; init; } = "ENABLED_FEATURES";

    public string? AudienceSegments { get; init; }

    /// <summary>When the flags were last evaluated; sent together with a change, never for its own sake.</summary>
    public string? FeatureFlagsSynced { get; init; } = "FEATURE_FLAGS_SYNCED";
}

internal sealed record FieldMapping
{
    /// <summary><c>email</c>: the user's id serves as address where no attribute <c>email</c> does. Any other name: the attribute that also takes the user id.</summary>
    public string UserId { get; init; } = "email";

    public string? ExperimentKey { get; init; } = "EXPERIMENT_NAME";

    public string? VariationKey { get; init; } = "VARIATION_NAME";

    public string? FeatureKey { get; init; }

    public string? Enabled { get; init; } = "FEATURE_ENABLED";

    public string? AudienceName { get; init; }

    public string? DecisionTimestamp { get; init; } = "EXPERIMENT_DATE";
}

internal enum SourceKind
{
    /// <summary>One row a user; flags and audiences are evaluated for each.</summary>
    Users,

    /// <summary>Optimizely's enriched decisions; the latest of each visitor counts.</summary>
    Decisions,

    /// <summary>Optimizely's enriched events; each becomes a Brevo event.</summary>
    Conversions,
}

internal sealed record SourceTable
{
    /// <summary>Name of the domain table, for example <c>Optimizely:Decisions</c>.</summary>
    public required string Table { get; init; }

    public required SourceKind Kind { get; init; }

    /// <summary>Column with the user id; for Optimizely's own tables <c>visitor_id</c>.</summary>
    public string UserId { get; init; } = "visitor_id";

    /// <summary>Column with the e-mail address, where there is one.</summary>
    public string? Email { get; init; }

    /// <summary>Optimizely attribute by column; the JSON column <c>attributes</c> of Optimizely's own tables is always read.</summary>
    public IReadOnlyDictionary<string, string> Attributes { get; init; } = new Dictionary<string, string>();

    /// <summary>Read whenever a load of the table is committed.</summary>
    public bool OnLoad { get; init; } = true;
}

/// <summary>Exactly one of flag, audience and experiment with variation is given.</summary>
internal sealed record ListRule
{
    /// <summary>The Brevo list.</summary>
    public required long ListId { get; init; }

    public string? Flag { get; init; }

    public string? Audience { get; init; }

    public string? Experiment { get; init; }

    public string? Variation { get; init; }
}

internal sealed record ConversionSettings
{
    /// <summary>Brevo's name by Optimizely's event key; events that are not named keep theirs.</summary>
    public IReadOnlyDictionary<string, string> Names { get; init; } = new Dictionary<string, string>();

    /// <summary>Events per call of Brevo's <c>/events/batch</c>.</summary>
    public int BatchSize { get; init; } = 200;
}

internal sealed record WinnerSettings
{
    /// <summary>Attribute that takes <c>experiment: variation</c> of contacts in a winning variation; null marks none.</summary>
    public string? Attribute { get; init; }

    /// <summary>List that contacts in a winning variation are put into.</summary>
    public long? ListId { get; init; }

    /// <summary>Significance a winner needs, 0.5 to 1.</summary>
    public double Significance { get; init; } = 0.95;
}

internal enum DebugLevel
{
    Info,
    Verbose,
}

internal sealed record DebugSettings
{
    public bool Enabled { get; init; }

    public DebugLevel LogLevel { get; init; } = DebugLevel.Info;

    public bool LogDecisions { get; init; }

    public bool LogEvents { get; init; }
}
