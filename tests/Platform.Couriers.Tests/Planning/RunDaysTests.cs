using Platform.Contracts.Couriers;
using Platform.Couriers.Planning;
using Platform.Couriers.Runs;
using Xunit;

namespace Platform.Couriers.Tests.Planning;

public sealed class RunDaysTests
{
    private static readonly DateOnly Day = new(2024, 5, 2);

    [Fact]
    public void The_window_adds_its_days_to_those_of_the_run()
    {
        var days = new RunDays(Run("2024-05-01T08:30Z", "2024-05-02T08:30Z"));

        Assert.Equal([Day.AddDays(-1), Day], days.InOrder);
        Assert.True(days.InWindow(Day.AddDays(-1)));
        Assert.False(days.InWindow(Day.AddDays(1)));
        Assert.False(days.Covers(Day.AddDays(-2)));
    }

    [Fact]
    public void Dates_are_those_of_their_zone()
    {
        // 23:30 of 1 May in New York is 03:30 of 2 May in UTC.
        var days = new RunDays(Run("2024-05-01T03:30Z", "2024-05-02T03:30Z", "America/New_York", new(2024, 5, 1)));

        Assert.Equal([new(2024, 4, 30), new DateOnly(2024, 5, 1)], days.InOrder);
    }

    [Theory]
    [InlineData(1, 8, false)]
    [InlineData(1, 9, true)]
    [InlineData(2, 8, true)]
    [InlineData(2, 9, false)]
    public void Hours_are_held_against_the_window(int day, int hour, bool accepted) =>
        Assert.Equal(accepted, new RunDays(Run("2024-05-01T08:30Z", "2024-05-02T08:30Z")).Accepts(new(2024, 5, day), hour));

    private static CourierRun Run(string from, string through, string? zone = null, DateOnly? day = null) => new()
    {
        Id = "run-x",
        CourierId = "cr-x",
        CourierName = "x",
        Mode = RunMode.Day,
        Date = day ?? Day,
        AcceptFrom = DateTimeOffset.Parse(from, System.Globalization.CultureInfo.InvariantCulture),
        AcceptThrough = DateTimeOffset.Parse(through, System.Globalization.CultureInfo.InvariantCulture),
        FileTimeZone = zone,
        RequestedBy = "test",
        RequestedAt = default,
    };
}
