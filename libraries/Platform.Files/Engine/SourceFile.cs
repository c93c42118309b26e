namespace Platform.Files.Engine;

/// <summary>A local file the engine may read, and nothing else may be read beside it.</summary>
public sealed record SourceFile
{
    private static readonly IReadOnlyDictionary<string, string> NoPartitions = new Dictionary<string, string>();

    /// <summary>
    /// Absolute path on this machine. Formats that need no seekable file (see <see cref="Formats.FormatCapabilities.NeedsSeekableFile"/>) read it once, from its first to its
    /// last byte, through <c>Child/SourceBytes.Open</c>; encodings
    /// around them are taken off there.
    /// </summary>
    public required string Path { get; init; }

    /// <summary>What people call the file; messages use this and never the path.</summary>
    public required string Name { get; init; }

    /// <summary>The name of a registered format, for example <c>parquet</c>.</summary>
    public required string Format { get; init; }

    /// <summary>Written as <c>_file_id</c> beside each of its rows.</summary>
    public required long FileId { get; init; }

    /// <summary>What is known of how the file is written; the rest is inferred.</summary>
    public FileSettings Settings { get; init; } = FileSettings.Inferred;

    /// <summary>
    /// A file of the same format: rows that it has too, by the values of the wanted columns, are passed over (mission R13, <c>diff</c>). For formats whose records a reader of ours takes apart (CSV, JSON, XML);
    /// others, and ingest queries, read every row.
    /// </summary>
    public SourceFile? Previous { get; init; }

    /// <summary>What opens the file if it is encrypted with PGP.</summary>
    public PgpKey? Pgp { get; init; }

    /// <summary>In the reading process: the bytes of the format itself, anew with every call, where <see cref="Path"/> does not hold them.</summary>
    internal Func<Stream>? Bytes { get; init; }

    /// <summary>In the reading process: rows of the parts of the same file that came before this one.</summary>
    internal long RowsBefore { get; init; }

    /// <summary>Values from the file's path, such as <c>date=2020-09-14</c>: each is a text column of every row, unless the file itself has a column of that name.</summary>
    public IReadOnlyDictionary<string, string> Partitions { get; init; } = NoPartitions;
}

/// <summary>A column found in a file.</summary>
/// <param name="Name">As the file spells it.</param>
/// <param name="Type">The field type that keeps its values whole.</param>
/// <param name="Precision">Digits, for decimals only.</param>
/// <param name="Scale">Digits after the point, for decimals only.</param>
/// <param name="Nullable">Whether the file says the column may be null.</param>
/// <param name="FileType">The type in the file's own words, for messages; <c>partition</c> for a value of the path.</param>
public sealed record InferredField(string Name, FieldType Type, int? Precision, int? Scale, bool Nullable, string FileType)
{
    /// <summary>The Joda pattern of a date or datetime that is not written as ISO 8601.</summary>
    public string? Pattern { get; init; }
}

/// <summary>The first rows of a file.</summary>
/// <param name="Columns">Column names, the path's values last.</param>
/// <param name="Rows">One list per row; each cell is JSON text, or <see langword="null"/> for a null.</param>
public sealed record PreviewResult(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string?>> Rows)
{
    /// <summary>How the file is written, as found or as it was said; <see langword="null"/> for formats with nothing to say.</summary>
    public FileSettings? Settings { get; init; }

    /// <summary>Rows that were passed over because they are bad ones, with their positions.</summary>
    public IReadOnlyList<string> BadRows { get; init; } = [];
}

/// <summary>How a file begins when its packing and encryption are taken off.</summary>
/// <param name="Name">What it is called; with the member's name for an archive.</param>
/// <param name="Bytes">Its first bytes.</param>
/// <param name="IsWhole">Whether these are all it has.</param>
public sealed record FileHead(string Name, byte[] Bytes, bool IsWhole);
