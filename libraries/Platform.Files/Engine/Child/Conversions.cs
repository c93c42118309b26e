using System.Globalization;

namespace Platform.Files.Engine.Child;

/// <summary>How a column becomes a field.</summary>
/// <param name="Sql">An expression of one of the types the encoder knows. NULL for a value that is not null means: the value is bad.</param>
/// <param name="Fallible">Whether that can happen at all; what cannot fail is not checked.</param>
/// <param name="CheckJson">Whether the resulting text must be proved to be JSON.</param>
internal sealed record Conversion(string Sql, bool Fallible = false, bool CheckJson = false);

/// <summary>
/// Every pair of file type and field type that makes sense. DuckDB's casts are too kind ('1.6' becomes 2, 1_000 and 0x1F are numbers, offsets are dropped): text is never cast
/// here but left to <see cref="FieldRule"/>, and other casts are undone and compared, so that nothing is rounded in silence.
/// </summary>
internal static class Conversions
{
    /// <summary>What a value that does not fit is told to be.</summary>
    public static string Expected(LoadField field) => field.Type switch
    {
        FieldType.Boolean => "expected a boolean: true, false, t, f, yes, no, y, n, on, off, 1 or 0",
        FieldType.Date or FieldType.Datetime when field.Pattern is not null => $"expected a {field.Type.ToString().ToLowerInvariant()} written as {field.Pattern}, years 0001 to 9999",
        FieldType.Date => "expected a date YYYY-MM-DD, years 0001 to 9999, without a time of day",
        FieldType.Datetime => "expected a date and time such as 2020-09-14T17:32:22.650Z, years 0001 to 9999; without an offset it is UTC",
        FieldType.Decimal => string.Create(CultureInfo.InvariantCulture, $"expected a decimal number with at most {field.Precision - field.Scale} digits before the point and {field.Scale} after it"),
        FieldType.Float => "expected a floating-point number",
        FieldType.Integer => "expected a whole number from -9223372036854775808 to 9223372036854775807",
        FieldType.String => "expected text",
        FieldType.Json => "expected JSON",
    };

    /// <summary>The conversion of column <paramref name="source"/>, or nothing when these types have nothing to do with each other.</summary>
    public static Conversion? Find(FileColumn column, LoadField field, string source) =>
        column.Kind == FileKind.Text && field.Type is not (FieldType.String or FieldType.Json)
            ? new(source) // Text is the encoder's: one grammar for all formats.
            : ByType(column, field, source);

    private static Conversion? ByType(FileColumn column, LoadField field, string source) => field.Type switch
    {
        FieldType.Boolean => ToBoolean(column, source),
        FieldType.Date => ToDate(column, source),
        FieldType.Datetime => ToDatetime(column, field, source),
        FieldType.Decimal => ToDecimal(column, field, source),
        FieldType.Float => ToFloat(column, source),
        FieldType.Integer => ToInteger(column, source),
        FieldType.String => ToText(column, source),
        FieldType.Json => ToJson(column, source),
    };

    private static Conversion? ToBoolean(FileColumn column, string source) => column.Kind switch
    {
        FileKind.Boolean => new(source),
        FileKind.Integer => new($"CASE {source} WHEN 0 THEN false WHEN 1 THEN true END", Fallible: true),
        _ => null,
    };

    private static Conversion? ToDate(FileColumn column, string source) => column.Kind switch
    {
        FileKind.Date => new(source),
        FileKind.Timestamp => new($"CASE WHEN isfinite({source}) AND TRY_CAST({source} AS DATE) = {source} THEN TRY_CAST({source} AS DATE) END", Fallible: true),
        _ => null,
    };

    private static Conversion? ToDatetime(FileColumn column, LoadField field, string source) => column.Kind switch
    {
        FileKind.Timestamp => new(source),
        FileKind.Date => new($"TRY_CAST({source} AS TIMESTAMP)", Fallible: true),

        // Numbers that are counted from 1970, if the field says how.
        FileKind.Integer or FileKind.LargeInteger or FileKind.Decimal when field.Pattern?.StartsWith("epoch-", StringComparison.Ordinal) == true => new($"CAST({source} AS VARCHAR)"),
        _ => null,
    };

    private static Conversion? ToDecimal(FileColumn column, LoadField field, string source)
    {
        var type = string.Create(CultureInfo.InvariantCulture, $"DECIMAL({field.Precision},{field.Scale})");
        switch (column.Kind)
        {
            case FileKind.Integer when field.Precision - field.Scale >= 19:
                return new($"CAST({source} AS {type})");
            case FileKind.Integer or FileKind.LargeInteger:
                return new($"TRY_CAST({source} AS {type})", Fallible: true);
            case FileKind.Decimal:
                var (precision, scale) = column.Decimal();
                return scale <= field.Scale && precision - scale <= field.Precision - field.Scale
                    ? new(source)
                    : Undo(source, $"TRY_CAST({source} AS {type})", column.Type);
            case FileKind.Float:
                // Through the shortest text that means the number: 19.99 is 19.99 and not 19.98999999999999737856.
                return Undo(source, $"TRY_CAST(CAST({source} AS VARCHAR) AS {type})", column.Type);
            default:
                return null;
        }
    }

    private static Conversion? ToFloat(FileColumn column, string source) => column.Kind switch
    {
        FileKind.Float => new(source),
        FileKind.Integer or FileKind.LargeInteger or FileKind.Decimal => new($"CAST({source} AS DOUBLE)"),

        _ => null,
    };

    private static Conversion? ToInteger(FileColumn column, string source) => column.Kind switch
    {
        FileKind.Integer => new(source),
        FileKind.LargeInteger => new($"TRY_CAST({source} AS BIGINT)", Fallible: true),
        FileKind.Decimal or FileKind.Float => Undo(source, $"TRY_CAST({source} AS BIGINT)", column.Type),
        _ => null,
    };

    private static Conversion? ToText(FileColumn column, string source) => column.Kind switch
    {
        FileKind.Text => new(source),

        // A JSON column is text to DuckDB as well; a list or struct becomes JSON text.
        FileKind.Json => new($"CAST({source} AS VARCHAR)"),
        FileKind.Nested => new($"CAST(to_json({source}) AS VARCHAR)"),
        FileKind.Binary => new($"lower(hex({source}))"),
        _ => new($"CAST({source} AS VARCHAR)"),
    };

    private static Conversion? ToJson(FileColumn column, string source) => column.Kind switch
    {
        FileKind.Text => new(source, CheckJson: true),
        FileKind.Json => new($"CAST({source} AS VARCHAR)", CheckJson: true),
        FileKind.Binary => new($"CAST(to_json(lower(hex({source}))) AS VARCHAR)"),
        _ => new($"CAST(to_json({source}) AS VARCHAR)", CheckJson: column.HasFloats),
    };

    private static Conversion Undo(string source, string cast, string type) =>
        new($"CASE WHEN TRY_CAST({cast} AS {type}) = {source} THEN {cast} END", Fallible: true);
}
