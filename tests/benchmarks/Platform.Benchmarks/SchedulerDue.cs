using System.Globalization;
using Platform.Testing;

namespace Platform.Benchmarks;

/// <summary><c>scheduler-due</c>: 10,000 groups due in the same minute. Measured from their slot until the last command to start a courier has arrived over the broker, its run recorded before.</summary>
internal static class SchedulerDue
{
    private const double GoalSeconds = 10;

    public static async Task<Result> RunAsync(string[] options)
    {
        var groups = options is ["--groups", var text] ? int.Parse(text, CultureInfo.InvariantCulture) : 10_000;
        await using var scheduler = new OneScheduler();
        await scheduler.StartAsync();

        // At least twenty seconds ahead, so that the service has settled.
        var now = TimeProvider.System.GetUtcNow().AddSeconds(20);
        var slot = new DateTimeOffset(now.Year, now.Month, now.Day, now.Hour, now.Minute, 0, TimeSpan.Zero).AddMinutes(1);
        await scheduler.AddGroupsAsync(groups, slot);
        var before = scheduler.ProcessorSeconds();
        Console.WriteLine($"{groups:N0} groups are due at {slot:HH:mm:ss} UTC ...");
        await Until.True(() => scheduler.Commands >= groups, TimeSpan.FromMinutes(6), what: $"{groups} commands have arrived");

        var processor = scheduler.ProcessorSeconds() - before;
        var started = await scheduler.ScalarAsync<DateTime>("select max(started_at) from group_runs");
        var runs = await scheduler.ScalarAsync<long>("select count(*) from group_runs where state = 'Running'");
        if (runs != groups || scheduler.Commands != groups)
        {
            throw new InvalidOperationException($"{groups} runs were to start once each: {runs} run, {scheduler.Commands} commands arrived.");
        }

        return new()
        {
            Benchmark = "scheduler-due",
            Measured = $"{groups:N0} groups due in the same minute, from the slot to the last command received",
            Yardstick = "the time allowed",
            MeasuredSeconds = (scheduler.LastCommandAt - slot).TotalSeconds,
            YardstickSeconds = GoalSeconds,
            Goal = 1,
            Details = new Dictionary<string, object> { ["lastRunRecordedAfterSeconds"] = Math.Round((started - slot.UtcDateTime).TotalSeconds, 2), ["processorSecondsOfTheScheduler"] = Math.Round(processor, 2), ["groups"] = groups },
        };
    }
}
