using Microsoft.Extensions.Options;
using Platform.Couriers.Runs;
using Platform.Files.Locations.Folder;

namespace Platform.Couriers.Landing;

/// <summary>The landing store: where pulled files are kept. Paths are made of our own ids, never of names from outside.</summary>
internal sealed class LandingStore(IOptions<LandingOptions> options) : IDisposable
{
    private const int MaxExtension = 16;

    public FolderLocation Files { get; } = new(options.Value.Root);

    /// <summary>The path of a new file; the extension is kept for people who look into the folder.</summary>
    public static string PathFor(string courierId, string runId, string fileId, string fileName)
    {
        var extension = Path.GetExtension(fileName);
        var keep = extension.Length is > 1 and <= MaxExtension && extension.AsSpan(1).IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") < 0;
        return $"{courierId}/{runId}/{fileId}{(keep ? extension : "")}";
    }

    public void Dispose() => Files.Dispose();
}
