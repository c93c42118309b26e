namespace Platform.Feeds;

/// <summary>Settings of this service; section <c>Loading</c>.</summary>
internal sealed class FeedsOptions
{
    /// <summary>Loads that run at the same time in this process, 1 to 16; of one feed never more than one anywhere.</summary>
    public int Parallel { get; set; } = 2;

    /// <summary>How often a load is tried when the environment fails.</summary>
    public int MaxFailures { get; set; } = 5;

    /// <summary>How often a load is started at all: more means that it takes the process down with it.</summary>
    public int MaxAttempts { get; set; } = 20;

    /// <summary>Rejected values kept per load; counts are never capped.</summary>
    public int MaxRejectsKept { get; set; } = 10_000;

    /// <summary>Memory of a loader's database session for one sort or hash, in MB.</summary>
    public int WorkMemMegabytes { get; set; } = 256;

    /// <summary>Memory of a loader's database session for building an index, in MB.</summary>
    public int MaintenanceWorkMemMegabytes { get; set; } = 512;

    /// <summary>How long a swap waits for readers of the table before the attempt counts as failed.</summary>
    public TimeSpan SwapPatience { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a partition that a swap replaced is kept.</summary>
    public TimeSpan ReplacedKept { get; set; } = TimeSpan.FromDays(3);

    /// <summary>How often leftovers of dead attempts are looked for.</summary>
    public TimeSpan SweepEvery { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a load's row stays with a worker that fell silent.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Reads and checks the settings; a wrong one stops the start and is named.</summary>
    public static FeedsOptions Read(IConfiguration configuration)
    {
        var options = configuration.GetSection("Loading").Get<FeedsOptions>() ?? new();
        return options.Parallel is >= 1 and <= 16
            ? options
            : throw new InvalidOperationException($"The setting Loading:Parallel is {options.Parallel}. It must be 1 to 16.");
    }
}
