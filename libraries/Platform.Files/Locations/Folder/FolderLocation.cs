using System.Globalization;
using System.Runtime.CompilerServices;

namespace Platform.Files.Locations.Folder;

/// <summary>
/// A folder on disk, for example the landing store. A file is written under a temporary name in <c>.incoming</c>, flushed to the disk, renamed, and its folder flushed:
/// what is seen under its name is whole and survives a power cut. No path leaves the root.
/// </summary>
public sealed class FolderLocation : IFileLocation
{
    private const string Incoming = ".incoming";
    private const int NoSpaceLeft = 28; // ENOSPC
    private const int QuotaExceeded = 122; // EDQUOT

    /// <summary>From here on it is cheaper to flush the whole disk once than each file.</summary>
    private const int ManyFiles = 5;

    private readonly string _root;
    private readonly string _incoming;

    /// <summary>Uses <paramref name="root"/>, an absolute path, and makes it when it does not exist.</summary>
    public FolderLocation(string root)
    {
        if (!Path.IsPathFullyQualified(root))
        {
            throw new ArgumentException($"The folder '{root}' is not an absolute path.", nameof(root));
        }

        _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        _incoming = Path.Combine(_root, Incoming);
        Directory.CreateDirectory(_incoming);
    }

    /// <inheritdoc/>
    public string Describe(string path) => Path.Combine(_root, path);

    /// <summary>True when the file stands there whole with this size.</summary>
    public bool Holds(string path, long size)
    {
        var file = new FileInfo(FullPath(path));
        return file.Exists && file.Length == size;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<FileEntry> ListAsync(string prefix, ListDepth depth, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        var slash = prefix.LastIndexOf('/');
        var folder = slash < 0 ? "" : prefix[..(slash + 1)];
        var full = folder.Length == 0 ? _root : FullPath(folder.TrimEnd('/'));
        foreach (var entry in List(new(full), folder, prefix, depth))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return entry;
        }
    }

    /// <inheritdoc/>
    public Task<Stream> OpenReadAsync(string path, ReadRange range, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        FileStream stream;
        try
        {
            stream = new(FullPath(path), new FileStreamOptions { Options = FileOptions.Asynchronous | FileOptions.SequentialScan, BufferSize = 0, Share = FileShare.ReadWrite | FileShare.Delete });
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new LocationException(LocationFault.FileMissing, $"{Describe(path)} does not exist.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new LocationException(LocationFault.AccessDenied, $"{Describe(path)} may not be read by the platform's user.", e);
        }

        if (range.ETag is { } expected && ETag(new(stream.Name)) != expected)
        {
            stream.Dispose();
            throw new LocationException(LocationFault.FileChanged, $"{Describe(path)} is no longer the file that was listed; it was replaced meanwhile.");
        }

        stream.Position = range.Offset;
        return Task.FromResult<Stream>(range.Length is { } length ? new BoundedStream(stream, length) : stream);
    }

    /// <inheritdoc/>
    public Task<WrittenFile> WriteAsync(string path, Stream content, CancellationToken cancellationToken) => WriteAsync(path, content, flush: true, cancellationToken);

    /// <summary>As <see cref="WriteAsync(string, Stream, CancellationToken)"/>, but the file survives a power cut only after <see cref="Flush"/>: many files are flushed together for the price of one.</summary>
    public Task<WrittenFile> WriteUnflushedAsync(string path, Stream content, CancellationToken cancellationToken) => WriteAsync(path, content, flush: false, cancellationToken);

    /// <summary>Makes files that were written by <see cref="WriteUnflushedAsync"/> survive a power cut.</summary>
    /// <exception cref="LocationException">The disk took the bytes, and could not keep them.</exception>
    public void Flush(IReadOnlyCollection<string> paths)
    {
        try
        {
            if (paths.Count >= ManyFiles && DirectorySync.TryFlushAll(_root))
            {
                return;
            }

            foreach (var full in paths.Select(FullPath).Distinct(StringComparer.Ordinal))
            {
                using var file = File.OpenHandle(full, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
                RandomAccess.FlushToDisk(file);
            }

            foreach (var folder in paths.Select(path => Path.GetDirectoryName(FullPath(path))!).Distinct(StringComparer.Ordinal))
            {
                DirectorySync.Flush(folder);
            }
        }
        catch (IOException e)
        {
            throw new LocationException(LocationFault.Unavailable, $"The disk of {_root} did not keep what was written: {e.Message}", e);
        }
    }

    private async Task<WrittenFile> WriteAsync(string path, Stream content, bool flush, CancellationToken cancellationToken)
    {
        var target = FullPath(path);
        var temporary = Path.Combine(_incoming, Guid.CreateVersion7().ToString("n"));
        try
        {
            WrittenFile written;
            await using (var file = new FileStream(temporary, NewFile()))
            {
                written = await HashedCopy.CopyAsync(content, file.WriteAsync, cancellationToken);
                file.Flush(flushToDisk: flush);
            }

            var folder = Path.GetDirectoryName(target)!;
            Directory.CreateDirectory(folder);
            File.Move(temporary, target, overwrite: true);
            if (flush)
            {
                DirectorySync.Flush(folder);
            }

            return written;
        }
        catch (IOException e) when ((e.HResult & 0xFFFF) is NoSpaceLeft or QuotaExceeded)
        {
            throw new LocationException(LocationFault.Full, $"The disk of {_root} is full; {path} could not be written. Free space there.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new LocationException(LocationFault.AccessDenied, $"{target} may not be written by the platform's user.", e);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            File.Delete(FullPath(path));
        }
        catch (DirectoryNotFoundException)
        {
            // Not there is what was asked for.
        }

        return Task.CompletedTask;
    }

    /// <summary>Removes what writes that were killed have left, if it is older than <paramref name="before"/>. Returns how many files.</summary>
    public int SweepIncoming(DateTimeOffset before)
    {
        var swept = 0;
        foreach (var file in new DirectoryInfo(_incoming).EnumerateFiles())
        {
            if (file.LastWriteTimeUtc < before.UtcDateTime)
            {
                file.Delete();
                swept++;
            }
        }

        return swept;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    // Landed files hold people's data: nobody but the platform's user and group reads them.
    private static FileStreamOptions NewFile()
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
        }

        return options;
    }

    private static string ETag(FileInfo file) => string.Create(CultureInfo.InvariantCulture, $"{file.LastWriteTimeUtc.Ticks:x}-{file.Length:x}");

    private static IEnumerable<FileEntry> List(DirectoryInfo folder, string path, string prefix, ListDepth depth)
    {
        FileSystemInfo[] entries;
        try
        {
            entries = [.. folder.EnumerateFileSystemInfos("*", new EnumerationOptions { AttributesToSkip = FileAttributes.ReparsePoint })];
        }
        catch (DirectoryNotFoundException)
        {
            yield break;
        }

        // The order of S3: whole keys compared, so that "a.b" comes before "a/b".
        foreach (var (entry, name) in entries.Select(entry => (entry, Name: path + entry.Name + (entry is DirectoryInfo ? "/" : ""))).OrderBy(pair => pair.Name, StringComparer.Ordinal))
        {
            if (entry is FileInfo file)
            {
                if (name.StartsWith(prefix, StringComparison.Ordinal))
                {
                    yield return new(name, file.Length, ETag(file), file.LastWriteTimeUtc);
                }
            }
            else if (name != Incoming + "/" && (name.StartsWith(prefix, StringComparison.Ordinal) || prefix.StartsWith(name, StringComparison.Ordinal)))
            {
                if (depth == ListDepth.Level && name.Length > prefix.Length)
                {
                    yield return new(name, 0, null, null) { IsFolder = true };
                    continue;
                }

                foreach (var below in List((DirectoryInfo)entry, name, prefix, depth))
                {
                    yield return below;
                }
            }
        }
    }

    internal string FullPath(string path) => FullPath(_root, path);

    internal static string FullPath(string root, string path)
    {
        var safe = path.Length > 0 && !path.Contains('\\') && !path.Contains('\0') && path.Split('/').All(segment => segment is not ("" or "." or ".." or Incoming));
        return safe
            ? Path.Combine(root, path)
            : throw new LocationException(LocationFault.AccessDenied, $"'{path}' is no path inside {root}: it must be relative, without empty, '.' or '..' segments.");
    }
}
