using System.Globalization;
using System.Runtime.CompilerServices;

namespace Platform.Files.Locations.Sftp;

/// <summary>
/// A directory of an SFTP account as a location. Two things differ from other places: a file is never replaced (<see cref="WriteAsync"/> refuses an existing
/// name), and the entity tag is made of size and time of change, which is all that version 3 tells.
/// </summary>
public sealed class SftpLocation(SftpClient client, string root) : IFileLocation
{
    private const string TemporarySuffix = ".part";

    private readonly string _root = root.Length == 0 ? "." : root.TrimEnd('/') is { Length: > 0 } trimmed ? trimmed : "/";

    /// <inheritdoc/>
    public string Describe(string path) => $"sftp:{Absolute(path)}";

    /// <inheritdoc/>
    public async IAsyncEnumerable<FileEntry> ListAsync(string prefix, ListDepth depth, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var folder = prefix[..(prefix.LastIndexOf('/') + 1)];
        if (folder.Length > 0 && await client.FindAsync(Absolute(folder), cancellationToken) is null)
        {
            yield break;
        }

        // A folder sorts as its name with the slash: so the paths of a whole listing come in ordinal order.
        var entries = (await client.ListAsync(Absolute(folder), cancellationToken))
            .Select(file => (Path: $"{folder}{file.Name}{(file.IsFolder ? "/" : "")}", File: file))
            .OrderBy(entry => entry.Path, StringComparer.Ordinal);
        foreach (var (path, file) in entries)
        {
            if (!path.StartsWith(prefix, StringComparison.Ordinal))
            {
                continue;
            }

            if (!file.IsFolder)
            {
                yield return new(path, file.Size, TagOf(file.Size, file.Modified), file.Modified);
            }
            else if (depth == ListDepth.Level)
            {
                yield return new(path, 0, null, null) { IsFolder = true };
            }
            else
            {
                await foreach (var below in ListAsync(path, depth, cancellationToken))
                {
                    yield return below;
                }
            }
        }
    }

    /// <inheritdoc/>
    public Task<Stream> OpenReadAsync(string path, ReadRange range, CancellationToken cancellationToken) =>
        client.OpenReadAsync(Absolute(path), range.Offset, range.Length, found =>
        {
            if (range.ETag is { } expected && TagOf(found.Size, found.Modified) != expected)
            {
                throw new LocationException(LocationFault.FileChanged, $"{Describe(path)} is no longer the file that was listed: its size or time of change is another.");
            }
        }, cancellationToken);

    /// <summary>Writes a whole file under a temporary name and renames it. Refuses a name that exists, where other locations replace.</summary>
    public async Task<WrittenFile> WriteAsync(string path, Stream content, CancellationToken cancellationToken)
    {
        var target = Absolute(path);
        var temporary = $"{target}{TemporarySuffix}";
        if (await client.FindAsync(target, cancellationToken) is not null)
        {
            throw SftpFaults.Exists(target);
        }

        try
        {
            var written = await client.UploadAsync(temporary, content, cancellationToken);
            await client.RenameAsync(temporary, target, cancellationToken);
            return written;
        }
        catch (Exception e) when (e is LocationException or OperationCanceledException)
        {
            await RemoveLeftOverAsync(temporary);
            throw;
        }
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string path, CancellationToken cancellationToken) => client.RemoveAsync(Absolute(path), cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => client.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private static string? TagOf(long size, DateTimeOffset? modified) =>
        modified is null ? null : string.Create(CultureInfo.InvariantCulture, $"{modified.Value.ToUnixTimeSeconds():x}-{size:x}");

    private async Task RemoveLeftOverAsync(string temporary)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        try
        {
            await client.RemoveAsync(temporary, limit.Token);
        }
        catch (Exception e) when (e is LocationException or OperationCanceledException)
        {
            // The server that failed the write fails this too: the name stays a temporary one, which receivers ignore.
        }
    }

    private string Absolute(string path)
    {
        if (path.Split('/').Contains("..") || path.Contains('\0'))
        {
            throw new LocationException(LocationFault.BadSettings, $"The path '{path}' leads out of its directory; '..' is not allowed.");
        }

        return path.Length == 0 ? _root : _root == "." ? path.TrimEnd('/') : $"{_root.TrimEnd('/')}/{path.TrimEnd('/')}";
    }
}
