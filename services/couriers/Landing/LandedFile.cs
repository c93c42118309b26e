namespace Platform.Couriers.Landing;

/// <summary>A file in the landing store, whole and hashed (R8).</summary>
internal sealed class LandedFile
{
    /// <summary>Stands in the place of courier and run for a file that a person uploaded.</summary>
    public const string Uploads = "uploads";

    /// <summary><c>lf-…</c>; ids sort by time.</summary>
    public required string Id { get; init; }

    /// <summary>The courier that pulled it, or <see cref="Uploads"/>.</summary>
    public required string CourierId { get; init; }

    /// <summary>The run that pulled it, or <see cref="Uploads"/>.</summary>
    public required string RunId { get; init; }

    /// <summary>Where it came from, for example <c>s3://bucket/key</c>.</summary>
    public required string Source { get; init; }

    public required string FileName { get; init; }

    /// <summary>Path in the landing store, relative to its root.</summary>
    public required string Location { get; init; }

    public required string Tag { get; init; }

    public required string ContentType { get; init; }

    public required long Size { get; init; }

    public required string Sha256 { get; init; }

    public string? ETag { get; init; }

    public DateTimeOffset? LastModified { get; init; }

    public DateOnly? FileDate { get; init; }

    /// <summary>A JSON object.</summary>
    public required string Partitions { get; init; }

    /// <summary>How the file is written, as the courier said when it landed (<see cref="Platform.Files.Engine.FileSettings"/>), as JSON.</summary>
    public required string Settings { get; init; }

    public required DateTimeOffset LandedAt { get; init; }

    /// <summary>When the landing store let go of the bytes; null while they are kept.</summary>
    public DateTimeOffset? RemovedAt { get; set; }
}
