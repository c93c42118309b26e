namespace Platform.Contracts.Scheduler;

/// <summary>Command: forget a schedule of <see cref="RegisterSchedule"/> (S9). One that is unknown is forgotten already.</summary>
[Command]
public sealed record RemoveSchedule
{
    /// <summary>As registered.</summary>
    public required string ScheduleId { get; init; }

    /// <summary>As registered.</summary>
    public required string Owner { get; init; }
}
