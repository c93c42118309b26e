namespace Platform.Contracts.Scheduler;

/// <summary>Event: a <see cref="RegisterSchedule"/> cannot be a schedule; what was registered before under the id stays in force.</summary>
public sealed record ScheduleRefused
{
    /// <summary>As given.</summary>
    public required string ScheduleId { get; init; }

    /// <summary>As given.</summary>
    public required string Owner { get; init; }

    /// <summary>Every problem, in words.</summary>
    public required IReadOnlyList<string> Problems { get; init; }
}
