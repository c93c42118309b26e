using Platform.Files.Locations.Folder;

namespace Platform.Files.Locations.Landing;

/// <summary>Landed files in a folder, which every instance of couriers and feeds has mounted. They are read where they lie.</summary>
internal sealed class LandingFolder(string root, TimeProvider clock) : LandingPlace
{
    private static readonly TimeSpan LongestWrite = TimeSpan.FromHours(6);

    // Opening it makes what writing needs; who only reads may have it mounted read-only.
    private readonly Lazy<FolderLocation> _files = new(() => new(root));

    public override IFileLocation Files => _files.Value;

    public override Task<WrittenFile> WriteUnflushedAsync(string path, Stream content, long expected, CancellationToken cancellationToken) =>
        _files.Value.WriteUnflushedAsync(path, content, cancellationToken);

    public override void Flush(IReadOnlyCollection<string> paths) => _files.Value.Flush(paths);

    public override Task<IReadOnlySet<string>> HeldAsync(IReadOnlyCollection<(string Path, long Size)> files, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlySet<string>>(files.Where(file => _files.Value.Holds(file.Path, file.Size)).Select(file => file.Path).ToHashSet(StringComparer.Ordinal));

    public override Task<LandedCopy?> FetchAsync(string path, CancellationToken cancellationToken)
    {
        var found = new FileInfo(FolderLocation.FullPath(root, path));
        return Task.FromResult(found.Exists ? new LandedCopy(found.FullName, found.Length) : null);
    }

    public override Task<int> SweepAsync(CancellationToken cancellationToken) => Task.FromResult(_files.Value.SweepIncoming(clock.GetUtcNow() - LongestWrite));

    protected override void Dispose(bool disposing)
    {
        if (_files.IsValueCreated)
        {
            base.Dispose(disposing);
        }
    }
}
