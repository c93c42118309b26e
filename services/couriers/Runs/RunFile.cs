namespace Platform.Couriers.Runs;

/// <summary>A file that a run covers, in load order (file date, then key).</summary>
internal sealed class RunFile
{
    public required string RunId { get; init; }

    /// <summary>Place in the run's order, from 1.</summary>
    public required int FileNo { get; init; }

    public required string Tag { get; init; }

    public required string ContentType { get; init; }

    public required string Key { get; init; }

    public required long Size { get; init; }

    public string? ETag { get; init; }

    public DateTimeOffset? LastModified { get; init; }

    public DateOnly? FileDate { get; init; }

    /// <summary>A JSON object of the <c>key=value</c> levels of the path.</summary>
    public required string Partitions { get; init; }

    /// <summary>What the entity says about how the file is written (<see cref="Platform.Files.Engine.FileSettings"/>), as JSON.</summary>
    public required string Settings { get; init; }

    /// <summary>The landed file (<c>lf-…</c>); null until it lies in the landing store.</summary>
    public string? FileId { get; set; }

    /// <summary>True when this run pulled it; false when it was already there, unchanged.</summary>
    public bool Pulled { get; set; }
}
