using Platform.Contracts.Scheduler;
using Platform.Scheduler.Cron;

namespace Platform.Scheduler.Schedules;

/// <summary>What a <see cref="RegisterSchedule"/> must be.</summary>
internal static class ScheduleRules
{
    public static List<string> ProblemsOf(RegisterSchedule schedule, DateOnly today)
    {
        var problems = new List<string>();
        if (schedule.ScheduleId.Length is 0 or > 200)
        {
            problems.Add($"scheduleId has {schedule.ScheduleId.Length} characters; expected 1 to 200.");
        }

        if (schedule.Owner.Length is 0 or > 100)
        {
            problems.Add($"owner has {schedule.Owner.Length} characters; expected the name of the service, 1 to 100.");
        }

        if (schedule.Reference?.Length > 2000)
        {
            problems.Add($"reference has {schedule.Reference.Length} characters; expected at most 2000.");
        }

        if (schedule.TimeZone is { } zone && !ZoneStretches.TryFind(zone, out _))
        {
            problems.Add($"timeZone '{zone}' is unknown; expected an IANA name such as Europe/Berlin.");
        }

        switch (schedule)
        {
            case { Cron: null, Frequency: null } or { Cron: not null, Frequency: not null }:
                problems.Add("Exactly one of cron and frequency is expected.");
                break;
            case { Cron: { } cron } when CronParser.Parse(cron, out var problem) is var parsed:
                if (parsed is null)
                {
                    problems.Add($"cron: {problem}");
                }
                else if (!parsed.Occurs(today))
                {
                    problems.Add($"cron '{cron}' never occurs: {parsed.Explain()}.");
                }

                break;
        }

        if (schedule.TimeOfDay is not null && schedule.Frequency is null or ScheduleFrequency.Hourly)
        {
            problems.Add("timeOfDay goes with the frequencies daily, weekly and monthly only.");
        }

        return problems;
    }
}
