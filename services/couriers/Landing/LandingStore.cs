using Platform.Files.Locations;
using Platform.Files.Locations.Landing;

namespace Platform.Couriers.Landing;

/// <summary>The landing store: where pulled files are kept. Paths are made of our own ids, never of names from outside.</summary>
internal sealed class LandingStore(LandingPlace place)
{
    private const int MaxExtension = 16;

    public IFileLocation Files => place.Files;

    /// <summary>The path of a new file; the extension is kept for people who look into the folder.</summary>
    public static string PathFor(string courierId, string runId, string fileId, string fileName)
    {
        var extension = Path.GetExtension(fileName);
        var keep = extension.Length is > 1 and <= MaxExtension && extension.AsSpan(1).IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") < 0;
        return $"{courierId}/{runId}/{fileId}{(keep ? extension : "")}";
    }

    /// <summary>The paths of those files that are kept whole.</summary>
    public Task<IReadOnlySet<string>> HeldAsync(IReadOnlyCollection<(string Path, long Size)> files, CancellationToken cancellationToken) => place.HeldAsync(files, cancellationToken);

    /// <summary>The file on this machine's disk; null when it is not kept as it landed.</summary>
    public async Task<LandedCopy?> FetchAsync(string path, long size, CancellationToken cancellationToken)
    {
        var copy = await place.FetchAsync(path, cancellationToken);
        if (copy?.Size == size)
        {
            return copy;
        }

        copy?.Dispose();
        return null;
    }

    /// <summary>Writes a whole file that is sure to survive a power cut only after <see cref="Flush"/>; <paramref name="expected"/> is how many bytes it was listed with.</summary>
    public Task<WrittenFile> WriteUnflushedAsync(string path, Stream content, long expected, CancellationToken cancellationToken) => place.WriteUnflushedAsync(path, content, expected, cancellationToken);

    /// <summary>Makes written files survive a power cut.</summary>
    public void Flush(IReadOnlyCollection<string> paths) => place.Flush(paths);

    /// <summary>Removes what killed processes have left; returns how many writes.</summary>
    public Task<int> SweepAsync(CancellationToken cancellationToken) => place.SweepAsync(cancellationToken);
}
