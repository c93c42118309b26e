using System.Text.Json;
using Platform.Couriers.Landing;
using Platform.Files.Engine;
using Platform.ServiceDefaults;

namespace Platform.Couriers.Endpoints;

/// <summary>A file in the landing store.</summary>
internal sealed record LandedFileView
{
    public required string FileId { get; init; }

    /// <summary>The courier that pulled it; <c>uploads</c> for a file that a person uploaded.</summary>
    public required string CourierId { get; init; }

    /// <summary>The run that pulled it; <c>uploads</c> likewise.</summary>
    public required string RunId { get; init; }

    /// <summary>Where it came from, for example <c>s3://bucket/key</c> or <c>upload:users.csv</c>.</summary>
    public required string Source { get; init; }

    public required string FileName { get; init; }

    /// <summary>Path in the landing store, relative to its root.</summary>
    public required string Location { get; init; }

    public required string Tag { get; init; }

    public required string ContentType { get; init; }

    public required long Size { get; init; }

    public required string Sha256 { get; init; }

    public string? ETag { get; init; }

    /// <summary>The day the file belongs to.</summary>
    public DateOnly? FileDate { get; init; }

    /// <summary>The <c>key=value</c> levels of its path.</summary>
    public required IReadOnlyDictionary<string, string> Partitions { get; init; }

    /// <summary>How the file is written, as the courier's entities list says; what it does not say is inferred.</summary>
    public required FileSettings Settings { get; init; }

    public required DateTimeOffset LandedAt { get; init; }

    /// <summary>When the landing store let go of the bytes; absent while they are kept.</summary>
    public DateTimeOffset? RemovedAt { get; init; }

    /// <summary>For a run, <paramref name="settings"/> are the courier's when it ran: they may have changed since the file landed.</summary>
    public static LandedFileView Of(LandedFile file, string? settings = null) => new()
    {
        FileId = file.Id,
        CourierId = file.CourierId,
        RunId = file.RunId,
        Source = file.Source,
        FileName = file.FileName,
        Location = file.Location,
        Tag = file.Tag,
        ContentType = file.ContentType,
        Size = file.Size,
        Sha256 = file.Sha256,
        ETag = file.ETag,
        FileDate = file.FileDate,
        Partitions = JsonSerializer.Deserialize<Dictionary<string, string>>(file.Partitions, PlatformJson.Options)!,
        Settings = JsonSerializer.Deserialize<FileSettings>(settings ?? file.Settings, PlatformJson.Options)!,
        LandedAt = file.LandedAt,
        RemovedAt = file.RemovedAt,
    };
}

/// <summary>A file of a run for those who load it, with the file before it when only what changed since is wanted (R13).</summary>
internal sealed record OrderedFile(int Order, LandedFileView File, PreviousFile? Previous);

/// <summary>The landed file that was taken before another.</summary>
/// <param name="Source">Where it came from.</param>
/// <param name="Location">Path in the landing store, relative to its root.</param>
/// <param name="Size">Bytes.</param>
internal sealed record PreviousFile(string Source, string Location, long Size);

/// <summary>A page of them; <paramref name="Next"/> is the <c>after</c> of the next one.</summary>
internal sealed record OrderedFiles(IReadOnlyList<OrderedFile> Items, int? Next);
