namespace Platform.Contracts.Scheduler;

/// <summary>Event: a courier group's run came into being, or went into another state (S8). The end is told by <see cref="GroupRunEnded"/> as well, with all that downstream services need.</summary>
public sealed record GroupRunStateChanged
{
    /// <summary>The run (<c>gr-…</c>).</summary>
    public required string GroupRunId { get; init; }

    /// <summary>Its group (<c>cg-…</c>).</summary>
    public required string GroupId { get; init; }

    /// <summary>The state before; null for a new run.</summary>
    public GroupRunState? From { get; init; }

    /// <summary>The state now.</summary>
    public required GroupRunState To { get; init; }

    /// <summary>Why, in words.</summary>
    public required string Message { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset At { get; init; }
}
