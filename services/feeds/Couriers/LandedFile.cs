using Platform.Files.Engine;

namespace Platform.Feeds.Couriers;

/// <summary>A file in the landing store, as the couriers service tells about it.</summary>
internal sealed record LandedFile
{
    public required string FileId { get; init; }

    public required string Source { get; init; }

    public required string FileName { get; init; }

    /// <summary>Path in the landing store, relative to its root.</summary>
    public required string Location { get; init; }

    public required string Tag { get; init; }

    public required string ContentType { get; init; }

    public required long Size { get; init; }

    public DateOnly? FileDate { get; init; }

    /// <summary>Names and values in the file's path, for example <c>date</c> and <c>event</c>.</summary>
    public IReadOnlyDictionary<string, string>? Partitions { get; init; }

    /// <summary>The file before this one, when only what changed since is wanted (R13).</summary>
    public PreviousFile? Previous { get; init; }

    /// <summary>How the file is written, as far as the courier's entities list says.</summary>
    public FileSettings? Settings { get; init; }
}

/// <summary>The landed file that was loaded before another of the same kind.</summary>
/// <param name="Source">Where it came from.</param>
/// <param name="Location">Path in the landing store, relative to its root.</param>
/// <param name="Size">Bytes.</param>
internal sealed record PreviousFile(string Source, string Location, long Size);
