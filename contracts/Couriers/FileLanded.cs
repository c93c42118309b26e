namespace Platform.Contracts.Couriers;

/// <summary>Event: a file was pulled from its source and lies in the landing store, whole and hashed (R8).</summary>
public sealed record FileLanded
{
    /// <summary>Id of the landed file (<c>lf-…</c>).</summary>
    public required string FileId { get; init; }

    /// <summary>The courier that pulled it.</summary>
    public required string CourierId { get; init; }

    /// <summary>The run that pulled it.</summary>
    public required string RunId { get; init; }

    /// <summary>Where it came from, for example <c>s3://bucket/key</c>.</summary>
    public required string Source { get; init; }

    /// <summary>Path in the landing store, relative to its root.</summary>
    public required string Location { get; init; }

    /// <summary>The file tag of the courier's entities list.</summary>
    public required string Tag { get; init; }

    /// <summary>The content type of the courier's entities list, for example <c>application/x-parquet</c>.</summary>
    public required string ContentType { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    /// <summary>SHA-256 of the bytes as received, 64 lower-case hexadecimal digits.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The source's entity tag, without quotes; null where the source has none.</summary>
    public string? ETag { get; init; }

    /// <summary>The day the file belongs to; null where neither its name nor its folder has a date.</summary>
    public DateOnly? FileDate { get; init; }
}
