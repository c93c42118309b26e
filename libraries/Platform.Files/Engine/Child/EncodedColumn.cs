namespace Platform.Files.Engine.Child;

/// <summary>What stands in a vector, and so how its values are written.</summary>
internal enum ColumnKind : byte
{
    /// <summary>The file has no such column: always null.</summary>
    Missing,
    Boolean,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    Single,
    Double,
    Date,
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
    Decimal16,
    Decimal32,
    Decimal64,
    Decimal128,
    Text,
    Json,

    /// <summary>Text that a <see cref="FieldRule"/> makes into another type.</summary>
    Ruled,
}

/// <summary>A planned field with the layout of its vector.</summary>
internal readonly record struct EncodedColumn(LoadField Field, ColumnKind Kind, int Column, int Rejected, bool Required, bool CheckJson, int Scale, FieldRule? Rule)
{
    public static EncodedColumn For(PlannedField field, DuckDbColumn column)
    {
        var kind = field.Column < 0 ? ColumnKind.Missing : KindOf(field.Field.Type, column);
        var rule = kind == ColumnKind.Ruled ? new FieldRule(field.Field) : null;
        return new(field.Field, kind, field.Column, field.Rejected, field.Field.Required, field.CheckJson, column.Scale, rule);
    }

    private static ColumnKind KindOf(FieldType type, DuckDbColumn column) => (type, column.Type) switch
    {
        (FieldType.Boolean, DuckDbType.Boolean) => ColumnKind.Boolean,
        (FieldType.Integer, DuckDbType.TinyInt) => ColumnKind.Int8,
        (FieldType.Integer, DuckDbType.SmallInt) => ColumnKind.Int16,
        (FieldType.Integer, DuckDbType.Integer) => ColumnKind.Int32,
        (FieldType.Integer, DuckDbType.BigInt) => ColumnKind.Int64,
        (FieldType.Integer, DuckDbType.UTinyInt) => ColumnKind.UInt8,
        (FieldType.Integer, DuckDbType.USmallInt) => ColumnKind.UInt16,
        (FieldType.Integer, DuckDbType.UInteger) => ColumnKind.UInt32,
        (FieldType.Float, DuckDbType.Float) => ColumnKind.Single,
        (FieldType.Float, DuckDbType.Double) => ColumnKind.Double,
        (FieldType.Date, DuckDbType.Date) => ColumnKind.Date,
        (FieldType.Datetime, DuckDbType.Timestamp or DuckDbType.TimestampTz) => ColumnKind.Microseconds,
        (FieldType.Datetime, DuckDbType.TimestampSeconds) => ColumnKind.Seconds,
        (FieldType.Datetime, DuckDbType.TimestampMilliseconds) => ColumnKind.Milliseconds,
        (FieldType.Datetime, DuckDbType.TimestampNanoseconds) => ColumnKind.Nanoseconds,

        // duckdb.h: the width says how a decimal is stored.
        (FieldType.Decimal, DuckDbType.Decimal) => column.Width switch
        {
            <= 4 => ColumnKind.Decimal16,
            <= 9 => ColumnKind.Decimal32,
            <= 18 => ColumnKind.Decimal64,
            _ => ColumnKind.Decimal128,
        },
        (FieldType.String, DuckDbType.Varchar) => ColumnKind.Text,
        (FieldType.Json, DuckDbType.Varchar) => ColumnKind.Json,
        (_, DuckDbType.Varchar) => ColumnKind.Ruled,
        _ => throw new EngineException(EngineFailure.Bug, $"A {type} field cannot be written from DuckDB's {column.Type}."),
    };
}
