namespace Platform.Campaigns.Responses;

/// <summary>The import of a connection's response files: what was set up for it in couriers and feeds, and the work that waits.</summary>
internal sealed class ResponseImport
{
    /// <summary>The connection's.</summary>
    public required string Id { get; init; }

    public required ResponseImportSettings Settings { get; set; }

    /// <summary>The source of the feeds; no two connections share one.</summary>
    public required string Source { get; set; }

    /// <summary>The courier that fetches the files. Chosen before it is made, so that there is never a second one.</summary>
    public required string CourierId { get; init; }

    /// <summary>The feeds by kind of file.</summary>
    public required IReadOnlyDictionary<ResponseKind, string> Feeds { get; set; }

    /// <summary>The connection as it was when courier and feeds were set up: when it has changed since, they are set up anew before the next import.</summary>
    public required DateTimeOffset SetUpFor { get; set; }

    /// <summary>By feed, the last load (<c>_load_id</c>) whose rows were looked through for unsubscribes and bounces.</summary>
    public IReadOnlyDictionary<string, long> ToldUpTo { get; set; } = new Dictionary<string, long>();

    /// <summary>What the views of waves were made of last; null when they are to be made (see <see cref="WaveViews"/>).</summary>
    public string? WavesPut { get; set; }

    /// <summary>Counts what there is to do; <see cref="Done"/> follows. A worker that finds both equal has nothing to do.</summary>
    public long Work { get; set; }

    public long Done { get; set; }

    public DateTimeOffset NotBefore { get; set; }

    /// <summary>Why the work does not get on at present; null when it does.</summary>
    public string? Fault { get; set; }

    public int Attempt { get; set; }

    public string? LeaseOwner { get; set; }

    public DateTimeOffset? LeaseUntil { get; set; }

    public required DateTimeOffset UpdatedAt { get; set; }

    public required string UpdatedBy { get; set; }
}

internal enum ResponseRunState
{
    /// <summary>Asked for; the courier is not told yet.</summary>
    Requested,

    /// <summary>The courier fetches, the feeds load.</summary>
    Running,

    Succeeded,

    Failed,

    Cancelled,
}

/// <summary>One import: a run of the courier.</summary>
internal sealed class ResponseRun
{
    /// <summary>The courier's run (<c>run-…</c>).</summary>
    public required string Id { get; init; }

    public required string ConnectionId { get; init; }

    public ResponseRunState State { get; set; }

    /// <summary>Also files that were imported already.</summary>
    public bool Force { get; init; }

    /// <summary>What a person reads.</summary>
    public string? Message { get; set; }

    public int? Files { get; set; }

    /// <summary>A daily import has been looked through for what is missing (see <see cref="ResponseGaps"/>).</summary>
    public bool Examined { get; init; }

    /// <summary>None of the eight files came since the daily import before.</summary>
    public bool NothingCame { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }

    public required string RequestedBy { get; init; }

    public DateTimeOffset? EndedAt { get; set; }
}

internal enum FactKind
{
    Bounced,
    Unsubscribed,
}

/// <summary>A fact that other systems were told (L9): one for each recipient, mailing and kind. The address itself is not kept.</summary>
internal sealed class ToldFact
{
    public required string ConnectionId { get; init; }

    public required FactKind Kind { get; init; }

    public required long MailingId { get; init; }

    /// <summary>SHA-256 of the address, trimmed and in lower case.</summary>
    public required byte[] EmailSha256 { get; init; }

    public required DateTimeOffset ToldAt { get; init; }
}
