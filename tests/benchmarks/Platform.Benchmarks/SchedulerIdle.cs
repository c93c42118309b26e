using System.Globalization;

namespace Platform.Benchmarks;

/// <summary><c>scheduler-idle</c>: processor time of a scheduler with groups of which none is due, as a share of one core.</summary>
internal static class SchedulerIdle
{
    private const int Groups = 1_000;
    private const double TicksPerSecond = 100;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(20);

    public static async Task<Result> RunAsync(string[] options)
    {
        var seconds = options is ["--seconds", var text] ? int.Parse(text, CultureInfo.InvariantCulture) : 120;
        await using var scheduler = new OneScheduler();
        await scheduler.StartAsync();
        await scheduler.AddGroupsAsync(Groups, TimeProvider.System.GetUtcNow().AddHours(12));
        await Task.Delay(Settling);

        var began = TimeProvider.System.GetTimestamp();
        var before = ProcessorSeconds(scheduler.Process.Id!.Value);
        Console.WriteLine($"Watching an idle scheduler for {seconds} s ...");
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        var used = ProcessorSeconds(scheduler.Process.Id!.Value) - before;
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

    // Fields 14 and 15 of /proc/PID/stat, counted after the program's name, which may hold spaces.
    private static double ProcessorSeconds(int process)
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }
}
