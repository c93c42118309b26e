namespace Platform.Files.Engine;

/// <summary>One column to be written.</summary>
public sealed record LoadField
{
    /// <summary>The most digits a decimal can have.</summary>
    public const int MaxPrecision = 38;

    /// <summary>The field's name, for reasons of rejection.</summary>
    public required string Name { get; init; }

    /// <summary>The column's name in the files, matched without regard to case.</summary>
    public required string Incoming { get; init; }

    /// <summary>What it becomes.</summary>
    public required FieldType Type { get; init; }

    /// <summary>Digits, for decimals: 1 to 38.</summary>
    public int Precision { get; init; } = MaxPrecision;

    /// <summary>Digits after the point, for decimals: 0 to <see cref="Precision"/>.</summary>
    public int Scale { get; init; }

    /// <summary>How a date or datetime is written (see <see cref="DatetimePattern"/>); the type's own grammar when absent. For text and numbers only: dates that a file holds as such need none.</summary>
    public string? Pattern { get; init; }

    /// <summary>
    /// IANA zone of a datetime that is written as text without an offset; UTC when absent. A local time that clocks show twice is the second one, one that they skip is read with the offset before,
    /// both as PostgreSQL does. Datetimes that a file holds as such, and epochs, are instants already.
    /// </summary>
    public string? TimeZone { get; init; }

    /// <summary>A null is a rejected row, and a file without the column is a bad file.</summary>
    public bool Required { get; init; }

    /// <summary>
    /// The value is written into one <c>jsonb</c> object that stands behind the other fields, under <see cref="Name"/>; nulls are left out. Fields of this kind come last. What JSON has no number for (NaN,
    /// Infinity, -0), dates and datetimes become texts that a cast turns back into the very same value.
    /// </summary>
    public bool InObject { get; init; }
}

/// <summary>Files to be turned into rows of PostgreSQL's binary COPY.</summary>
public sealed record CopyJob
{
    /// <summary>Read one after another, in this order.</summary>
    public required IReadOnlyList<SourceFile> Files { get; init; }

    /// <summary>A query whose result is read in place of the files: one relation, said to come from the last of them.</summary>
    public IngestQuery? Query { get; init; }

    /// <summary>The columns, in the order they are written; those of the object (<see cref="LoadField.InObject"/>) last.</summary>
    public required IReadOnlyList<LoadField> Fields { get; init; }

    /// <summary>Written as <c>_load_id</c> beside each row.</summary>
    public required long LoadId { get; init; }

    /// <summary>Whether the stream begins with COPY's header and ends with its trailer. Without them the rows can be spliced into a larger stream.</summary>
    public bool IncludeHeaderTrailer { get; init; } = true;

    /// <summary>How many rejected values are reported; counts are never capped.</summary>
    public int MaxRejectsKept { get; init; } = 10_000;
}

/// <summary>Where the results of a <see cref="CopyJob"/> go, as they come.</summary>
public sealed record CopySink
{
    /// <summary>Takes the next bytes of the COPY stream. They are valid during the call only. A slow sink slows the reading.</summary>
    public required Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> OnData { get; init; }

    /// <summary>Takes a value that made its row a rejected one; called for each such value of a row.</summary>
    public Func<RejectedRow, CancellationToken, ValueTask>? OnRejected { get; init; }

    /// <summary>Takes the number of rows read so far, a few times a second.</summary>
    public Action<long>? OnProgress { get; init; }
}

/// <summary>A value because of which a row was not written.</summary>
/// <param name="FileId">Of the <see cref="SourceFile"/>.</param>
/// <param name="RowNo">The row's number in the file, from 1.</param>
/// <param name="Field">The field's name.</param>
/// <param name="Value">What the file holds, cut after 200 characters; <see langword="null"/> for a null. NUL characters are shown as U+2400.</param>
/// <param name="Reason">What was expected.</param>
public sealed record RejectedRow(long FileId, long RowNo, string Field, string? Value, string Reason);

/// <summary>What one file gave.</summary>
/// <param name="FileId">Of the <see cref="SourceFile"/>.</param>
/// <param name="Read">Rows in the file.</param>
/// <param name="Rejected">Rows of these not written.</param>
/// <param name="MissingColumns">Incoming names of optional fields the file lacks: their values are null.</param>
/// <param name="ExtraColumns">Columns of the file no field asks for.</param>
public sealed record FileCounts(long FileId, long Read, long Rejected, IReadOnlyList<string> MissingColumns, IReadOnlyList<InferredField> ExtraColumns)
{
    /// <summary>Rows that were passed over, because <see cref="SourceFile.Previous"/> has them too; not among <see cref="Read"/>.</summary>
    public long Known { get; init; }
}

/// <summary>What a job gave: <c>Read = Written + Rejected</c>, always.</summary>
/// <param name="Files">One for each file of the job, in its order.</param>
/// <param name="Read">Rows in all files.</param>
/// <param name="Rejected">Rows not written.</param>
/// <param name="Written">Rows in the COPY stream.</param>
public sealed record CopySummary(IReadOnlyList<FileCounts> Files, long Read, long Rejected, long Written);
