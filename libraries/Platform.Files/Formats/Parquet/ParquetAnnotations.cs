using System.Globalization;
using System.Text.RegularExpressions;
using Platform.Files.Engine;

namespace Platform.Files.Formats.Parquet;

/// <summary>
/// What DuckDB does not know of a column's meaning: most newer ("logical") annotations it heeds only where the older ("converted") one stands beside them, and a writer may leave that out. A text would be
/// read as bytes and a decimal as its unscaled number, in silence.
/// </summary>
internal static partial class ParquetAnnotations
{
    private const int LargestScale = 18;

    /// <summary>How to read a top-level column as it is meant; null when DuckDB does so by itself.</summary>
    public static ColumnReading? Reading(SourceFile file, ParquetElement column, string name)
    {
        var source = DuckDb.Identifier(name);
        var reading = IsOverlooked(column) ? Of(column, source) ?? throw Unreadable(file, column, name) : null;
        if (column.All.Skip(1).FirstOrDefault(part => IsOverlooked(part) && part.Logical is not ("ListType()" or "MapType()" or "DateType()") && !IsPlainInteger(part)) is { } inside)
        {
            throw Unreadable(file, inside, $"{name}.…{inside.Name}");
        }

        return reading;
    }

    private static bool IsOverlooked(ParquetElement element) => element.Converted.Length == 0
        && (element.Logical is "StringType()" or "EnumType()" or "JsonType()" or "DateType()" or "ListType()" or "MapType()"
            || element.Logical.StartsWith("DecimalType(", StringComparison.Ordinal)
            || (element.Logical.StartsWith("IntType(", StringComparison.Ordinal) && !IsPlainInteger(element)));

    // Smaller ones have the same bits as what they are stored in.
    private static bool IsPlainInteger(ParquetElement element) =>
        element.Logical.StartsWith("IntType(", StringComparison.Ordinal) && !(element.Logical.Contains("isSigned=0", StringComparison.Ordinal) || element.Logical.Contains("isSigned=false", StringComparison.Ordinal));

    private static ColumnReading? Of(ParquetElement column, string source)
    {
        switch (column.Logical)
        {
            case "StringType()" or "EnumType()" when column.Type == "BYTE_ARRAY":
                return new($"decode({source})", "VARCHAR");
            case "JsonType()" when column.Type == "BYTE_ARRAY":
                return new($"decode({source})", "JSON");
            case "DateType()" when column.Type == "INT32":
                return new($"(DATE '1970-01-01' + {source})", "DATE");
            case "ListType()" when column.Children is [{ Children: [_] } list]:
                return new($"{source}.{DuckDb.Identifier(list.Name)}", "JSON[]");
            case "MapType()" when column.Children is [{ Children: [_, _] } entries]:
                return new($"map_from_entries({source}.{DuckDb.Identifier(entries.Name)})", "MAP(JSON)");
            case var integer when integer.StartsWith("IntType(", StringComparison.Ordinal):
                return column.Type == "INT64"
                    ? new($"CASE WHEN {source} < 0 THEN {source}::HUGEINT + 18446744073709551616 ELSE {source}::HUGEINT END", "HUGEINT")
                    : new($"CASE WHEN {source} < 0 THEN {source}::BIGINT + 4294967296 ELSE {source}::BIGINT END", "BIGINT");
            default:
                return OfDecimal(column, source);
        }
    }

    private static ColumnReading? OfDecimal(ParquetElement column, string source)
    {
        if (Decimal().Match(column.Logical) is not { Success: true } numbers || column.Type is not ("INT32" or "INT64"))
        {
            return null;
        }

        var scale = int.Parse(numbers.Groups["scale"].Value, CultureInfo.InvariantCulture);
        var type = string.Create(CultureInfo.InvariantCulture, $"DECIMAL(38,{scale})");
        return scale > LargestScale ? null : new($"CAST({source}::VARCHAR || 'e-{numbers.Groups["scale"].Value}' AS {type})", type);
    }

    private static EngineException Unreadable(SourceFile file, ParquetElement column, string name) => new(
        EngineFailure.BadFile,
        $"{file.Name} cannot be read as parquet: column '{name}' ({column.Type}) is annotated as {column.Logical} in the newer way only, which the reader does not understand there. "
        + "Have it written with the ConvertedType beside the LogicalType, as most writers do.");

    [GeneratedRegex(@"^DecimalType\(scale=(?<scale>[0-9]{1,2}), precision=[0-9]{1,2}\)$")]
    private static partial Regex Decimal();
}
