using Platform.Files.Engine;
using Xunit;

namespace Platform.Files.Tests.Engine;

/// <summary>What text may stand for a value of each type, and what may not.</summary>
public sealed class TextGrammarTests(EngineFixture engine)
{
    private static readonly (FieldType Type, int Precision, int Scale, string Text, string Value)[] Good =
    [
        (FieldType.Boolean, 38, 0, "true", "true"),
        (FieldType.Boolean, 38, 0, "FALSE", "false"),
        (FieldType.Boolean, 38, 0, "t", "true"),
        (FieldType.Boolean, 38, 0, "f", "false"),
        (FieldType.Boolean, 38, 0, "Yes", "true"),
        (FieldType.Boolean, 38, 0, "no", "false"),
        (FieldType.Boolean, 38, 0, "on", "true"),
        (FieldType.Boolean, 38, 0, "off", "false"),
        (FieldType.Boolean, 38, 0, "1", "true"),
        (FieldType.Boolean, 38, 0, " 0 ", "false"),
        (FieldType.Integer, 38, 0, "0", "0"),
        (FieldType.Integer, 38, 0, "+5", "5"),
        (FieldType.Integer, 38, 0, " -12 ", "-12"),
        (FieldType.Integer, 38, 0, "007", "7"),
        (FieldType.Integer, 38, 0, "9223372036854775807", "9223372036854775807"),
        (FieldType.Integer, 38, 0, "-9223372036854775808", "-9223372036854775808"),
        (FieldType.Decimal, 10, 2, "1.23", "1.23"),
        (FieldType.Decimal, 10, 2, "1.2", "1.20"),
        (FieldType.Decimal, 10, 2, "-0.01", "-0.01"),
        (FieldType.Decimal, 10, 2, ".5", "0.50"),
        (FieldType.Decimal, 10, 2, "5.", "5.00"),
        (FieldType.Decimal, 10, 2, "+99999999.99", "99999999.99"),
        (FieldType.Decimal, 10, 2, "1.230000000000", "1.23"),
        (FieldType.Decimal, 38, 0, "99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
        (FieldType.Decimal, 38, 37, "-1.2345678901234567890123456789012345678", "-1.2345678901234567890123456789012345678"),
        (FieldType.Decimal, 38, 38, "0.00000000000000000000000000000000000001", "0.00000000000000000000000000000000000001"),
        (FieldType.Decimal, 20, 5, "123456789012345.00001", "123456789012345.00001"),
        (FieldType.Float, 38, 0, "1.5", "1.5"),
        (FieldType.Float, 38, 0, "-2.5e-3", "-0.0025"),
        (FieldType.Float, 38, 0, "1E+300", "1E+300"),
        (FieldType.Float, 38, 0, "Infinity", "Infinity"),
        (FieldType.Float, 38, 0, "-inf", "-Infinity"),
        (FieldType.Float, 38, 0, "NaN", "NaN"),
        (FieldType.Float, 38, 0, "0.1", "0.1"),
        (FieldType.Date, 38, 0, "2020-02-29", "2020-02-29"),
        (FieldType.Date, 38, 0, "0001-01-01", "0001-01-01"),
        (FieldType.Date, 38, 0, "9999-12-31", "9999-12-31"),
        (FieldType.Date, 38, 0, " 1999-12-31 ", "1999-12-31"),
        (FieldType.Datetime, 38, 0, "2020-09-14T17:32:22.650Z", "2020-09-14T17:32:22.650000Z"),
        (FieldType.Datetime, 38, 0, "2020-09-14 17:32:22.123456", "2020-09-14T17:32:22.123456Z"),
        (FieldType.Datetime, 38, 0, "2020-09-14T17:32:22+05:30", "2020-09-14T12:02:22.000000Z"),
        (FieldType.Datetime, 38, 0, "2020-09-14T17:32:22-0800", "2020-09-15T01:32:22.000000Z"),
        (FieldType.Datetime, 38, 0, "2020-09-14 17:32:22 +02", "2020-09-14T15:32:22.000000Z"),
        (FieldType.Datetime, 38, 0, "2020-09-14 17:32", "2020-09-14T17:32:00.000000Z"),
        (FieldType.Datetime, 38, 0, "2020-09-14", "2020-09-14T00:00:00.000000Z"),
        (FieldType.Datetime, 38, 0, "1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
        (FieldType.Datetime, 38, 0, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
        (FieldType.Datetime, 38, 0, "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        (FieldType.Datetime, 38, 0, "2020-09-14T17:32:22.123456789Z", "2020-09-14T17:32:22.123456Z"),
        (FieldType.String, 38, 0, "", ""),
        (FieldType.String, 38, 0, "a 'quoted' \"text\" \\ ü€😀", "a 'quoted' \"text\" \\ ü€😀"),
        (FieldType.String, 38, 0, "  kept  ", "  kept  "),
        (FieldType.Json, 38, 0, "{\"a\": [1, 2.50, null]}", "{\"a\": [1, 2.50, null]}"),
        (FieldType.Json, 38, 0, "\"text\"", "\"text\""),
        (FieldType.Json, 38, 0, "123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789"),
        (FieldType.Json, 38, 0, "\"\\ud83d\\ude00 \\u00e9 \\\\u0000\"", "\"\\ud83d\\ude00 \\u00e9 \\\\u0000\""),
    ];

    private static readonly (FieldType Type, int Precision, int Scale, string Text)[] Bad =
    [
        (FieldType.Boolean, 38, 0, ""),
        (FieldType.Boolean, 38, 0, "2"),
        (FieldType.Boolean, 38, 0, "maybe"),
        (FieldType.Integer, 38, 0, ""),
        (FieldType.Integer, 38, 0, "1.6"),
        (FieldType.Integer, 38, 0, "1_000"),
        (FieldType.Integer, 38, 0, "0x1F"),
        (FieldType.Integer, 38, 0, "1e3"),
        (FieldType.Integer, 38, 0, "1,000"),
        (FieldType.Integer, 38, 0, "٣"),
        (FieldType.Integer, 38, 0, "5\n6"),
        (FieldType.Integer, 38, 0, "9223372036854775808"),
        (FieldType.Decimal, 10, 2, "1.239"),
        (FieldType.Decimal, 10, 2, "100000000.00"),
        (FieldType.Decimal, 10, 2, "1e2"),
        (FieldType.Decimal, 10, 2, "."),
        (FieldType.Decimal, 10, 2, "NaN"),
        (FieldType.Decimal, 10, 2, "1_0"),
        (FieldType.Decimal, 38, 0, "100000000000000000000000000000000000000"),
        (FieldType.Float, 38, 0, "1,5"),
        (FieldType.Float, 38, 0, "1e999"),
        (FieldType.Float, 38, 0, "0x10"),
        (FieldType.Float, 38, 0, "infinite"),
        (FieldType.Float, 38, 0, "1_0"),
        (FieldType.Date, 38, 0, "2020-02-30"),
        (FieldType.Date, 38, 0, "2020-2-3"),
        (FieldType.Date, 38, 0, "14/09/2020"),
        (FieldType.Date, 38, 0, "0000-01-01"),
        (FieldType.Date, 38, 0, "10000-01-01"),
        (FieldType.Date, 38, 0, "2020-09-14 10:00"),
        (FieldType.Date, 38, 0, "infinity"),
        (FieldType.Date, 38, 0, "epoch"),
        (FieldType.Datetime, 38, 0, "2020-09-14T25:00:00Z"),
        (FieldType.Datetime, 38, 0, "2020-09-14T17:32:60Z"),
        (FieldType.Datetime, 38, 0, "2020-09-14T17:32:22 Europe/Berlin"),
        (FieldType.Datetime, 38, 0, "1600104742"),
        (FieldType.Datetime, 38, 0, "now"),
        (FieldType.Datetime, 38, 0, "infinity"),
        (FieldType.Datetime, 38, 0, ""),
        (FieldType.Json, 38, 0, ""),
        (FieldType.Json, 38, 0, "{a: 1}"),
        (FieldType.Json, 38, 0, "{\"a\": 1,}"),
        (FieldType.Json, 38, 0, "NaN"),
        (FieldType.Json, 38, 0, "[1] [2]"),
        (FieldType.Json, 38, 0, "\"\\u0000\""),
        (FieldType.Json, 38, 0, "\"\\ud83d\""),
        (FieldType.Json, 38, 0, "\"\\ude00\""),
        (FieldType.Json, 38, 0, "\"\\ud83d x \\ude00\""),
        (FieldType.Json, 38, 0, "1e999999"),
    ];

    [Fact]
    public async Task Every_good_text_becomes_its_value()
    {
        foreach (var group in Good.GroupBy(data => (data.Type, data.Precision, data.Scale)))
        {
            var copied = await CopyAsync(group.Key.Type, group.Key.Precision, group.Key.Scale, [.. group.Select(data => data.Text)]);
            Assert.Empty(copied.Rejected);
            Assert.Equal(group.Select(data => data.Value), copied.Column(0));
        }
    }

    [Fact]
    public async Task Every_bad_text_is_a_rejected_row_that_says_what_was_expected()
    {
        foreach (var group in Bad.GroupBy(data => (data.Type, data.Precision, data.Scale)))
        {
            string[] texts = [.. group.Select(data => data.Text)];
            var copied = await CopyAsync(group.Key.Type, group.Key.Precision, group.Key.Scale, texts);
            Assert.Empty(copied.Rows);
            Assert.Equal(texts.Select((text, i) => (long.CreateChecked(i + 1), "value", text)), copied.Rejected.Select(row => (row.RowNo, row.Field, row.Value!)));
            Assert.All(copied.Rejected, row => Assert.NotEmpty(row.Reason));
        }
    }

    [Fact]
    public async Task An_offset_may_not_lead_out_of_the_years()
    {
        var copied = await CopyAsync(FieldType.Datetime, 38, 0, ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"]);
        Assert.Empty(copied.Rows);
        Assert.Equal([1L, 2L], copied.Rejected.Select(row => row.RowNo));
    }

    [Fact]
    public async Task Null_is_null_for_every_type()
    {
        var file = engine.Parquet("SELECT CAST(NULL AS VARCHAR) AS value");
        foreach (var type in Enum.GetValues<FieldType>())
        {
            Assert.Equal([null], (await engine.CopyAsync(file, Field(type, 38, 2))).Column(0));
        }
    }

    private Task<Copied> CopyAsync(FieldType type, int precision, int scale, string[] texts)
    {
        var rows = texts.Select((text, i) => $"({i}, {DuckDb.Literal(text)})");
        return engine.CopyAsync(engine.Parquet($"SELECT value FROM (VALUES {string.Join(", ", rows)}) t(i, value) ORDER BY i"), Field(type, precision, scale));
    }

    private static LoadField Field(FieldType type, int precision, int scale) => new() { Name = "value", Incoming = "value", Type = type, Precision = precision, Scale = scale };
}
