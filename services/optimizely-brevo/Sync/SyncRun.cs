namespace Platform.OptimizelyBrevo.Sync;

internal enum SyncState
{
    Queued,
    Running,
    Succeeded,

    /// <summary>All went as far as it could, and some contacts were rejected or skipped: they are listed with the reason.</summary>
    SucceededWithProblems,
    Failed,
    Cancelled,
}

internal enum SyncScope
{
    /// <summary>Recorded decisions, all source tables, winners, and what was rejected before and is due again.</summary>
    All,

    /// <summary>Recorded decisions only.</summary>
    Decisions,

    /// <summary>Flags and audiences of the users given.</summary>
    Users,

    /// <summary>Flags and audiences of the members of a Brevo list.</summary>
    List,

    /// <summary>One source table of the connection.</summary>
    Table,
}

internal enum SyncPhase
{
    Collecting,
    Sending,
    Finished,
}

/// <summary>A synchronisation: a row of work (table <c>syncs</c>), claimed by one worker at a time and resumable at its phase.</summary>
internal sealed class SyncRun
{
    public const string IdPrefix = "sync";

    public required string Id { get; init; }

    public required string ConnectionId { get; init; }

    public required SyncScope Scope { get; init; }

    /// <summary>Who or what asked: the name of an API key, <c>schedule</c>, <c>decisions</c>, or the load.</summary>
    public required string RequestedBy { get; init; }

    /// <summary>Says what to do and changes nothing, neither here nor in Brevo.</summary>
    public bool DryRun { get; init; }

    /// <summary>The rest of the request as JSON: users, list, table.</summary>
    public required SyncRequest Request { get; init; }

    public SyncState State { get; set; }

    public SyncPhase Phase { get; set; }

    public SyncCounts Counts { get; set; } = new();

    /// <summary>What a person reads at the end, or why it failed.</summary>
    public string? Message { get; set; }

    public bool CancelRequested { get; set; }

    /// <summary>Disturbances of the environment in a row.</summary>
    public int Failures { get; set; }

    /// <summary>Not before this time: a burst of decisions collects, a disturbance passes.</summary>
    public DateTimeOffset? NotBefore { get; set; }

    public int Attempt { get; set; }

    public string? LeaseOwner { get; set; }

    public DateTimeOffset? LeaseUntil { get; set; }

    public string? TraceParent { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }
}

/// <summary>What to look at, beside the scope.</summary>
internal sealed record SyncRequest
{
    public IReadOnlyList<SyncUser>? Users { get; init; }

    public long? ListId { get; init; }

    public string? Table { get; init; }

    /// <summary>Only these flags are evaluated; null for all.</summary>
    public IReadOnlyList<string>? Flags { get; init; }
}

internal sealed record SyncUser
{
    public required string UserId { get; init; }

    public IReadOnlyDictionary<string, System.Text.Json.JsonElement> Attributes { get; init; } = new Dictionary<string, System.Text.Json.JsonElement>();
}

/// <summary>Read = changed + unchanged + superseded + skipped, and changed = sent + rejected + pending: they balance, or the sync is wrong.</summary>
internal sealed record SyncCounts
{
    /// <summary>Rows, decisions or users looked at, and contacts due for another try.</summary>
    public long Read { get; init; }

    /// <summary>Contacts for which Brevo should hold something else than it was last sent.</summary>
    public long Changed { get; init; }

    public long Unchanged { get; init; }

    /// <summary>Rows that a later decision of the same contact made void.</summary>
    public long Superseded { get; init; }

    /// <summary>Rows that lead to no contact, each listed with the reason.</summary>
    public long Skipped { get; init; }

    /// <summary>Contacts Brevo has taken.</summary>
    public long Sent { get; init; }

    /// <summary>Contacts Brevo refused, each listed with its reason; they are tried again later.</summary>
    public long Rejected { get; init; }

    /// <summary>Contacts not yet sent.</summary>
    public long Pending { get; init; }

    /// <summary>Events queued for Brevo from source tables.</summary>
    public long Conversions { get; init; }

    /// <summary>Calls to Brevo that carried contacts.</summary>
    public long Calls { get; init; }
}
