using System.Text.Json.Serialization;

namespace Platform.Files.Engine;

/// <summary>What a child is asked for.</summary>
internal enum EngineTask
{
    Infer,
    Preview,
    Head,
    Copy,
}

/// <summary>The one line a child reads: its job and its limits.</summary>
internal sealed record EngineJob
{
    public required EngineTask Task { get; init; }

    public required IReadOnlyList<SourceFile> Files { get; init; }

    /// <summary>When there is one, its result is read in place of the files.</summary>
    public IngestQuery? Query { get; init; }

    public IReadOnlyList<LoadField> Fields { get; init; } = [];

    public long LoadId { get; init; }

    public bool IncludeHeaderTrailer { get; init; }

    public int MaxRejectsKept { get; init; }

    public int PreviewRows { get; init; }

    public int HeadBytes { get; init; }

    public required string ScratchFolder { get; init; }

    public required int ScratchQuotaMegabytes { get; init; }

    public required int DecodedLimitMegabytes { get; init; }

    public required int MemoryLimitMegabytes { get; init; }

    public required int Threads { get; init; }
}

/// <summary>
/// What a child answers: frames of one byte type, four bytes length (little-endian) and that many bytes. The last one is a summary or an error.
/// </summary>
internal enum FrameType : byte
{
    /// <summary>Bytes of the COPY stream.</summary>
    Data = (byte)'D',

    /// <summary>A JSON array of <see cref="RejectedRow"/>.</summary>
    Rejected = (byte)'R',

    /// <summary>Rows read so far, eight bytes.</summary>
    Progress = (byte)'P',

    /// <summary>The job's result as JSON: it is complete.</summary>
    Summary = (byte)'S',

    /// <summary>An <see cref="EngineError"/>: the job gave no result.</summary>
    Error = (byte)'E',
}

/// <summary>Why a child gave up.</summary>
internal sealed record EngineError(EngineFailure Failure, string Message);

/// <summary>The frames' layout.</summary>
internal static class Frame
{
    public const int HeaderLength = 5;

    /// <summary>A text may have at most <see cref="Child.CopyEncoder.MaxValueBytes"/>, so no honest frame is longer.</summary>
    public const int MaxLength = 64 << 20;
}

/// <summary>Generated, because reflection would double a child's start-up time.</summary>
[JsonSerializable(typeof(EngineJob))]
[JsonSerializable(typeof(EngineError))]
[JsonSerializable(typeof(List<RejectedRow>))]
[JsonSerializable(typeof(CopySummary))]
[JsonSerializable(typeof(PreviewResult))]
[JsonSerializable(typeof(FileHead))]
[JsonSerializable(typeof(IReadOnlyList<InferredField>))]
internal sealed partial class EngineJson : JsonSerializerContext;
