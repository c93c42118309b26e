using System.ComponentModel.DataAnnotations;

namespace Platform.Scheduler;

/// <summary>Section <c>Scheduler</c>.</summary>
internal sealed class SchedulerOptions
{
    /// <summary>A due time this old still counts as kept; older ones were missed, and the catch-up policy decides.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan Grace { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How often a courier is tried again while its files may still come.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan LateFilePoll { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How often a group looks for the run it waits for, besides being woken by its end.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan ConstraintPoll { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest sleep between two looks for due work. Due times known before are met to the moment, and changes made by the same instance wake it.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan Poll { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Runs and notifications are kept this long after they ended.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "3650.00:00:00")]
    public TimeSpan HistoryKept { get; set; } = TimeSpan.FromDays(400);
}
