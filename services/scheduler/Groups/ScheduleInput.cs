using Platform.Scheduler.Cron;
using Platform.ServiceDefaults;

namespace Platform.Scheduler.Groups;

/// <summary>Checks a cron expression and a time zone as they are sent to the API.</summary>
internal static class ScheduleInput
{
    /// <summary>The parts that are right; the problems of the others are added to <paramref name="problems"/>. No time zone is UTC; <paramref name="at"/> is where they stand, a JSON path or nothing in a query.</summary>
    public static (CronExpression? Cron, ZoneStretches? Zone) Check(string? cron, string? timeZone, DateTimeOffset now, List<FieldProblem> problems, string at = "$.")
    {
        CronExpression? parsed = null;
        if (cron is not null)
        {
            parsed = CronParser.Parse(cron, out var problem);
            if (parsed is null)
            {
                problems.Add(new($"{at}cron", problem!));
            }
            else if (!parsed.Occurs(DateOnly.FromDateTime(now.UtcDateTime)))
            {
                problems.Add(new($"{at}cron", $"'{cron}' never occurs: {parsed.Explain()}. No month of any year has such a day."));
            }
        }

        var id = timeZone ?? "UTC";
        if (!ZoneStretches.TryFind(id, out var zone))
        {
            var nearest = ZoneStretches.Nearest(id);
            problems.Add(new($"{at}timeZone",
                $"'{id}' is no time zone of the IANA database{(nearest.Count == 0 ? ", whose names look like Europe/Berlin." : $"; did you mean {string.Join(" or ", nearest)}?")}"));
        }

        return (parsed, zone);
    }
}
