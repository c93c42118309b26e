namespace Platform.Contracts.Scheduler;

/// <summary>Event: a registered schedule is due (S9). Published once per slot; every service receives it, and the one named as <see cref="Owner"/> acts.</summary>
public sealed record ScheduleDue
{
    /// <summary>As registered.</summary>
    public required string ScheduleId { get; init; }

    /// <summary>As registered.</summary>
    public required string Owner { get; init; }

    /// <summary>The time that came, UTC. With the id it names this occasion for good.</summary>
    public required DateTimeOffset Slot { get; init; }

    /// <summary>Schedule or catch-up.</summary>
    public required GroupRunTrigger Trigger { get; init; }

    /// <summary>Earlier times that passed unused and that this one makes up for.</summary>
    public int Missed { get; init; }

    /// <summary>As registered.</summary>
    public string? Reference { get; init; }
}
