namespace Platform.Contracts.Scheduler;

/// <summary>How often, where a person chooses from a list instead of writing cron (S9).</summary>
public enum ScheduleFrequency
{
    /// <summary>Once an hour.</summary>
    Hourly,

    /// <summary>Once a day.</summary>
    Daily,

    /// <summary>Once a week, on the weekday of the first run.</summary>
    Weekly,

    /// <summary>Once a month, on the day of the first run, or the month's last day when it is shorter.</summary>
    Monthly,
}
