using System.Globalization;
using Platform.Contracts.Scheduler;
using Platform.Scheduler.Tests.Kit;
using Xunit;

namespace Platform.Scheduler.Tests.Schedules;

/// <summary>Other services' schedules, over the bus; one test after another, for they share a clock.</summary>
public sealed class RegisteredSchedulesTests(SchedulerApp app) : IClassFixture<SchedulerApp>
{
    private readonly string _id = $"s{Guid.CreateVersion7():n}";

    [Fact]
    public async Task Every_ten_minutes_comes_by_cron()
    {
        await RegisterAsync("2026-05-01T08:05:00Z", new() { ScheduleId = _id, Owner = "campaigns", Cron = "*/10 * * * *", Reference = "connection-7" });
        await DueAtAsync("2026-05-01T08:10:01Z", 1);
        await DueAtAsync("2026-05-01T08:20:01Z", 2);
        Assert.Equal(["2026-05-01T08:10:00", "2026-05-01T08:20:00"], Slots());
        Assert.All(Due(), due => Assert.Equal(("campaigns", "connection-7", GroupRunTrigger.Schedule), (due.Owner, due.Reference, due.Trigger)));
    }

    [Fact]
    public async Task Daily_at_a_time_of_day_starts_at_once_and_goes_on_at_that_local_time()
    {
        await RegisterAsync("2026-10-23T10:00:00Z", new() { ScheduleId = _id, Owner = "couriers", Frequency = ScheduleFrequency.Daily, TimeOfDay = new(7, 0), TimeZone = "Europe/Berlin" });
        await DueAtAsync("2026-10-23T10:00:01Z", 1);
        await DueAtAsync("2026-10-24T05:00:01Z", 2);
        await DueAtAsync("2026-10-25T06:00:01Z", 3);
        Assert.Equal(["2026-10-24T05:00:00", "2026-10-25T06:00:00"], Slots().Skip(1));
    }

    [Fact]
    public async Task Monthly_keeps_the_day_of_the_first_run_or_takes_the_months_last()
    {
        await RegisterAsync("2027-01-31T10:00:00Z", new() { ScheduleId = _id, Owner = "couriers", Frequency = ScheduleFrequency.Monthly, TimeOfDay = new(7, 0) });
        await DueAtAsync("2027-01-31T10:00:01Z", 1);
        await DueAtAsync("2027-02-28T07:00:01Z", 2);
        await DueAtAsync("2027-03-31T07:00:01Z", 3);
        Assert.Equal(["2027-02-28T07:00:00", "2027-03-31T07:00:00"], Slots().Skip(1));
    }

    [Fact]
    public async Task Without_a_time_of_day_the_next_run_follows_the_end_of_the_last()
    {
        await RegisterAsync("2026-06-01T10:00:00Z", new() { ScheduleId = _id, Owner = "couriers", Frequency = ScheduleFrequency.Hourly });
        await DueAtAsync("2026-06-01T10:00:01Z", 1);
        await app.Couriers.PublishAsync(new ScheduledWorkEnded { ScheduleId = _id, Owner = "couriers", Slot = Due()[0].Slot, EndedAt = Instant("2026-06-01T10:40:00Z") });
        await NothingAtAsync("2026-06-01T11:39:00Z");
        await DueAtAsync("2026-06-01T11:40:01Z", 2);
        Assert.Equal("2026-06-01T11:40:00", Slots()[1]);

        // Nobody tells of an end: the work is taken to have ended after a day.
        await NothingAtAsync("2026-06-02T12:30:00Z");
        await DueAtAsync("2026-06-02T12:45:00Z", 3);
    }

    [Fact]
    public async Task Times_missed_are_made_up_for_once()
    {
        await RegisterAsync("2026-07-01T08:00:00Z", new() { ScheduleId = _id, Owner = "campaigns", Cron = "0 * * * *" });
        await DueAtAsync("2026-07-01T14:30:00Z", 1);
        Assert.Equal((GroupRunTrigger.CatchUp, 5), (Due()[0].Trigger, Due()[0].Missed));
    }

    [Fact]
    public async Task Registering_the_same_again_changes_nothing_and_removing_ends_it()
    {
        var schedule = new RegisterSchedule { ScheduleId = _id, Owner = "campaigns", Cron = "0 * * * *" };
        await RegisterAsync("2026-08-01T08:00:00Z", schedule);
        app.Clock.Set(Instant("2026-08-01T08:30:00Z"));
        await app.Couriers.PublishAsync(schedule);
        await DueAtAsync("2026-08-01T09:00:01Z", 1);
        await app.Couriers.PublishAsync(new RemoveSchedule { ScheduleId = _id, Owner = "campaigns" });
        await Wait.Until(async () => await app.CountAsync($"select count(*)::int as \"Value\" from registered_schedules where schedule_id = {_id}") == 0);
        await NothingAtAsync("2026-08-01T10:00:01Z");
    }

    [Fact]
    public async Task What_cannot_be_a_schedule_is_refused_with_every_problem()
    {
        await app.Couriers.PublishAsync(new RegisterSchedule { ScheduleId = _id, Owner = "campaigns", Cron = "0 0 31 2 *", TimeZone = "Mars/Olympus", TimeOfDay = new(7, 0) });
        await Wait.Until(() => app.Couriers.Refused.Any(refused => refused.ScheduleId == _id));
        Assert.Equal(3, app.Couriers.Refused.Single(refused => refused.ScheduleId == _id).Problems.Count);
    }

    private async Task RegisterAsync(string now, RegisterSchedule schedule)
    {
        app.Clock.Set(Instant(now));
        await app.Couriers.PublishAsync(schedule);
        await Wait.Until(async () => await app.CountAsync($"select count(*)::int as \"Value\" from registered_schedules where schedule_id = {_id}") == 1);
    }

    private async Task DueAtAsync(string now, int count)
    {
        app.Clock.Set(Instant(now));
        await Wait.Until(() => Due().Count >= count, $"{count} due messages at {now}");
        Assert.Equal(count, Due().Count);
    }

    // A second schedule that is due at once proves that the scheduler looked.
    private async Task NothingAtAsync(string now)
    {
        var before = Due().Count;
        var marker = $"marker-{Guid.CreateVersion7():n}";
        app.Clock.Set(Instant(now));
        await app.Couriers.PublishAsync(new RegisterSchedule { ScheduleId = marker, Owner = "campaigns", Frequency = ScheduleFrequency.Monthly });
        await Wait.Until(() => app.Couriers.Due.Any(due => due.ScheduleId == marker));
        Assert.Equal(before, Due().Count);
    }

    private List<ScheduleDue> Due() => [.. app.Couriers.Due.Where(due => due.ScheduleId == _id).OrderBy(due => due.Slot)];

    private List<string> Slots() => Due().ConvertAll(due => due.Slot.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture));

    private static DateTimeOffset Instant(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
