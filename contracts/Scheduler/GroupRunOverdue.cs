namespace Platform.Contracts.Scheduler;

/// <summary>Event: a group's run broke its service level: it takes longer than agreed, or had not finished by the time of day agreed (S6). The run itself goes on.</summary>
public sealed record GroupRunOverdue
{
    /// <summary>The run (<c>gr-…</c>).</summary>
    public required string GroupRunId { get; init; }

    /// <summary>Its group (<c>cg-…</c>).</summary>
    public required string GroupId { get; init; }

    /// <summary>The instant that passed, UTC.</summary>
    public required DateTimeOffset Deadline { get; init; }

    /// <summary>What was agreed, for example <c>finish by 09:00 (Europe/Berlin)</c>.</summary>
    public required string Agreed { get; init; }
}
