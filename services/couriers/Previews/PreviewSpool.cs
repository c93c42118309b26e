using Platform.Contracts.Failures;
using Platform.Couriers.Runs;
using Platform.Files;
using Platform.Files.Locations;
using Platform.Files.Locations.Folder;

namespace Platform.Couriers.Previews;

/// <summary>A file, or as much of it as is needed, on this machine's disk for the time it is looked at.</summary>
internal sealed class SpooledFile(FolderLocation folder, string name, string contentType) : IDisposable
{
    public string Path => folder.Describe(name);

    public string ContentType => contentType;

    public void Dispose() => File.Delete(Path);
}

/// <summary>
/// Fetches files of sources for previews: of plain text the beginning, of what must be read whole (packed, encrypted, or with its index at the end) everything, up to a limit. Leaves nothing behind; what killed
/// processes left is swept at start.
/// </summary>
internal sealed class PreviewSpool : IDisposable
{
    private const int HeadBytes = 64 * 1024;
    private const int TextBytes = 4 * 1024 * 1024;
    private const long LargestWhole = 500L * 1024 * 1024;

    private static readonly TimeSpan LongestPreview = TimeSpan.FromHours(1);

    private readonly FolderLocation _folder;
    private readonly TimeSpan _stallAfter;

    public PreviewSpool(string root, TimeSpan stallAfter, TimeProvider clock)
    {
        _folder = new(root);
        _stallAfter = stallAfter;
        var lastNeeded = clock.GetUtcNow() - LongestPreview;
        foreach (var left in new DirectoryInfo(root).EnumerateFiles().Where(file => file.LastWriteTimeUtc < lastNeeded.UtcDateTime))
        {
            left.Delete();
        }

        _folder.SweepIncoming(lastNeeded);
    }

    public async Task<SpooledFile> FetchAsync(IFileLocation source, FileEntry entry, string? contentType, PreviewView view, TimeProvider clock, CancellationToken cancellationToken)
    {
        var head = await ReadHeadAsync(source, entry, cancellationToken);
        var type = contentType ?? FileKinds.Guess(entry.Path, head);
        var name = Guid.CreateVersion7().ToString("n");
        if (view == PreviewView.Raw && !FilesLibrary.IsPacked(head))
        {
            await _folder.WriteAsync(name, new MemoryStream(head, writable: false), cancellationToken);
        }
        else if (entry.Size > TextBytes && FileKinds.IsPlainText(type, head))
        {
            await WriteTextAsync(source, entry, name, cancellationToken);
        }
        else if (entry.Size > LargestWhole)
        {
            throw new RunFailureException(FailureCategory.Configuration,
                $"{source.Describe(entry.Path)} has {entry.Size:N0} bytes and must be read whole to be shown; {LargestWhole:N0} is the limit. View it raw, or land it with a run and preview the landed file.");
        }
        else
        {
            await using var body = new ResumingStream(source, entry, clock, _stallAfter);
            await _folder.WriteAsync(name, body, cancellationToken);
        }

        return new(_folder, name, type);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<byte[]> ReadHeadAsync(IFileLocation source, FileEntry entry, CancellationToken cancellationToken)
    {
        if (entry.Size == 0)
        {
            return [];
        }

        var head = new byte[Math.Min(HeadBytes, entry.Size)];
        await using var body = await source.OpenReadAsync(entry.Path, new() { Length = head.Length, ETag = entry.ETag }, cancellationToken);
        await body.ReadExactlyAsync(head, cancellationToken);
        return head;
    }

    // Up to the last whole line, so that no record is cut.
    private async Task WriteTextAsync(IFileLocation source, FileEntry entry, string name, CancellationToken cancellationToken)
    {
        var text = new byte[TextBytes];
        await using (var body = await source.OpenReadAsync(entry.Path, new() { Length = text.Length, ETag = entry.ETag }, cancellationToken))
        {
            await body.ReadExactlyAsync(text, cancellationToken);
        }

        var end = text.AsSpan().LastIndexOf((byte)'\n') + 1;
        await _folder.WriteAsync(name, new MemoryStream(text, 0, end == 0 ? text.Length : end, writable: false), cancellationToken);
    }
}
