using System.Diagnostics;
using Platform.Feeds.Persistence;
using Platform.Feeds.Tables;
using Platform.Files.Engine;
using Platform.Postgres;

namespace Platform.Feeds.Loading;

/// <summary>One attempt at a load: what is loaded into what, by which lease, and what has become of it so far.</summary>
internal sealed class LoadAttempt(Load load, RowLease lease, LoadMonitor monitor, DateTimeOffset startedAt)
{
    private readonly Dictionary<string, double> _seconds = [];

    public Load Load { get; } = load;

    public RowLease Lease { get; } = lease;

    public LoadMonitor Monitor { get; } = monitor;

    public Feed Feed { get; set; } = null!;

    public DomainTable Table { get; set; } = null!;

    public IReadOnlyList<LoadFile> Files { get; set; } = [];

    /// <summary>What the engine counted; null until it has read everything.</summary>
    public CopySummary? Copied { get; set; }

    public List<RejectedRow> Rejected { get; } = [];

    /// <summary>The feed's query over the files, if it has one and there are any.</summary>
    public IngestQuery? IngestQuery => Table.Definition.IngestQuery is { } sql && Files.Count > 0 ? new(sql, [.. Files.Select(file => file.Tag)]) : null;

    /// <summary>How the files' columns differ from the feed's fields.</summary>
    public List<DriftNote> Drift { get; } = [];

    /// <summary>Name of this attempt's staging table or partition-to-be.</summary>
    public string PartName => Table.PartName(Load.LoadSeq, Lease.Attempt);

    /// <summary>Name of the staging table that takes the rows of a keyless feed before they have their identity.</summary>
    public string RawName => $"{PartName}{DomainTable.RawSuffix}";

    /// <summary>What the generated <c>_updated_at</c> of this load's rows is, as SQL.</summary>
    public string UpdatedAt { get; } = $"timestamptz '{startedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss.ffffff}+00'";

    public string Strategy { get; set; } = LoadStrategy.Merge;

    public string StrategyReason { get; set; } = "";

    public IReadOnlyDictionary<string, double> Seconds => _seconds;

    /// <summary>Runs a step and keeps its time under <paramref name="name"/> for the load history.</summary>
    public async Task<T> StepAsync<T>(string name, Func<Task<T>> step)
    {
        using var activity = ServiceDefaults.Telemetry.Source.StartActivity($"load {name}");
        var started = Stopwatch.GetTimestamp();
        try
        {
            return await step();
        }
        finally
        {
            Record(name, Stopwatch.GetElapsedTime(started));
        }
    }

    /// <summary>Keeps the time of a step that runs until the end, and so must be told before it is over.</summary>
    public void Record(string name, TimeSpan time) => _seconds[name] = Math.Round(time.TotalSeconds, 3);

    public Task StepAsync(string name, Func<Task> step) => StepAsync(name, async () =>
    {
        await step();
        return 0;
    });
}
