using System.Diagnostics.Metrics;
using Platform.Feeds.Persistence;
using Platform.ServiceDefaults;

namespace Platform.Feeds.Loading;

/// <summary>The counters of every load, by fate; label values are bounded.</summary>
internal static class LoadMetrics
{
    private static readonly Counter<long> Loads = Telemetry.Meter.CreateCounter<long>("platform.feeds.loads", "{load}", "Loads that ended");
    private static readonly Counter<long> Rows = Telemetry.Meter.CreateCounter<long>("platform.feeds.rows", "{row}", "Rows read, by what became of them");
    private static readonly Counter<long> Files = Telemetry.Meter.CreateCounter<long>("platform.feeds.files", "{file}", "Files loaded");

    public static void Ended(Load load)
    {
        Loads.Add(1, new("state", load.State.ToString().ToLowerInvariant()), new("strategy", load.Strategy ?? "none"), new("failure", load.Failure?.ToString().ToLowerInvariant() ?? "none"));
        if (load.State != LoadState.Loaded)
        {
            return;
        }

        Files.Add(load.Files);
        Rows.Add(load.Inserted, new KeyValuePair<string, object?>("fate", "inserted"));
        Rows.Add(load.Updated, new KeyValuePair<string, object?>("fate", "updated"));
        Rows.Add(load.Unchanged, new KeyValuePair<string, object?>("fate", "unchanged"));
        Rows.Add(load.Superseded, new KeyValuePair<string, object?>("fate", "superseded"));
        Rows.Add(load.Rejected, new KeyValuePair<string, object?>("fate", "rejected"));
    }
}
