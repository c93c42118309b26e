namespace Platform.OptimizelyBrevo.Results;

/// <summary>An experiment of a connection's projects as Optimizely last told.</summary>
internal sealed class ExperimentInfo
{
    public required string ConnectionId { get; init; }

    /// <summary>Optimizely's number.</summary>
    public required string ExperimentId { get; init; }

    public required string ProjectId { get; init; }

    public required string Key { get; set; }

    public required string Name { get; set; }

    public string? FeatureKey { get; set; }

    /// <summary>running, paused, archived, campaign_paused, concluded, not_started.</summary>
    public required string Status { get; set; }

    /// <summary>Variation key by variation id.</summary>
    public Dictionary<string, string> Variations { get; set; } = [];

    public required DateTimeOffset RefreshedAt { get; set; }

    /// <summary>When results are looked at next; null when they are not (any more).</summary>
    public DateTimeOffset? ResultsDueAt { get; set; }

    /// <summary>After the experiment concluded: key of the variation that won, for the first metric that has a winner.</summary>
    public string? WinnerKey { get; set; }
}

/// <summary>Results at one time; a new row whenever they changed, so that the report shows them over time.</summary>
internal sealed class ResultSnapshot
{
    public required string ConnectionId { get; init; }

    public required string ExperimentId { get; init; }

    public required DateTimeOffset FetchedAt { get; init; }

    /// <summary>SHA-256 of Optimizely's answer.</summary>
    public required string Hash { get; init; }

    /// <summary>Optimizely's answer.</summary>
    public required string Results { get; init; }
}
