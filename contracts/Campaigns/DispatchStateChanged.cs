namespace Platform.Contracts.Campaigns;

/// <summary>Event: a dispatch reached another state (L6, L9).</summary>
public sealed record DispatchStateChanged
{
    /// <summary>The dispatch (<c>dp-…</c>).</summary>
    public required string DispatchId { get; init; }

    /// <summary>Its connection (<c>cn-…</c>).</summary>
    public required string ConnectionId { get; init; }

    /// <summary>The new state.</summary>
    public required DispatchState State { get; init; }

    /// <summary>The state before.</summary>
    public required DispatchState Previous { get; init; }

    /// <summary>True for a test dispatch.</summary>
    public bool Test { get; init; }

    /// <summary>The source mailing in Optimizely Campaign.</summary>
    public required long SourceMailingId { get; init; }

    /// <summary>The mailing that the partner made from it, once its log file has told.</summary>
    public long? MailingId { get; init; }

    /// <summary>The selection wave; null where the recipient list has none.</summary>
    public long? WaveId { get; init; }

    /// <summary>What a person reads. Never a recipient's data.</summary>
    public string? Message { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset ChangedAt { get; init; }
}
