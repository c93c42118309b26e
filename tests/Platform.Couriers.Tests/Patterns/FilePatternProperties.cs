using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Platform.Couriers.Patterns;
using Xunit;

namespace Platform.Couriers.Tests.Patterns;

public sealed class FilePatternProperties
{
    // The same cases every time, and many of them.
    private static readonly Config Seeded = Config.QuickThrowOnFailure.WithReplay(20200914, 596780373).WithMaxTest(300);

    private static readonly Gen<DateOnly> Days = Gen.Choose(0, 40_000).Select(offset => new DateOnly(1970, 1, 1).AddDays(offset));

    // Literals without digits, so that only the date parts can look like dates.
    private static readonly Gen<string> Literals = Gen.Elements("abc/ .-_'=*(%".ToCharArray()).ArrayOf().Select(letters => new string(letters).Replace("*", ""));

    private static readonly Gen<(string Before, string Between, DateOnly Day, DateOnly Other)> Cases =
        from before in Literals
        from between in Literals
        from day in Days
        from other in Days
        select (before, between, day, other);

    [Fact]
    public void What_a_day_resolves_to_is_found_again_among_all_days_with_the_same_date() => Prop.ForAll(Cases.ToArbitrary(), sample =>
    {
        var pattern = FilePattern.Parse(Quote(sample.Before) + "yyyy-MM-dd" + Quote(sample.Between + ".csv"));
        var path = Path(sample.Before, sample.Day, sample.Between);

        Assert.True(pattern.ForDay(sample.Day).Matches(path, out var onDay));
        Assert.True(pattern.ForAll().Matches(path, out var ofAll));
        Assert.Equal((sample.Day, sample.Day), (onDay!.Value, ofAll!.Value));
        Assert.Equal(sample.Day == sample.Other, pattern.ForDay(sample.Other).Matches(path, out _));
    }).Check(Seeded);

    [Fact]
    public void Every_match_starts_with_the_prefix_that_is_listed() => Prop.ForAll(Cases.ToArbitrary(), sample =>
    {
        var matcher = FilePattern.Parse(Quote(sample.Before) + "yyyy-MM-dd*" + Quote(sample.Between + ".csv")).ForDay(sample.Day);

        Assert.StartsWith(matcher.Prefix, Path(sample.Before, sample.Day, "x" + sample.Between), StringComparison.Ordinal);
        Assert.True(matcher.Matches(Path(sample.Before, sample.Day, "x" + sample.Between), out _));
    }).Check(Seeded);

    [Fact]
    public void Wildcards_match_as_a_regular_expression_does() => Prop.ForAll(Texts("ab/*").ToArbitrary(), Texts("ab/").ToArbitrary(), (pattern, rest) =>
    {
        var path = rest + "2024-03-09" + rest;
        var model = new Regex($@"\A{string.Concat(pattern.Select(letter => letter == '*' ? "[^/]*" : Regex.Escape(letter.ToString())))}(?<year>[0-9]{{4}})[^/]*\z");
        var matches = FilePattern.Parse(Quote(pattern) + "yyyy'*'").ForAll().Matches(path, out var date);

        Assert.Equal(model.IsMatch(path) && !path.EndsWith('/'), matches);
        Assert.Equal(matches ? new DateOnly(int.Parse(model.Match(path).Groups["year"].ValueSpan, CultureInfo.InvariantCulture), 1, 1) : null, date);
    }).Check(Config.QuickThrowOnFailure.WithReplay(20200914, 596780373).WithMaxTest(3000));

    [Fact]
    public void Many_wildcards_that_match_nothing_take_no_time()
    {
        var matcher = FilePattern.Parse("'" + string.Concat(Enumerable.Repeat("*a", 100)) + "*b'").ForAll();
        var watch = Stopwatch.StartNew();
        Assert.False(matcher.Matches(new string('a', 1024), out _));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), watch.Elapsed.ToString());
    }

    [Fact]
    public void Any_text_is_read_or_refused_with_a_reason() => Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), text =>
    {
        var pattern = FilePattern.TryParse(text.Get, out var problem);
        Assert.True(pattern is null ? problem is { Length: > 0 } : problem is null);
    }).Check(Seeded);

    private static Gen<string> Texts(string letters) => Gen.Elements(letters.ToCharArray()).ArrayOf().Select(chosen => new string(chosen));

    // Two quotes side by side are a quote that is part of the name, inside quotes and outside: a literal of quotes alone stands without quotes around it, and an empty one is nothing.
    private static string Quote(string literal) => literal.All(letter => letter == '\'') ? literal.Replace("'", "''") : $"'{literal.Replace("'", "''")}'";

    private static string Path(string before, DateOnly day, string between) => string.Create(CultureInfo.InvariantCulture, $"{before}{day:yyyy-MM-dd}{between}.csv");
}
