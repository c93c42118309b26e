using System.Globalization;

namespace Platform.Files.Engine.Child;

/// <summary>A column of a file, with DuckDB's name of its type.</summary>
internal sealed record FileColumn(string Name, string Type)
{
    /// <summary>Its value as an SQL expression over the format's relation.</summary>
    public string Source { get; init; } = DuckDb.Identifier(Name);

    public FileKind Kind { get; } = KindOf(Type);

    /// <summary>Whether text made of it may hold numbers that JSON does not know: NaN and Infinity.</summary>
    public bool HasFloats => Type.Contains("FLOAT", StringComparison.Ordinal) || Type.Contains("DOUBLE", StringComparison.Ordinal) || Type is "JSON[]" or "MAP(JSON)";

    /// <summary>Precision and scale of a decimal.</summary>
    public (int Precision, int Scale) Decimal()
    {
        var numbers = Type["DECIMAL(".Length..^1].Split(',');
        return (int.Parse(numbers[0], CultureInfo.InvariantCulture), int.Parse(numbers[1], CultureInfo.InvariantCulture));
    }

    /// <summary>The field type that keeps every value of this column whole.</summary>
    public InferredField Infer(bool nullable)
    {
        var (type, precision, scale) = Kind switch
        {
            FileKind.Boolean => (FieldType.Boolean, default(int?), default(int?)),
            FileKind.Integer => (FieldType.Integer, null, null),
            FileKind.LargeInteger => (FieldType.Decimal, LoadField.MaxPrecision, 0),
            FileKind.Decimal => (FieldType.Decimal, Decimal().Precision, Decimal().Scale),
            FileKind.Float => (FieldType.Float, null, null),
            FileKind.Date => (FieldType.Date, null, null),
            FileKind.Timestamp => (FieldType.Datetime, null, null),
            FileKind.Nested or FileKind.Json => (FieldType.Json, null, null),
            FileKind.Text or FileKind.Binary or FileKind.Other => (FieldType.String, null, null),
        };
        return new InferredField(Name, type, precision, scale, nullable, Type);
    }

    private static FileKind KindOf(string type) => type switch
    {
        _ when type.EndsWith(']') => FileKind.Nested,
        "BOOLEAN" => FileKind.Boolean,
        "TINYINT" or "SMALLINT" or "INTEGER" or "BIGINT" or "UTINYINT" or "USMALLINT" or "UINTEGER" => FileKind.Integer,
        "UBIGINT" or "HUGEINT" or "UHUGEINT" => FileKind.LargeInteger,
        "FLOAT" or "DOUBLE" => FileKind.Float,
        "DATE" => FileKind.Date,
        "VARCHAR" => FileKind.Text,
        "JSON" => FileKind.Json,
        "BLOB" => FileKind.Binary,
        _ when type.StartsWith("DECIMAL(", StringComparison.Ordinal) => FileKind.Decimal,
        _ when type.StartsWith("TIMESTAMP", StringComparison.Ordinal) => FileKind.Timestamp,
        _ when type.StartsWith("STRUCT(", StringComparison.Ordinal) || type.StartsWith("MAP(", StringComparison.Ordinal) || type.StartsWith("UNION(", StringComparison.Ordinal) => FileKind.Nested,
        _ => FileKind.Other,
    };
}

/// <summary>The families of types a file can hold.</summary>
internal enum FileKind
{
    Boolean,

    /// <summary>Fits into 64 bits with a sign.</summary>
    Integer,
    LargeInteger,
    Decimal,
    Float,
    Date,
    Timestamp,
    Text,
    Json,
    Binary,

    /// <summary>Lists, structs, maps.</summary>
    Nested,

    /// <summary>Times of day, intervals, UUIDs and the like: text is all we make of them.</summary>
    Other,
}
