namespace Platform.Files.Engine;

/// <summary>The types a feed's field can have (mission F3). Each has one written grammar for text, see <c>Engine/README.md</c>.</summary>
public enum FieldType
{
    /// <summary>True or false; <c>boolean</c> in PostgreSQL.</summary>
    Boolean,

    /// <summary>A calendar day, years 0001 to 9999; <c>date</c>.</summary>
    Date,

    /// <summary>A moment in microseconds UTC, years 0001 to 9999; <c>timestamp with time zone</c>.</summary>
    Datetime,

    /// <summary>An exact number with at most 38 digits; <c>numeric(p,s)</c>. Digits beyond the scale are a rejection, never rounded.</summary>
    Decimal,

    /// <summary>A double; <c>double precision</c>. The only type that takes Infinity and NaN.</summary>
    Float,

    /// <summary>A whole number of 64 bits; <c>bigint</c>.</summary>
    Integer,

    /// <summary>Text without NUL characters; <c>text</c>.</summary>
    String,

    /// <summary>A nested value; <c>jsonb</c>.</summary>
    Json,
}

/// <summary>What becomes of a <see cref="FieldType"/> in PostgreSQL.</summary>
public static class PostgresTypes
{
    /// <summary>The column type that takes what <see cref="Engine.CopyAsync"/> writes for a field of this type.</summary>
    public static string PostgresType(this FieldType type, int precision = LoadField.MaxPrecision, int scale = 0) => type switch
    {
        FieldType.Boolean => "boolean",
        FieldType.Date => "date",
        FieldType.Datetime => "timestamp with time zone",
        FieldType.Decimal => $"numeric({precision},{scale})",
        FieldType.Float => "double precision",
        FieldType.Integer => "bigint",
        FieldType.String => "text",
        FieldType.Json => "jsonb",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not a field type."),
    };
}
