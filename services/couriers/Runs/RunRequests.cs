using System.Globalization;
using Platform.Contracts.Couriers;
using Platform.ServiceDefaults;

namespace Platform.Couriers.Runs;

/// <summary>Which days a run may cover.</summary>
internal static class RunRequests
{
    private const int LongestPeriod = 3660;

    /// <summary>Everything wrong with the days asked for.</summary>
    public static IReadOnlyList<FieldProblem> Check(RunMode? mode, DateOnly? date, DateOnly? start, DateOnly? end)
    {
        var problems = new List<FieldProblem>();
        switch (mode)
        {
            case null:
                problems.Add(new("$.mode", "is missing; expected 'day' (with date), 'period' (with start and end) or 'all'."));
                break;
            case RunMode.Day:
                Require(problems, "$.date", date, "the day to run for");
                Refuse(problems, "$.start", start, "day");
                Refuse(problems, "$.end", end, "day");
                break;
            case RunMode.Period:
                Require(problems, "$.start", start, "the first day");
                Require(problems, "$.end", end, "the day after the last");
                Refuse(problems, "$.date", date, "period");
                CheckPeriod(problems, start, end);
                break;
            case RunMode.All:
                Refuse(problems, "$.date", date, "all");
                Refuse(problems, "$.start", start, "all");
                Refuse(problems, "$.end", end, "all");
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(mode), mode, null);
        }

        return problems;
    }

    /// <summary>What is wrong with the share of bad rows a run may have.</summary>
    public static IEnumerable<FieldProblem> CheckThreshold(decimal? percent) => percent is < 0 or > 100
        ? [new("$.errorThresholdPercent", string.Create(CultureInfo.InvariantCulture, $"is {percent}; expected a percentage from 0 to 100."))]
        : [];

    private static void CheckPeriod(List<FieldProblem> problems, DateOnly? start, DateOnly? end)
    {
        if (start is not { } first || end is not { } last)
        {
            return;
        }

        if (last <= first)
        {
            problems.Add(new("$.end", string.Create(CultureInfo.InvariantCulture, $"is {last:yyyy-MM-dd}; expected a day after start ({first:yyyy-MM-dd}), for the end is exclusive.")));
        }
        else if (last.DayNumber - first.DayNumber > LongestPeriod)
        {
            problems.Add(new("$.end", $"makes a period of {last.DayNumber - first.DayNumber} days; at most {LongestPeriod} are possible. Use mode 'all', or several runs."));
        }
    }

    private static void Require(List<FieldProblem> problems, string path, DateOnly? value, string what)
    {
        if (value is null)
        {
            problems.Add(new(path, $"is missing; expected {what} as YYYY-MM-DD."));
        }
    }

    private static void Refuse(List<FieldProblem> problems, string path, DateOnly? value, string mode)
    {
        if (value is not null)
        {
            problems.Add(new(path, $"does not go with mode '{mode}'; leave it out."));
        }
    }
}
