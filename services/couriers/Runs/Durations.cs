namespace Platform.Couriers.Runs;

/// <summary>Durations as the seeds write them: <c>5 minutes 12 seconds</c>.</summary>
internal static class Durations
{
    public static string InWords(TimeSpan duration)
    {
        var seconds = (long)Math.Max(0, Math.Round(duration.TotalSeconds));
        var parts = new List<string>(3);
        Add(parts, seconds / 3600, "hour");
        Add(parts, seconds / 60 % 60, "minute");
        Add(parts, seconds % 60, "second");
        return parts.Count == 0 ? "less than a second" : string.Join(' ', parts);
    }

    private static void Add(List<string> parts, long count, string unit)
    {
        if (count > 0)
        {
            parts.Add($"{count} {unit}{(count == 1 ? "" : "s")}");
        }
    }
}
