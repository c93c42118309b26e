namespace Platform.Files.Engine;

/// <summary>Limits of the reading engine; configuration section <c>Engine</c>.</summary>
public sealed record EngineOptions
{
    /// <summary>Folder below which each child has a private folder for what does not fit into memory; configured as <c>Scratch:Root</c>.</summary>
    public string ScratchRoot { get; init; } = Path.Combine(Path.GetTempPath(), "platform-engine");

    /// <summary>What a child may spill to disk, and what of a packed file it may unpack to disk.</summary>
    public int ScratchQuotaMegabytes { get; init; } = 4096;

    /// <summary>What one packed file may have when its packing is taken off, in megabytes; see <c>Encodings/README.md</c> for the other limits.</summary>
    public int DecodedLimitMegabytes { get; init; } = 102_400;

    /// <summary>
    /// DuckDB's own memory limit in a child. Reading takes what the file's pages need, for most files less than 100 MB whatever their size; very wide ones need several
    /// hundred.
    /// </summary>
    public int MemoryLimitMegabytes { get; init; } = 640;

    /// <summary>The kernel's limit on a child's private memory, for what DuckDB does not count itself.</summary>
    public int DataLimitMegabytes { get; init; } = 1536;

    /// <summary>The limit of a child's managed heap.</summary>
    public int ManagedHeapMegabytes { get; init; } = 64;

    /// <summary>Threads that decode in a child.</summary>
    public int Threads { get; init; } = 2;

    /// <summary>Files or loads that are copied at the same time; further ones wait. Each takes a child of 70 to 180 MB.</summary>
    public int ParallelCopies { get; init; } = 1;

    /// <summary>Files that are looked into at the same time, for a preview, a schema or a head; further ones wait. Each takes a child of about 70 MB.</summary>
    public int ParallelLooks { get; init; } = 1;

    /// <summary>How long a copy may take.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromHours(6);

    /// <summary>How long inference or a preview may take.</summary>
    public TimeSpan PreviewTimeLimit { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The assembly that is started as the child with the argument <c>engine</c>; its first line calls <see cref="EngineHost.RunIfChildAsync"/>.
    /// By default the application's own.
    /// </summary>
    public string? ChildAssembly { get; init; }
}
