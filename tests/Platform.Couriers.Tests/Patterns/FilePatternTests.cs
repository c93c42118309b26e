using System.Globalization;
using Platform.Couriers.Patterns;
using Xunit;

namespace Platform.Couriers.Tests.Patterns;

public sealed class FilePatternTests
{
    private static readonly DateOnly Day = new(2024, 3, 9);

    [Theory]
    [InlineData("'path/to/users'-YYYY-MM-dd'.avro'", "path/to/users-2024-03-09.avro")]
    [InlineData("'path/to/users'-yyyy-MM-dd'.avro'", "path/to/users-2024-03-09.avro")]
    [InlineData("'files/'yyyy'/'MM'/'dd'/customers-*.csv'", "files/2024/03/09/customers-17.csv")]
    [InlineData("'files/'yyyy/MM/dd'/a.csv'", "files/2024/03/09/a.csv")]
    [InlineData("'it''s-'yyyyMMdd", "it's-20240309")]
    [InlineData("''yyyy''", "'2024'")]
    [InlineData("*-yyyy", "anything-2024")]
    [InlineData("'a*'yyyy'*'", "a2024")]
    [InlineData("'h-'yyyyMMddHH'.gz'", "h-2024030923.gz")]
    [InlineData("'a.c'", "a.c")]
    public void A_day_matches_its_paths(string pattern, string path)
    {
        var matcher = FilePattern.Parse(pattern).ForDay(Day);

        Assert.True(matcher.Matches(path, out _));
        Assert.StartsWith(matcher.Prefix, path);
    }

    [Theory]
    [InlineData("'users-'yyyy-MM-dd'.csv'", "users-2024-03-10.csv")]
    [InlineData("'users-'yyyy-MM-dd'.csv'", "users-2024-03-09.csv.gz")]
    [InlineData("'users-'yyyy-MM-dd'.csv'", "in/users-2024-03-09.csv")]
    [InlineData("'in/*.csv'", "in/deeper/a.csv")]
    [InlineData("'in/*'", "in/")]
    [InlineData("'a.c'", "abc")]
    [InlineData("'h-'yyyyMMddHH", "h-2024030924")]
    public void Other_paths_do_not(string pattern, string path) => Assert.False(FilePattern.Parse(pattern).ForDay(Day).Matches(path, out _));

    [Theory]
    [InlineData("", "empty")]
    [InlineData("'a-'DD", "'DD' at position 5 is no date part. The day of the month is dd.")]
    [InlineData("users-yyyy", "'u' at position 1")]
    [InlineData("yyyy-mm", "'mm' at position 6 is no date part. The month is MM")]
    [InlineData("yyy", "'yyy' at position 1 is no date part. The year is yyyy.")]
    [InlineData("'open", "The quote at position 1 is not closed")]
    [InlineData("'a\tb'", "control character at position 3")]
    public void A_wrong_pattern_is_refused_with_its_position(string pattern, string expected)
    {
        Assert.Null(FilePattern.TryParse(pattern, out var problem));
        Assert.Contains(expected, problem);
    }

    [Theory]
    [InlineData("'u-'yyyy-MM-dd", "u-2024-02-29", "2024-02-29")]
    [InlineData("'u-'yyyyMM", "u-202402", "2024-02-01")]
    [InlineData("'u-*'", "u-2024-02-29", null)]
    [InlineData("yyyy/MM/'u-'yyyyMMdd", "2024/02/u-20240229", "2024-02-29")]
    public void For_all_days_the_date_comes_from_the_path(string pattern, string path, string? expected)
    {
        Assert.True(FilePattern.Parse(pattern).ForAll().Matches(path, out var date));
        Assert.Equal(expected, date?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("'u-'yyyy-MM-dd", "u-2023-02-29")]
    [InlineData("'u-'yyyy-MM-dd", "u-2023-13-01")]
    [InlineData("yyyy/MM/'u-'yyyyMMdd", "2024/02/u-20240329")]
    public void Impossible_or_contradicting_dates_do_not_match(string pattern, string path) => Assert.False(FilePattern.Parse(pattern).ForAll().Matches(path, out _));
}
