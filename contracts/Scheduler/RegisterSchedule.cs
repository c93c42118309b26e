namespace Platform.Contracts.Scheduler;

/// <summary>
/// Command: tell <see cref="Owner"/> by <see cref="ScheduleDue"/> whenever the schedule is due (S9). Registering a <see cref="ScheduleId"/> again replaces the schedule; registering
/// the same again changes nothing, so services may do it at every start. What cannot be a schedule is answered by <see cref="ScheduleRefused"/>.
/// Exactly one of <see cref="Cron"/> and <see cref="Frequency"/> is given.
/// </summary>
[Command]
public sealed record RegisterSchedule
{
    /// <summary>Chosen by the owner and unique within it, at most 200 characters, for example the id of the thing to run.</summary>
    public required string ScheduleId { get; init; }

    /// <summary>Name of the service that wants to be told, for example <c>campaigns</c>.</summary>
    public required string Owner { get; init; }

    /// <summary>Five crontab fields, for example <c>*/10 * * * *</c>.</summary>
    public string? Cron { get; init; }

    /// <summary>Hourly, daily, weekly or monthly.</summary>
    public ScheduleFrequency? Frequency { get; init; }

    /// <summary>
    /// With a daily, weekly or monthly frequency: the local time of later runs. Without it the next run is due one hour, day, week or month after the last one ended, as told by <see cref="ScheduledWorkEnded"/>.
    /// </summary>
    public TimeOnly? TimeOfDay { get; init; }

    /// <summary>IANA time zone of cron, time of day, weekday and month; null is UTC.</summary>
    public string? TimeZone { get; init; }

    /// <summary>With a frequency: the first run is due at once (the default), instead of at the first time of day, or one interval from now.</summary>
    public bool StartAtOnce { get; init; } = true;

    /// <summary>What to do about times that passed while no scheduler was running.</summary>
    public CatchUpPolicy CatchUp { get; init; } = CatchUpPolicy.One;

    /// <summary>Returned in every <see cref="ScheduleDue"/>, at most 2000 characters: for the owner's own use, never a secret.</summary>
    public string? Reference { get; init; }
}
