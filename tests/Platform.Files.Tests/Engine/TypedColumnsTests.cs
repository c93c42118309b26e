using Platform.Files.Engine;
using Xunit;

namespace Platform.Files.Tests.Engine;

/// <summary>What the types a file can have become: kept whole, or rejected, never rounded or cut in silence.</summary>
public sealed class TypedColumnsTests(EngineFixture engine)
{
    /// <summary>Type in the file, values, field type, precision, scale, results (null: rejected).</summary>
    public static TheoryData<string, string[], FieldType, int, int, string?[]> Conversions => new()
    {
        { "BOOLEAN", ["true", "false"], FieldType.Boolean, 38, 0, ["true", "false"] },
        { "BOOLEAN", ["true"], FieldType.String, 38, 0, ["true"] },
        { "BOOLEAN", ["true"], FieldType.Json, 38, 0, ["true"] },
        { "TINYINT", ["-128", "127"], FieldType.Integer, 38, 0, ["-128", "127"] },
        { "SMALLINT", ["-32768", "32767"], FieldType.Integer, 38, 0, ["-32768", "32767"] },
        { "INTEGER", ["-2147483648", "2147483647"], FieldType.Integer, 38, 0, ["-2147483648", "2147483647"] },
        { "BIGINT", ["-9223372036854775808", "9223372036854775807"], FieldType.Integer, 38, 0, ["-9223372036854775808", "9223372036854775807"] },
        { "UTINYINT", ["0", "255"], FieldType.Integer, 38, 0, ["0", "255"] },
        { "USMALLINT", ["65535"], FieldType.Integer, 38, 0, ["65535"] },
        { "UINTEGER", ["4294967295"], FieldType.Integer, 38, 0, ["4294967295"] },
        { "UBIGINT", ["1", "18446744073709551615"], FieldType.Integer, 38, 0, ["1", null] },
        { "UBIGINT", ["18446744073709551615"], FieldType.Decimal, 38, 0, ["18446744073709551615"] },
        { "BIGINT", ["0", "1", "2"], FieldType.Boolean, 38, 0, ["false", "true", null] },
        { "BIGINT", ["-9223372036854775808", "7"], FieldType.Decimal, 38, 0, ["-9223372036854775808", "7"] },
        { "BIGINT", ["99", "100"], FieldType.Decimal, 4, 2, ["99.00", null] },
        { "BIGINT", ["9007199254740992"], FieldType.Float, 38, 0, ["9007199254740992"] },
        { "BIGINT", ["-5"], FieldType.String, 38, 0, ["-5"] },
        { "DECIMAL(4,2)", ["-99.99", "0.01", "0"], FieldType.Decimal, 4, 2, ["-99.99", "0.01", "0.00"] },
        { "DECIMAL(9,4)", ["12345.6789", "0.0001"], FieldType.Decimal, 9, 4, ["12345.6789", "0.0001"] },
        { "DECIMAL(18,6)", ["-123456789012.345678", "10000"], FieldType.Decimal, 18, 6, ["-123456789012.345678", "10000.000000"] },
        { "DECIMAL(38,10)", ["1234567890123456789012345678.0123456789", "-0.0000000001"], FieldType.Decimal, 38, 10, ["1234567890123456789012345678.0123456789", "-0.0000000001"] },
        { "DECIMAL(10,4)", ["1.2300", "1.2345"], FieldType.Decimal, 10, 2, ["1.23", null] },
        { "DECIMAL(10,4)", ["7.0000", "7.5000"], FieldType.Integer, 38, 0, ["7", null] },
        { "DECIMAL(10,2)", ["1.5"], FieldType.Float, 38, 0, ["1.5"] },
        { "DECIMAL(10,2)", ["1.5"], FieldType.String, 38, 0, ["1.50"] },
        { "DOUBLE", ["0.1", "-1e300", "nan", "inf", "-inf"], FieldType.Float, 38, 0, ["0.1", "-1E+300", "NaN", "Infinity", "-Infinity"] },
        { "FLOAT", ["1.5"], FieldType.Float, 38, 0, ["1.5"] },
        { "DOUBLE", ["19.99", "19.999", "nan", "1e30"], FieldType.Decimal, 10, 2, ["19.99", null, null, null] },
        { "FLOAT", ["19.99"], FieldType.Decimal, 38, 10, ["19.9900000000"] },
        { "DOUBLE", ["3", "1.6", "1e19", "nan"], FieldType.Integer, 38, 0, ["3", null, null, null] },
        { "DOUBLE", ["nan"], FieldType.Json, 38, 0, [null] },
        { "DATE", ["2020-02-29", "0001-01-01", "9999-12-31", "10000-01-01", "infinity"], FieldType.Date, 38, 0, ["2020-02-29", "0001-01-01", "9999-12-31", null, null] },
        { "DATE", ["2020-02-29"], FieldType.Datetime, 38, 0, ["2020-02-29T00:00:00.000000Z"] },
        { "TIMESTAMP", ["2020-09-14 17:32:22.123456", "1900-01-01", "10000-01-01", "infinity"], FieldType.Datetime, 38, 0, ["2020-09-14T17:32:22.123456Z", "1900-01-01T00:00:00.000000Z", null, null] },
        { "TIMESTAMPTZ", ["2020-09-14 17:32:22.123456+02"], FieldType.Datetime, 38, 0, ["2020-09-14T15:32:22.123456Z"] },
        { "TIMESTAMP_NS", ["2020-09-14 17:32:22.123456789", "1960-01-01 00:00:00.000000001"], FieldType.Datetime, 38, 0, ["2020-09-14T17:32:22.123456Z", "1960-01-01T00:00:00.000000Z"] },
        { "TIMESTAMP_MS", ["2020-09-14 17:32:22.123"], FieldType.Datetime, 38, 0, ["2020-09-14T17:32:22.123000Z"] },
        { "TIMESTAMP", ["2020-09-14", "2020-09-14 00:00:01", "infinity"], FieldType.Date, 38, 0, ["2020-09-14", null, null] },
        { "TIMESTAMP_NS", ["2020-09-14"], FieldType.Date, 38, 0, ["2020-09-14"] },
        { "TIMESTAMPTZ", ["2020-09-14 00:00:00+00"], FieldType.Date, 38, 0, ["2020-09-14"] },
        { "BLOB", ["\\x00\\xAB"], FieldType.String, 38, 0, ["00ab"] },
        { "UUID", ["c1bc0d12-3220-4d06-be1e-60c5f45eeac5"], FieldType.String, 38, 0, ["c1bc0d12-3220-4d06-be1e-60c5f45eeac5"] },
        { "TIME", ["10:11:12.5"], FieldType.String, 38, 0, ["10:11:12.5"] },
        { "INTERVAL", ["1 day 2 hours"], FieldType.String, 38, 0, ["1 day 02:00:00"] },
    };

    [Theory]
    [MemberData(nameof(Conversions))]
    public async Task A_column_becomes_a_field_or_its_row_is_rejected(string fileType, string[] values, FieldType type, int precision, int scale, string?[] expected)
    {
        var rows = values.Select((value, i) => $"({i}, {DuckDb.Literal(value)})");
        var file = engine.Parquet($"SELECT CAST(value AS {fileType}) AS \"The Value\" FROM (VALUES {string.Join(", ", rows)}) t(i, value) ORDER BY i");

        var copied = await engine.CopyAsync(file, new LoadField { Name = "value", Incoming = "the value", Type = type, Precision = precision, Scale = scale });

        Assert.Equal(expected.Where(value => value is not null), copied.Column(0));
        Assert.Equal(
            Enumerable.Range(1, expected.Length).Where(row => expected[row - 1] is null),
            copied.Rejected.Select(row => (int)row.RowNo));
    }

    [Theory]
    [InlineData("BOOLEAN", FieldType.Date)]
    [InlineData("BIGINT", FieldType.Datetime)]
    [InlineData("DATE", FieldType.Integer)]
    [InlineData("INTEGER[]", FieldType.Integer)]
    [InlineData("BLOB", FieldType.Float)]
    public async Task Types_that_have_nothing_to_do_with_each_other_end_the_job(string fileType, FieldType type)
    {
        var file = engine.Parquet($"SELECT CAST(NULL AS {fileType}) AS a");
        var error = await Assert.ThrowsAsync<EngineException>(() => engine.CopyAsync(file, new LoadField { Name = "b", Incoming = "a", Type = type }));
        Assert.Equal(EngineFailure.BadFile, error.Failure);
        Assert.Contains($"{file.Name} holds column 'a' as {fileType}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nested_values_become_json_with_every_digit()
    {
        var file = engine.Parquet("""
            SELECT [{'id': '1', 'price': 1.50::DECIMAL(38,20)}, NULL] AS list, MAP {'k': 12345678901234567890::UBIGINT} AS map,
                   {'at': TIMESTAMP '2020-09-14 17:32:22.123456', 'none': NULL::INTEGER, 'text': 'é"\'} AS struct
            """);
        var copied = await engine.CopyAsync(file, Json("list"), Json("map"), Json("struct"));
        Assert.Equal(
            ["[{\"id\":\"1\",\"price\":1.50000000000000000000},null]", "{\"k\":12345678901234567890}", "{\"at\":\"2020-09-14 17:32:22.123456\",\"none\":null,\"text\":\"é\\\"\\\\\"}"],
            Assert.Single(copied.Rows).Values);
    }

    [Fact]
    public async Task Nested_numbers_that_are_no_json_and_nul_characters_are_rejected()
    {
        var file = engine.Parquet("""
            SELECT * FROM (VALUES ([1.5::DOUBLE], 'ok', ['ok']), (['nan'::DOUBLE], 'ok', ['ok']), ([1.5], 'n' || chr(0) || 'l', ['ok']), ([1.5], 'ok', [chr(0)]),
                                  (['inf'::DOUBLE], chr(0), ['ok'])) t(numbers, text, texts)
            """);
        var copied = await engine.CopyAsync(file, Json("numbers"), new LoadField { Name = "text", Incoming = "text", Type = FieldType.String }, Json("texts"));
        Assert.Equal([1L], copied.Rows.Select(row => row.RowNo));
        Assert.Equal([(2, "numbers"), (3, "text"), (4, "texts"), (5, "numbers"), (5, "text")], copied.Rejected.Select(row => ((int)row.RowNo, row.Field)));
        Assert.Equal("n\u2400l", copied.Rejected[1].Value);
        Assert.Equal(4, copied.Summary.Rejected);
    }

    private static LoadField Json(string name) => new() { Name = name, Incoming = name, Type = FieldType.Json };
}
