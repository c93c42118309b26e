using System.Globalization;
using Platform.Scheduler.Cron;
using Xunit;

namespace Platform.Scheduler.Tests.Cron;

public sealed class CronWordsTests
{
    [Theory]
    [InlineData("30 8 * * *", "At 08:30 every day")]
    [InlineData("30 8 * * 0", "At 08:30 every Sunday")]
    [InlineData("*/10 * * * *", "Every 10 minutes every day")]
    [InlineData("* * * * *", "Every minute every day")]
    [InlineData("0,30 9-17 * * 1-5", "Every 30 minutes in the hours 9 through 17, every Monday through Friday")]
    [InlineData("0 */6 * * *", "At 00:00, 06:00, 12:00 and 18:00 every day")]
    [InlineData("5 */2 * * *", "At minute 5 of every 2nd hour from midnight, every day")]
    [InlineData("15 * * * *", "At minute 15 of every hour, every day")]
    [InlineData("0 3 L * *", "At 03:00 on the last day of the month")]
    [InlineData("0 3 L-2 * *", "At 03:00 on the day 2 days before the last of the month")]
    [InlineData("0 3 15W * *", "At 03:00 on the weekday nearest day 15 of the month")]
    [InlineData("0 3 LW * *", "At 03:00 on the weekday nearest the last day of the month")]
    [InlineData("0 3 * * MON#2", "At 03:00 on the second Monday of the month")]
    [InlineData("0 3 * * 5L", "At 03:00 on the last Friday of the month")]
    [InlineData("0 0 13 * 5", "At 00:00 on day 13 of the month or on Friday")]
    [InlineData("0 0 */2 * 1", "At 00:00 on days 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29 and 31 of the month when it is also Monday")]
    [InlineData("0 0 1 1,7 *", "At 00:00 on day 1 of the month in January and July")]
    [InlineData("@weekly", "At 00:00 every Sunday")]
    public void Are_said_in_words(string expression, string words) => Assert.Equal(words, CronParser.Parse(expression, out _)!.Explain());

    [Theory]
    [InlineData("0 0 13 * 5", "2026-02-10", "2026-02-13 2026-02-20 2026-02-27 2026-03-06 2026-03-13")]
    [InlineData("0 0 1-7 * MON", "2026-06-05", "2026-06-06 2026-06-07 2026-06-08 2026-06-15 2026-06-22")]
    [InlineData("0 0 */10 * MON", "2026-05-20", "2026-06-01 2026-08-31 2026-09-21 2026-12-21 2027-01-11")]
    [InlineData("0 0 29 2 *", "2026-01-01", "2028-02-29 2032-02-29 2036-02-29 2040-02-29 2044-02-29")]
    [InlineData("0 0 29 2 ?", "2096-03-01", "2104-02-29 2108-02-29 2112-02-29 2116-02-29 2120-02-29")]
    public void Days_match_as_crontab_has_it(string expression, string from, string days)
    {
        var cron = CronParser.Parse(expression, out _)!;
        var found = new List<string>();
        var at = new DateTimeOffset(DateTime.Parse(from, CultureInfo.InvariantCulture), TimeSpan.Zero);
        while (found.Count < 5)
        {
            at = cron.Next(at, ZoneStretches.Utc)!.Value;
            found.Add(at.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        }

        Assert.Equal(days.Split(' '), found);
    }

    [Theory]
    [InlineData("0 0 30 2 *", false)]
    [InlineData("0 0 31 4,6,9,11 *", false)]
    [InlineData("0 0 31W 2 *", false)]
    [InlineData("0 0 */2 2 1#5", true)]
    [InlineData("0 0 30 2 1", true)]
    [InlineData("0 0 29 2 *", true)]
    public void An_expression_that_never_occurs_is_known(string expression, bool occurs) =>
        Assert.Equal(occurs, CronParser.Parse(expression, out _)!.Occurs(new DateOnly(2026, 3, 1)));
}
