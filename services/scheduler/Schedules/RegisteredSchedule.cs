using Platform.Contracts.Scheduler;
using Platform.Scheduler.Cron;

namespace Platform.Scheduler.Schedules;

/// <summary>A schedule that another service asked for (S9).</summary>
internal sealed class RegisteredSchedule
{
    /// <summary>Without an end told, work is taken to have ended after this.</summary>
    public static readonly TimeSpan LongestWork = TimeSpan.FromDays(1);

    public required string Owner { get; init; }

    public required string ScheduleId { get; init; }

    public string? Cron { get; set; }

    public ScheduleFrequency? Frequency { get; set; }

    public TimeOnly? TimeOfDay { get; set; }

    public required string TimeZone { get; set; }

    public required bool StartAtOnce { get; set; }

    public required CatchUpPolicy CatchUp { get; set; }

    public string? Reference { get; set; }

    /// <summary>When the schedule began: gives weekly and monthly frequencies their weekday and day of the month.</summary>
    public required DateTimeOffset Anchor { get; set; }

    public DateTimeOffset? DueAt { get; set; }

    public DateTimeOffset? LastSlot { get; set; }

    public ZoneStretches Zone => ZoneStretches.Find(TimeZone);

    /// <summary>Later runs follow the end of the one before.</summary>
    public bool FollowsEnd => Cron is null && (TimeOfDay is null || Frequency == ScheduleFrequency.Hourly);

    /// <summary>The first due time of a schedule that begins now.</summary>
    public DateTimeOffset? First() =>
        Cron is not null ? SlotAfter(Anchor)
        : StartAtOnce ? Anchor
        : FollowsEnd ? After(Anchor)
        : SlotAfter(Anchor);

    /// <summary>The due time after another. Where it follows the end of the work, this is the latest that it can be.</summary>
    public DateTimeOffset? SlotAfter(DateTimeOffset slot)
    {
        if (Cron is not null)
        {
            var cron = CronParser.Parse(Cron, out var problem) ?? throw new InvalidOperationException($"The stored schedule {Owner}/{ScheduleId} cannot be read: {problem}");
            return cron.Next(slot, Zone);
        }

        if (FollowsEnd)
        {
            return After(slot + LongestWork);
        }

        // A run at once does not bring a second one soon after: the time of day counts from half an interval on.
        var earliest = slot == Anchor ? slot + Half() : slot;
        var anchor = Zone.DateOf(Anchor);
        for (var i = 0; ; i++)
        {
            var day = Frequency switch
            {
                ScheduleFrequency.Weekly => anchor.AddDays(7 * i),
                ScheduleFrequency.Monthly => anchor.AddMonths(i),
                _ => anchor.AddDays(i),
            };
            if (day < Zone.DateOf(earliest).AddDays(-1))
            {
                continue;
            }

            if (Zone.InstantOf(day.ToDateTime(TimeOfDay!.Value)) is var due && due > earliest)
            {
                return due;
            }
        }
    }

    /// <summary>One interval after the end of the work.</summary>
    public DateTimeOffset After(DateTimeOffset end) => Frequency switch
    {
        ScheduleFrequency.Hourly => end.AddHours(1),
        ScheduleFrequency.Daily => end.AddDays(1),
        ScheduleFrequency.Weekly => end.AddDays(7),
        _ => end.AddMonths(1),
    };

    private TimeSpan Half() => Frequency switch
    {
        ScheduleFrequency.Weekly => TimeSpan.FromDays(3.5),
        ScheduleFrequency.Monthly => TimeSpan.FromDays(14),
        _ => TimeSpan.FromHours(12),
    };
}
