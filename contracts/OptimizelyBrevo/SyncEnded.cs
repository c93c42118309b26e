namespace Platform.Contracts.OptimizelyBrevo;

/// <summary>Event: a sync reached its end, well or badly (O9).</summary>
public sealed record SyncEnded
{
    /// <summary>The sync (<c>sync-…</c>).</summary>
    public required string SyncId { get; init; }

    /// <summary>Its connection (<c>ob-…</c>).</summary>
    public required string ConnectionId { get; init; }

    /// <summary><c>succeeded</c>, <c>succeededWithProblems</c>, <c>failed</c> or <c>cancelled</c>.</summary>
    public required string State { get; init; }

    /// <summary>What a person reads.</summary>
    public required string Message { get; init; }

    /// <summary>Rows, decisions or users looked at.</summary>
    public required long Read { get; init; }

    /// <summary>Contacts Brevo has taken.</summary>
    public required long Sent { get; init; }

    /// <summary>Contacts Brevo refused.</summary>
    public required long Rejected { get; init; }

    /// <summary>True when nothing was changed anywhere.</summary>
    public bool DryRun { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset EndedAt { get; init; }
}
