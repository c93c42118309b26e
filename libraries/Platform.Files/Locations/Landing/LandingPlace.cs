using Platform.Files.Engine;

namespace Platform.Files.Locations.Landing;

/// <summary>The landing store (R8), a folder or a bucket, with the same promises: a file is seen when it is whole, and stays until it is removed.</summary>
public abstract class LandingPlace : IDisposable
{
    private protected LandingPlace()
    {
    }

    /// <summary>Writes, reads and removes landed files.</summary>
    public abstract IFileLocation Files { get; }

    /// <summary>Opens the store; nothing is connected to before the first use.</summary>
    public static LandingPlace Open(LandingPlaceOptions options, EngineOptions engine, TimeProvider clock) =>
        options.S3 is { IsGiven: true } bucket ? new LandingBucket(bucket, new(engine.ScratchRoot), clock) : new LandingFolder(options.Root, clock);

    /// <summary>
    /// Writes a whole file that is sure to survive a power cut only after <see cref="Flush"/>. <paramref name="expected"/> is how many bytes it is said to have; the content is first read when there is memory for it.
    /// </summary>
    public abstract Task<WrittenFile> WriteUnflushedAsync(string path, Stream content, long expected, CancellationToken cancellationToken);

    /// <summary>Makes files that were written by <see cref="WriteUnflushedAsync"/> survive a power cut.</summary>
    public abstract void Flush(IReadOnlyCollection<string> paths);

    /// <summary>The paths of those files that stand there whole, with their sizes.</summary>
    public abstract Task<IReadOnlySet<string>> HeldAsync(IReadOnlyCollection<(string Path, long Size)> files, CancellationToken cancellationToken);

    /// <summary>The file as one of this machine, for the reading child opens it back and forth; null when it is not there. It is there until the result is disposed of.</summary>
    public abstract Task<LandedCopy?> FetchAsync(string path, CancellationToken cancellationToken);

    /// <summary>Removes what writes that were killed have left. Returns how many.</summary>
    public abstract Task<int> SweepAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Lets go of the store's connections.</summary>
    protected virtual void Dispose(bool disposing) => Files.Dispose();
}
