using System.Globalization;

namespace Platform.Benchmarks;

/// <summary><c>scheduler-idle</c>: processor time of a scheduler with groups of which none is due, as a share of one core.</summary>
internal static class SchedulerIdle
{
    private const int Groups = 1_000;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(20);

    public static async Task<Result> RunAsync(string[] options)
    {
        var seconds = options is ["--seconds", var text] ? int.Parse(text, CultureInfo.InvariantCulture) : 120;
        await using var scheduler = new OneScheduler();
        await scheduler.StartAsync();
        await scheduler.AddGroupsAsync(Groups, TimeProvider.System.GetUtcNow().AddHours(12));
        await Task.Delay(Settling);

        var began = TimeProvider.System.GetTimestamp();
        var before = scheduler.ProcessorSeconds();
        Console.WriteLine($"Watching an idle scheduler for {seconds} s ...");
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        var used = scheduler.ProcessorSeconds() - before;
        return new()
        {
            Benchmark = "scheduler-idle",
            Measured = $"processor time of an idle scheduler with {Groups:N0} groups",
            Yardstick = "wall time",
            MeasuredSeconds = used,
            YardstickSeconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds,
            Goal = 0.01,
            Details = new Dictionary<string, object> { ["groups"] = Groups },
        };
    }
}
