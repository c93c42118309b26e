using System.Globalization;
using Platform.Scheduler.Cron;
using Xunit;

namespace Platform.Scheduler.Tests.Cron;

/// <summary>Whole years in zones that change their clocks: each slot once, none lost.</summary>
public sealed class ClockChangeTests
{
    [Theory]
    [InlineData("Europe/Berlin", "30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00")]
    [InlineData("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00")]
    [InlineData("Europe/Berlin", "30 2,3 * * *", "2026-03-29T00:00:00Z", "2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00")]
    [InlineData("Europe/Berlin", "*/30 * * * *", "2026-10-25T00:30:00Z", "2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+01:00")]
    [InlineData("America/New_York", "30 2 * * *", "2026-03-07T12:00:00Z", "2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00")]
    [InlineData("America/New_York", "30 1 * * *", "2026-10-31T12:00:00Z", "2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00")]
    [InlineData("America/New_York", "0 * * * *", "2026-11-01T05:00:00Z", "2026-11-01T01:00:00-05:00", "2026-11-01T02:00:00-05:00")]
    [InlineData("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T00:00:00Z", "2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00")]
    [InlineData("Australia/Lord_Howe", "45 1 * * *", "2026-04-04T00:00:00Z", "2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30")]
    [InlineData("Australia/Lord_Howe", "*/15 1 * * *", "2026-04-04T14:45:00Z", "2026-04-05T01:30:00+10:30", "2026-04-05T01:45:00+10:30")]
    [InlineData("Pacific/Apia", "0 9 30 12 *", "2011-12-01T00:00:00Z", "2011-12-31T00:00:00+14:00", "2012-12-30T09:00:00+14:00")]
    public void Around_a_clock_change(string zone, string expression, string after, string first, string second)
    {
        var found = Occurrences(zone, expression, Instant(after)).Take(2).ToList();
        Assert.Equal([first, second], found.Select(next => next.ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture)));
    }

    [Theory]
    [InlineData("Europe/Berlin")]
    [InlineData("America/New_York")]
    [InlineData("Australia/Lord_Howe")]
    [InlineData("America/Santiago")]
    [InlineData("Africa/Casablanca")]
    public void A_daily_slot_comes_once_on_every_day_of_a_decade(string zone)
    {
        for (var minute = 0; minute < 24 * 60; minute += 15)
        {
            var days = Occurrences(zone, $"{minute % 60} {minute / 60} * * *", Instant("2020-01-01T12:00:00Z"))
                .TakeWhile(next => next.Year < 2030).Select(next => DateOnly.FromDateTime(next.DateTime)).ToList();
            var expected = Enumerable.Range(0, days[^1].DayNumber - days[0].DayNumber + 1).Select(i => days[0].AddDays(i));
            Assert.Equal(expected, days);
        }
    }

    [Theory]
    [InlineData("Europe/Berlin")]
    [InlineData("America/New_York")]
    [InlineData("Australia/Lord_Howe")]
    public void Every_ten_minutes_means_every_ten_minutes_of_real_time(string zone)
    {
        // Lord Howe moves its clock by half an hour, which is a multiple of ten minutes: no step may be longer or shorter anywhere.
        var slots = Occurrences(zone, "*/10 * * * *", Instant("2026-01-01T00:00:00Z")).TakeWhile(next => next.UtcDateTime.Year < 2027).ToList();
        Assert.All(slots.Zip(slots.Skip(1)), pair => Assert.Equal(TimeSpan.FromMinutes(10), pair.Second - pair.First));
        Assert.Equal(365 * 144 - 1, slots.Count);
    }

    [Theory]
    [InlineData("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:00:00Z")]
    [InlineData("Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z")]
    [InlineData("Europe/Berlin", "2026-07-01T00:00:00", "2026-06-30T22:00:00Z")]
    [InlineData("America/New_York", "2026-12-31T23:59:00", "2027-01-01T04:59:00Z")]
    [InlineData("Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-03T15:30:00Z")]
    public void A_local_time_has_one_instant(string zone, string local, string instant)
    {
        Assert.True(ZoneStretches.TryFind(zone, out var stretches));
        Assert.Equal(Instant(instant), stretches.InstantOf(DateTime.Parse(local, CultureInfo.InvariantCulture)));
    }

    private static IEnumerable<DateTimeOffset> Occurrences(string zone, string expression, DateTimeOffset after)
    {
        Assert.True(ZoneStretches.TryFind(zone, out var stretches));
        var cron = CronParser.Parse(expression, out _)!;
        for (var next = cron.Next(after, stretches); next is { } found; next = cron.Next(found, stretches))
        {
            yield return found;
        }
    }

    private static DateTimeOffset Instant(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
