namespace Platform.OptimizelyBrevo.Conversions;

internal enum ConversionDirection
{
    ToBrevo,
    ToOptimizely,
}

internal enum ConversionState
{
    Queued,
    Sent,
    Rejected,
    Skipped,
}

/// <summary>One event on its way to a partner (O6).</summary>
internal sealed class ConversionEvent
{
    /// <summary>A UUID that depends on connection, direction and source only, so that the same event told twice is one, here and at Optimizely.</summary>
    public required Guid Id { get; init; }

    public required string ConnectionId { get; init; }

    public required ConversionDirection Direction { get; init; }

    /// <summary>The event as it is sent, as JSON.</summary>
    public required string Payload { get; init; }

    public string? BatchId { get; init; }

    public ConversionState State { get; init; }

    public string? Reason { get; init; }

    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>When it was queued, by the database's clock. How long it is kept counts from here: an event of long ago may have come today.</summary>
    public DateTimeOffset QueuedAt { get; init; }
}

internal enum ConversionBatchState
{
    Ready,

    /// <summary>Committed before the call leaves; after a crash Brevo is asked which events it has.</summary>
    Sending,
    Done,
    Failed,
}

/// <summary>The events of one call: a row of work.</summary>
internal sealed class ConversionBatch
{
    public const string IdPrefix = "evb";

    public required string Id { get; init; }

    public required string ConnectionId { get; init; }

    public required ConversionDirection Direction { get; init; }

    /// <summary>For Optimizely: which of the connection's projects.</summary>
    public string? ProjectId { get; init; }

    public ConversionBatchState State { get; init; }

    public int Events { get; init; }

    public string? Message { get; init; }

    public int Attempt { get; init; }

    public string? LeaseOwner { get; init; }

    public DateTimeOffset? LeaseUntil { get; init; }

    /// <summary>After a disturbance: not before.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public string? TraceParent { get; init; }
}
