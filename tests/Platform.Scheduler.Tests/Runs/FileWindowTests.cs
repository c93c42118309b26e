using System.Globalization;
using Platform.Scheduler.Cron;
using Platform.Scheduler.Runs;
using Xunit;

namespace Platform.Scheduler.Tests.Runs;

public sealed class FileWindowTests
{
    [Theory]
    // The example of S3.
    [InlineData("2026-05-02T08:30:00Z", "1.00:00", "UTC", false, null, "2026-05-01", "2026-05-02", "2026-05-01T08:30:00Z")]
    // A day of 23 hours, and one of 25: the offset of a day is a day on the wall.
    [InlineData("2026-03-29T22:30:00Z", "1.00:00", "Europe/Berlin", true, null, "2026-03-29", "2026-03-30", "2026-03-28T23:30:00Z")]
    [InlineData("2026-10-25T22:30:00Z", "1.00:00", "Europe/Berlin", true, null, "2026-10-24", "2026-10-25", "2026-10-24T21:30:00Z")]
    [InlineData("2026-03-09T04:10:00Z", "1.00:00", "America/New_York", true, null, "2026-03-08", "2026-03-09", "2026-03-08T05:10:00Z")]
    [InlineData("2026-11-02T05:10:00Z", "1.00:00", "America/New_York", true, null, "2026-11-01", "2026-11-02", "2026-11-01T04:10:00Z")]
    [InlineData("2026-10-04T13:05:00Z", "1.00:00", "Australia/Lord_Howe", true, null, "2026-10-04", "2026-10-05", "2026-10-03T13:35:00Z")]
    [InlineData("2026-04-05T13:35:00Z", "1.00:00", "Australia/Lord_Howe", true, null, "2026-04-05", "2026-04-06", "2026-04-04T13:05:00Z")]
    // File dates in UTC although the group is in Tokyo: the slot of 3 May is on 2 May in UTC.
    [InlineData("2026-05-02T23:00:00Z", "1.00:00", "Asia/Tokyo", false, null, "2026-05-01", "2026-05-02", "2026-05-01T23:00:00Z")]
    [InlineData("2026-05-02T23:00:00Z", "1.00:00", "Asia/Tokyo", true, null, "2026-05-02", "2026-05-03", "2026-05-01T23:00:00Z")]
    // Minutes, weeks, nothing.
    [InlineData("2026-05-02T00:30:00Z", "01:30", "UTC", false, null, "2026-05-01", "2026-05-02", "2026-05-01T23:00:00Z")]
    [InlineData("2026-05-15T08:30:00Z", "14.00:00", "UTC", false, null, "2026-05-01", "2026-05-15", "2026-05-01T08:30:00Z")]
    [InlineData("2026-05-02T08:30:00Z", "00:00", "UTC", false, null, "2026-05-02", "2026-05-02", "2026-05-02T08:30:00Z")]
    // Weekly: every day since the last run; daily: nothing more than the offset.
    [InlineData("2026-05-11T08:30:00Z", "1.00:00", "UTC", false, "2026-05-04", "2026-05-05", "2026-05-11", "2026-05-10T08:30:00Z")]
    [InlineData("2026-05-12T08:30:00Z", "1.00:00", "UTC", false, "2026-05-11", "2026-05-11", "2026-05-12", "2026-05-11T08:30:00Z")]
    // Never more than a year and a day.
    [InlineData("2026-05-12T08:30:00Z", "1.00:00", "UTC", false, "2019-01-01", "2025-05-12", "2026-05-12", "2026-05-11T08:30:00Z")]
    public void Files_of_these_days_are_asked_for(string slot, string offset, string zone, bool inZone, string? covered, string first, string last, string from)
    {
        Assert.True(ZoneStretches.TryFind(zone, out var stretches));
        var window = FileWindow.For(Instant(slot), TimeSpan.Parse(offset, CultureInfo.InvariantCulture), stretches, inZone ? stretches : ZoneStretches.Utc,
            covered is null ? null : DateOnly.Parse(covered, CultureInfo.InvariantCulture));
        Assert.Equal((first, last), (Day(window.FirstDay), Day(window.LastDay)));
        Assert.Equal((Instant(from), Instant(slot)), (window.AcceptFrom, window.AcceptThrough));
    }

    [Theory]
    [InlineData("2026-05-02", "2026-05-02", "1.00:00", "UTC", "2026-05-01", "2026-05-01T00:00:00Z", "2026-05-02T23:59:59.999999Z")]
    [InlineData("2026-05-02", "2026-05-02", "00:00", "UTC", "2026-05-02", "2026-05-02T00:00:00Z", "2026-05-02T23:59:59.999999Z")]
    [InlineData("2026-04-20", "2026-05-02", "1.00:00", "UTC", "2026-04-20", "2026-05-01T00:00:00Z", "2026-05-02T23:59:59.999999Z")]
    // A day of 23 hours.
    [InlineData("2026-03-29", "2026-03-29", "1.00:00", "Europe/Berlin", "2026-03-28", "2026-03-27T23:00:00Z", "2026-03-29T21:59:59.999999Z")]
    public void A_run_by_hand_reaches_back_from_the_start_of_its_last_day(string first, string last, string offset, string zone, string firstDay, string from, string through)
    {
        Assert.True(ZoneStretches.TryFind(zone, out var stretches));
        var window = FileWindow.OfDays(DateOnly.Parse(first, CultureInfo.InvariantCulture), DateOnly.Parse(last, CultureInfo.InvariantCulture), TimeSpan.Parse(offset, CultureInfo.InvariantCulture), stretches);
        Assert.Equal((firstDay, last), (Day(window.FirstDay), Day(window.LastDay)));
        Assert.Equal((Instant(from), Instant(through)), (window.AcceptFrom, window.AcceptThrough));
    }

    private static DateTimeOffset Instant(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
