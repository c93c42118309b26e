namespace Platform.Files.Locations.Landing;

/// <summary>A landed file on this machine's disk, for as long as it is read.</summary>
public sealed class LandedCopy : IDisposable
{
    private readonly IDisposable? _folder;

    internal LandedCopy(string path, long size, IDisposable? folder = null)
    {
        Path = path;
        Size = size;
        _folder = folder;
    }

    /// <summary>Its absolute path.</summary>
    public string Path { get; }

    /// <summary>Bytes it has; other than when it landed, it is not the same file.</summary>
    public long Size { get; }

    /// <summary>Removes the file, if it is a copy.</summary>
    public void Dispose() => _folder?.Dispose();
}
