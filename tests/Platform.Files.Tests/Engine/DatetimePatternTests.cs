using System.Globalization;
using System.Text;
using Platform.Files.Engine;
using Platform.Files.Tests.Formats;
using Xunit;

namespace Platform.Files.Tests.Engine;

/// <summary>Joda patterns, read exactly.</summary>
public sealed class DatetimePatternTests(EngineFixture engine)
{
    [Theory]
    [InlineData("yyyy-MM-dd'T'HH:mm:ss.SSSZ", "2020-09-14T17:32:22.650+0200", "2020-09-14T15:32:22.650000Z")]
    [InlineData("yyyy-MM-dd'T'HH:mm:ss.SSSZZ", "2020-09-14T17:32:22.650-05:30", "2020-09-14T23:02:22.650000Z")]
    [InlineData("yyyy-MM-dd'T'HH:mm:ssZ", "2020-09-14T17:32:22Z", "2020-09-14T17:32:22.000000Z")]
    [InlineData("dd/MM/yyyy HH:mm", "01/02/2020 03:04", "2020-02-01T03:04:00.000000Z")]
    [InlineData("M/d/yy h:mm a", "12/3/70 12:05 am", "1970-12-03T00:05:00.000000Z")]
    [InlineData("M/d/yy h:mm a", "1/31/69 12:05 PM", "2069-01-31T12:05:00.000000Z")]
    [InlineData("M/d/yy K:mm a", "1/31/00 0:05 PM", "2000-01-31T12:05:00.000000Z")]
    [InlineData("yyyyMMdd kk", "20200914 24", "2020-09-14T00:00:00.000000Z")]
    [InlineData("yyyy.DDD", "2020.366", "2020-12-31T00:00:00.000000Z")]
    [InlineData("EEE, d MMM yyyy HH:mm:ss z", "Mon, 14 Sep 2020 17:32:22 GMT", "2020-09-14T17:32:22.000000Z")]
    [InlineData("EEEE d MMMM YYYY", "monday 14 SEPTEMBER 2020", "2020-09-14T00:00:00.000000Z")]
    [InlineData("d 'o''clock' ''yyyy MM", "1 o'clock '2020 02", "2020-02-01T00:00:00.000000Z")]
    [InlineData("yyyy-MM-dd HH:mm:ss.S", "2020-09-14 00:00:00.123456789", "2020-09-14T00:00:00.123456Z")]
    [InlineData("dd.MM.yyyy", "29.02.2020", "2020-02-29T00:00:00.000000Z")]
    [InlineData("epoch-seconds", "1600104742.65", "2020-09-14T17:32:22.650000Z")]
    [InlineData("epoch-millis", "-1", "1969-12-31T23:59:59.999000Z")]
    [InlineData("epoch-micros", "1600104742650000", "2020-09-14T17:32:22.650000Z")]
    public void A_text_of_the_pattern_is_its_moment(string pattern, string text, string expected)
    {
        Assert.True(DatetimePattern.TryParse(pattern, out var parsed, out var problem), problem);
        Assert.True(parsed.TryRead(Encoding.UTF8.GetBytes(text), out var microseconds));
        Assert.Equal(expected, DateTime.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond).ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("dd/MM/yyyy", "1/02/2020")]
    [InlineData("dd/MM/yyyy", "31/02/2020")]
    [InlineData("dd/MM/yyyy", "01/13/2020")]
    [InlineData("dd/MM/yyyy", "01/02/20")]
    [InlineData("dd/MM/yyyy", "01/02/2020 ")]
    [InlineData("dd/MM/yyyy", "01/02/0000")]
    [InlineData("dd/MM/yyyy", "")]
    [InlineData("dd/MM/yyyy HH:mm", "01/02/2020 24:00")]
    [InlineData("M/d/yy h:mm a", "1/2/20 13:00 PM")]
    [InlineData("M/d/yy h:mm a", "1/2/20 0:00 AM")]
    [InlineData("EEE d.M.yyyy", "Tue 14.9.2020")]
    [InlineData("d MMM yyyy", "14 Mai 2020")]
    [InlineData("yyyy.DDD", "2019.366")]
    [InlineData("yyyy.DDD", "2019.000")]
    [InlineData("yyyy-MM-dd HH:mm:ss.SSS", "2020-01-01 00:00:00.12")]
    [InlineData("epoch-millis", "1.5e3x")]
    [InlineData("epoch-seconds", "1600104742.6500001")]
    [InlineData("epoch-seconds", "999999999999")]
    public void Any_other_text_is_none(string pattern, string text)
    {
        Assert.True(DatetimePattern.TryParse(pattern, out var parsed, out var problem), problem);
        Assert.False(parsed.TryRead(Encoding.UTF8.GetBytes(text), out _));
    }

    [Theory]
    [InlineData("", "has 0 characters")]
    [InlineData("YYYY-MM-DD", "'DD'")]
    [InlineData("yyyy-MM", "no whole date")]
    [InlineData("HH:mm", "no whole date")]
    [InlineData("yyyy-MM-dd hh:mm", "AM or PM")]
    [InlineData("yyyy-MM-dd 'T", "never closed")]
    [InlineData("yyyy-MM-dd yyyy", "two places")]
    [InlineData("uuuu-MM-dd", "write y for the year")]
    [InlineData("yyyyy-MM-dd", "'yyyyy'")]
    public void A_pattern_that_cannot_be_is_refused_with_the_reason(string pattern, string expected)
    {
        Assert.False(DatetimePattern.TryParse(pattern, out _, out var problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_format_reads_by_the_fields_pattern()
    {
        var day = TextFiles.Field("d", FieldType.Date) with { Pattern = "dd/MM/yyyy" };
        var moment = TextFiles.Field("t", FieldType.Datetime) with { Pattern = DatetimePattern.EpochMillis };
        SourceFile[] files =
        [
            engine.Csv("d,t\n14/09/2020,1600104742650\n2020-09-14,x\n"),
            engine.Bytes("ndjson", "{\"d\":\"14/09/2020\",\"t\":1600104742650}\n{\"d\":\"2020-09-14\",\"t\":\"x\"}\n"u8.ToArray()),
            engine.Parquet("SELECT * FROM (VALUES ('14/09/2020', '1600104742650'), ('2020-09-14', 'x')) v(d, t)"),
        ];
        foreach (var file in files)
        {
            var copied = await engine.CopyAsync(file, day, moment);
            Assert.Equal(["2020-09-14", "2020-09-14T17:32:22.650000Z"], copied.Rows.Single().Values);
            Assert.Equal([("d", "expected a date written as dd/MM/yyyy, years 0001 to 9999"), ("t", "expected a datetime written as epoch-millis, years 0001 to 9999")], copied.Rejected.Select(row => (row.Field, row.Reason)));
        }

        var integers = await engine.CopyAsync(engine.Parquet("SELECT 1600104742650::BIGINT AS t"), moment);
        Assert.Equal(["2020-09-14T17:32:22.650000Z"], integers.Column(0));
    }
}
