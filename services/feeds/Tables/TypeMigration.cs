using System.Globalization;
using Platform.Feeds.Definitions;
using Platform.Files.Engine;
using static Platform.Feeds.Tables.DomainTable;

namespace Platform.Feeds.Tables;

/// <summary>
/// How stored values of one type become another without losing anything: an expression, and the condition under which a value fits. A value that does not fit is never bent: the
/// change is refused with the number of such values.
/// </summary>
/// <param name="Value">SQL over the stored column; evaluated only for values that fit.</param>
/// <param name="Fits">SQL that is true for every value that fits; <c>true</c> when all do.</param>
internal sealed record TypeMigration(string Value, string Fits)
{
    private const string Whole = "'^[+-]?[0-9]{1,18}$'";
    private const string Number = @"'^[+-]?[0-9]{1,37}(\.[0-9]{1,37})?$'";
    private const string Double = @"'^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$'";
    private const string Day = "'^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'";
    private const string Moment = @"'^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})?$'";

    /// <summary>Null when there is no road from the one type to the other.</summary>
    public static TypeMigration? Of(FieldDefinition present, FieldDefinition wanted)
    {
        var column = Quote(present.Name);
        return (present.Type, wanted.Type) switch
        {
            (FieldType.Datetime, FieldType.String) => new($"to_char({column} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')", "true"),
            (FieldType.Date, FieldType.String) => new($"to_char({column}, 'YYYY-MM-DD')", "true"),
            (_, FieldType.String) => new($"{column}::text", "true"),
            (FieldType.Integer or FieldType.Decimal, FieldType.Decimal) => Decimal(column, wanted),
            (FieldType.Decimal, FieldType.Integer) => new($"{column}::bigint", $"({column} = trunc({column}) and {column} between -9223372036854775808 and 9223372036854775807)"),
            (FieldType.Integer, FieldType.Float) => new($"{column}::double precision", $"({column} between -9007199254740992 and 9007199254740992)"),
            (FieldType.Decimal, FieldType.Float) => new($"{column}::double precision", $"(abs({column}) < 1e300 and {column}::double precision::numeric = {column})"),
            (FieldType.Float, FieldType.Integer) => new($"{column}::bigint", $"(abs({column}) <= 9007199254740992 and {column} = trunc({column}))"),
            (FieldType.Date, FieldType.Datetime) => new($"({column}::timestamp at time zone 'UTC')", "true"),
            (FieldType.Datetime, FieldType.Date) => new($"({column} at time zone 'UTC')::date", $"(({column} at time zone 'UTC')::time = time '00:00')"),
            (FieldType.Boolean, FieldType.Integer) => new($"{column}::int::bigint", "true"),
            (FieldType.String, FieldType.Boolean) => new($"lower({column})::boolean", $"(lower({column}) in ('true', 'false'))"),
            (FieldType.String, FieldType.Integer) => new($"{column}::bigint", $"({column} ~ {Whole})"),
            (FieldType.String, FieldType.Decimal) => Text(Decimal($"{column}::numeric", wanted), $"{column} ~ {Number}"),
            (FieldType.String, FieldType.Float) => new($"{column}::double precision", $"({column} ~ {Double})"),
            (FieldType.String, FieldType.Date) => new($"{column}::date", $"(case when {column} ~ {Day} then {IsDay(column)} else false end)"),
            (FieldType.String, FieldType.Datetime) => new($"{column}::timestamptz", $"(case when {column} ~ {Moment} then {IsDay(column)} else false end)"),
            _ => null,
        };
    }

    /// <summary>PostgreSQL stores a numeric without its declared precision: more digits before the point need no rewriting.</summary>
    public static bool KeepsStoredValues(FieldDefinition present, FieldDefinition wanted) =>
        present.Type == FieldType.Decimal && wanted.Type == FieldType.Decimal && (present.Scale ?? 0) == (wanted.Scale ?? 0)
        && (wanted.Precision ?? LoadField.MaxPrecision) >= (present.Precision ?? LoadField.MaxPrecision);

    private static TypeMigration Decimal(string value, FieldDefinition wanted)
    {
        var (precision, scale) = (wanted.Precision ?? LoadField.MaxPrecision, wanted.Scale ?? 0);
        return new($"{value}::{wanted.PostgresType}", string.Create(CultureInfo.InvariantCulture, $"(abs({value}) < 1e{precision - scale}::numeric and round({value}, {scale}) = {value})"));
    }

    private static TypeMigration Text(TypeMigration migration, string grammar) => migration with { Fits = $"(case when {grammar} then {migration.Fits} else false end)" };

    /// <summary>The grammar lets 30 February through, which a cast would stumble over.</summary>
    private static string IsDay(string column) =>
        $"(left({column}, 4) <> '0000' and substring({column}, 9, 2)::int <= extract(day from make_date(left({column}, 4)::int, substring({column}, 6, 2)::int, 1) + interval '1 month - 1 day'))";
}
