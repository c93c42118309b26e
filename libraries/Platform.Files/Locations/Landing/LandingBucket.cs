using System.Collections.Concurrent;
using Platform.Files.Engine;
using Platform.Files.Locations.Folder;
using Platform.Files.Locations.S3;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Files.Locations.Landing;

/// <summary>
/// Landed files in a bucket: the instances of couriers and feeds share no disk. An object is seen when its last part is there, and durable then. To be read it is copied to the scratch folder, and the copy removed after.
/// </summary>
internal sealed class LandingBucket : LandingPlace
{
    private const int ListingsAtATime = 8;
    private const long LargeFile = 64L * 1024 * 1024;
    private const int BlocksPerFile = 4;

    /// <summary>Blocks in memory for all copies that are made at the same time: 32 MB.</summary>
    private const int BlocksAtATime = 4;

    /// <summary>Files that are written in parts at a time: 64 MB, while they are smaller than 78 GiB.</summary>
    private const int UploadsAtATime = 8;

    private static readonly TimeSpan LongestWrite = TimeSpan.FromDays(2);
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(30);

    private readonly S3Connections _connections;
    private readonly S3Location _files;
    private readonly ScratchFolders _scratch;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _blocks = new(BlocksAtATime);
    private readonly SemaphoreSlim _uploads = new(UploadsAtATime);

    public LandingBucket(LandingBucketOptions options, ScratchFolders scratch, TimeProvider clock)
    {
        // The operator's own address, not a user's: it may be a private one.
        _connections = new(new AddressGuard(new() { AllowPrivateHosts = true }));
        _files = _connections.Open(options.ToOptions(), clock);
        _scratch = scratch;
        _clock = clock;
    }

    public override IFileLocation Files => _files;

    // The place is taken before the content is read: a stream that has begun may hold memory that another one, with a place, waits for.
    public override async Task<WrittenFile> WriteUnflushedAsync(string path, Stream content, long expected, CancellationToken cancellationToken)
    {
        if (expected <= S3Upload.SmallSize)
        {
            return await _files.WriteAsync(path, content, expected, cancellationToken);
        }

        await _uploads.WaitAsync(cancellationToken);
        try
        {
            return await _files.WriteAsync(path, content, expected, cancellationToken);
        }
        finally
        {
            _uploads.Release();
        }
    }

    public override void Flush(IReadOnlyCollection<string> paths)
    {
        // The server keeps what it has confirmed.
    }

    public override async Task<IReadOnlySet<string>> HeldAsync(IReadOnlyCollection<(string Path, long Size)> files, CancellationToken cancellationToken)
    {
        // One listing per folder (a run's), never a request per file.
        var held = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        var limits = new ParallelOptions { MaxDegreeOfParallelism = ListingsAtATime, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(files.GroupBy(file => file.Path[..(file.Path.LastIndexOf('/') + 1)], StringComparer.Ordinal), limits, async (folder, token) =>
        {
            var sizes = folder.DistinctBy(file => file.Path).ToDictionary(file => file.Path, file => file.Size, StringComparer.Ordinal);
            await foreach (var entry in _files.ListAsync(sizes.Count == 1 ? sizes.Keys.Single() : folder.Key, ListDepth.Level, token))
            {
                if (sizes.TryGetValue(entry.Path, out var size) && entry.Size == size)
                {
                    held[entry.Path] = true;
                }
            }
        });
        return held.Keys.ToHashSet(StringComparer.Ordinal);
    }

    public override async Task<LandedCopy?> FetchAsync(string path, CancellationToken cancellationToken)
    {
        if (await FindAsync(path, cancellationToken) is not { } entry)
        {
            return null;
        }

        var folder = _scratch.Create();
        try
        {
            var name = path[(path.LastIndexOf('/') + 1)..];
            using var target = new FolderLocation(folder.Path);
            await using var body = Open(entry);
            var written = await target.WriteUnflushedAsync(name, body, cancellationToken);
            return new(target.FullPath(name), written.Size, folder);
        }
        catch (Exception e)
        {
            folder.Dispose();
            if (e is LocationException { Fault: LocationFault.FileMissing })
            {
                return null;
            }

            throw;
        }
    }

    public override Task<int> SweepAsync(CancellationToken cancellationToken) => _files.AbortUploadsAsync(_clock.GetUtcNow() - LongestWrite, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing)
        {
            _connections.Dispose();
            _blocks.Dispose();
            _uploads.Dispose();
        }
    }

    private async Task<FileEntry?> FindAsync(string path, CancellationToken cancellationToken)
    {
        await foreach (var entry in _files.ListAsync(path, ListDepth.Level, cancellationToken))
        {
            return entry.Path == path ? entry : null;
        }

        return null;
    }

    private Stream Open(FileEntry entry) => entry.Size > LargeFile
        ? new ParallelReadStream(_files, entry, _clock, Stall, BlocksPerFile, _blocks)
        : new ResumingStream(_files, entry, _clock, Stall);
}
