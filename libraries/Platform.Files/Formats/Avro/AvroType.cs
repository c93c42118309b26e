namespace Platform.Files.Formats.Avro;

/// <summary>The types of the Avro specification, 1.12.</summary>
internal enum AvroKind
{
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed,
    Enum,
    Array,
    Map,
    Record,
    Union,
}

/// <summary>What a type means beyond its kind. An unknown or impossible one is none, as the specification wants it.</summary>
internal enum AvroLogical
{
    None,
    Decimal,
    Uuid,
    Date,
    TimeMillis,
    TimeMicros,
    TimestampMillis,
    TimestampMicros,
    TimestampNanos,
    LocalTimestampMillis,
    LocalTimestampMicros,
    LocalTimestampNanos,
    Duration,
}

/// <summary>A node of a schema. Named types are nodes that occur again, also inside themselves.</summary>
internal sealed class AvroType(AvroKind kind)
{
    public AvroKind Kind { get; } = kind;

    public AvroLogical Logical { get; init; }

    /// <summary>Digits, for decimals.</summary>
    public int Precision { get; init; }

    /// <summary>Digits after the point, for decimals.</summary>
    public int Scale { get; init; }

    /// <summary>Bytes, for fixed.</summary>
    public int Size { get; init; }

    /// <summary>The names an enum's number stands for, in UTF-8.</summary>
    public byte[][] Symbols { get; init; } = [];

    /// <summary>Of an array or map.</summary>
    public AvroType? Item { get; set; }

    /// <summary>Of a union.</summary>
    public IReadOnlyList<AvroType> Branches { get; init; } = [];

    /// <summary>Of a record; set when its fields are known, because they may refer to it.</summary>
    public IReadOnlyList<AvroField> Fields { get; set; } = [];

    /// <summary>The one branch of a union beside null; its own type for all others; nothing for a union of several.</summary>
    public AvroType? Single => Kind != AvroKind.Union ? this
        : Branches.Where(branch => branch.Kind != AvroKind.Null).ToList() is [var only] ? only
        : null;

    /// <summary>Whether a null can be written.</summary>
    public bool Nullable => Kind == AvroKind.Null || (Kind == AvroKind.Union && Branches.Any(branch => branch.Kind == AvroKind.Null));
}

/// <summary>A field of a record; its name as JSON writes it before a value, too: quoted, with the colon.</summary>
internal sealed record AvroField(string Name, byte[] JsonName, AvroType Type);
