namespace Platform.Files.Locations;

/// <summary>
/// A place where files lie: a bucket, a folder. Paths are relative to the place, with <c>/</c> between segments. Every fault is a <see cref="LocationException"/> that
/// says what a person can do about it.
/// </summary>
public interface IFileLocation : IDisposable
{
    /// <summary>How a person would name the file, for example <c>s3://bucket/key</c>.</summary>
    string Describe(string path);

    /// <summary>
    /// Files whose path starts with <paramref name="prefix"/>, in ordinal order of their paths, fetched page by page as they are read. With <see cref="ListDepth.Level"/> what lies
    /// below the next <c>/</c> is not listed but told as one folder entry.
    /// </summary>
    IAsyncEnumerable<FileEntry> ListAsync(string prefix, ListDepth depth, CancellationToken cancellationToken);

    /// <summary>
    /// Opens a file from byte <see cref="ReadRange.Offset"/> on. The stream is not seekable. With <see cref="ReadRange.ETag"/> the file must still be the one that was
    /// listed, or <see cref="LocationFault.FileChanged"/> is thrown.
    /// </summary>
    Task<Stream> OpenReadAsync(string path, ReadRange range, CancellationToken cancellationToken);

    /// <summary>
    /// Writes a whole file, replacing an older one. It appears under its name only when it is complete and durable; a fault or cancellation leaves nothing behind.
    /// </summary>
    Task<WrittenFile> WriteAsync(string path, Stream content, CancellationToken cancellationToken);

    /// <summary>Removes a file; one that does not exist is no fault.</summary>
    Task DeleteAsync(string path, CancellationToken cancellationToken);
}

/// <summary>How far a listing goes down.</summary>
public enum ListDepth
{
    /// <summary>Every file below the prefix.</summary>
    All,

    /// <summary>Files up to the next <c>/</c> after the prefix; deeper ones as folders.</summary>
    Level,
}

/// <summary>One line of a listing.</summary>
/// <param name="Path">Path in the location; of a folder, with the closing <c>/</c>.</param>
/// <param name="Size">Bytes; 0 for a folder.</param>
/// <param name="ETag">Changes with the content, without quotes; null for a folder or where the place has none.</param>
/// <param name="LastModified">UTC, where the place tells.</param>
public sealed record FileEntry(string Path, long Size, string? ETag, DateTimeOffset? LastModified)
{
    /// <summary>True for what <see cref="ListDepth.Level"/> did not descend into.</summary>
    public bool IsFolder { get; init; }
}

/// <summary>Which bytes of which version of a file.</summary>
public readonly record struct ReadRange
{
    /// <summary>First byte, from 0.</summary>
    public long Offset { get; init; }

    /// <summary>Number of bytes; null reads to the end.</summary>
    public long? Length { get; init; }

    /// <summary>The version that is expected; null takes whatever is there.</summary>
    public string? ETag { get; init; }
}

/// <summary>What was written.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Of all bytes, 64 lower-case hexadecimal digits.</param>
public sealed record WrittenFile(long Size, string Sha256);
