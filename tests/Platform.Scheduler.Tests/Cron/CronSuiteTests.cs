using Platform.Scheduler.Cron;
using Xunit;

namespace Platform.Scheduler.Tests.Cron;

public sealed class CronSuiteTests
{
    [Fact]
    public void Every_next_occurrence_of_the_suite_is_found()
    {
        var (checkedRows, wrong) = Check(CronSuite.NextOccurrences());
        Assert.Empty(wrong);
        Assert.Equal(295, checkedRows);
    }

    [Fact]
    public void Zones_whose_clock_changes_at_midnight_are_right_too()
    {
        var (checkedRows, wrong) = Check(CronSuite.NextOccurrences("amman-midnight-gap.json"));
        Assert.Empty(wrong);
        Assert.Equal(15, checkedRows);
    }

    [Fact]
    public void Every_expression_that_must_be_refused_is_refused_with_the_field_that_is_wrong()
    {
        var fields = new Dictionary<string, string>
        {
            ["Minutes"] = "minute",
            ["Hours"] = "hour",
            ["Days of month"] = "day of month",
            ["Months"] = "month",
            ["Days of week"] = "day of week",
            ["between 0 and 59"] = "between 0 and 59",
            ["between 1 and 59"] = "between 1 and 59",
        };
        var rows = 0;
        foreach (var (expression, count, says) in CronSuite.Refused())
        {
            rows++;
            Assert.True(CronParser.Parse(expression, out var problem) is null && problem is not null, $"'{expression}' was accepted");

            // The same mistake in a five-field expression, where the seconds are not the mistake.
            var words = expression.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var five = count == 5 ? expression : words is ["*", _, _, _, _, _] ? string.Join(' ', words[1..]) : null;
            if (five is not null && five.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length == 5)
            {
                Assert.Null(CronParser.Parse(five, out problem));
                Assert.Contains(fields.GetValueOrDefault(says, ""), problem);
            }
        }

        Assert.Equal(180, rows);
    }

    private static (int Checked, List<string> Wrong) Check(IEnumerable<CronSuite.NextRow> rows)
    {
        var checkedRows = 0;
        var wrong = new List<string>();
        foreach (var row in rows)
        {
            if (CronSuite.InFiveFields(row) is not { } text || text.Equals("@every_second", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            var cron = CronParser.Parse(text, out var problem);
            Assert.True(cron is not null, $"{text}: {problem}");
            if (cron.DayOfMonth.Restricted && cron.DayOfWeek.Restricted)
            {
                // The suite's library wants both to match; crontab, which the platform follows, either.
                continue;
            }

            checkedRows++;
            Assert.True(ZoneStretches.TryFind(row.Zone, out var zone));
            var next = cron.Next(row.From, zone, row.Inclusive);
            if (next != row.Next || next?.Offset != row.Next?.Offset)
            {
                wrong.Add($"{row.Group}: '{text}' from {row.From:o} ({(row.Inclusive ? "inclusive" : "exclusive")}) gave {next:o}, expected {row.Next:o}");
            }
        }

        return (checkedRows, wrong);
    }
}
