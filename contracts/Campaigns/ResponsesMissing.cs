namespace Platform.Contracts.Campaigns;

/// <summary>Event: a daily import of response files brought nothing (L7): none of the eight files came since the daily import before, or the import failed.</summary>
public sealed record ResponsesMissing
{
    /// <summary>The connection (<c>cn-…</c>).</summary>
    public required string ConnectionId { get; init; }

    /// <summary>The import, a run of its courier (<c>run-…</c>).</summary>
    public required string RunId { get; init; }

    /// <summary>True when the import failed: files may lie on the partner's server. False when there were none.</summary>
    public required bool ImportFailed { get; init; }

    /// <summary>The date in the name of the newest file that came; null when none came within the look-back.</summary>
    public DateOnly? NewestDate { get; init; }

    /// <summary>What a person reads.</summary>
    public required string Message { get; init; }

    /// <summary>When the import was asked for, UTC.</summary>
    public required DateTimeOffset RequestedAt { get; init; }
}
