using System.Globalization;
using Platform.Couriers.Patterns;
using Xunit;

namespace Platform.Couriers.Tests.Patterns;

/// <summary>Names of files that follow each other (R4, R13): prefix, timestamp, ending.</summary>
public sealed class SequenceNameTests
{
    [Theory]
    [InlineData("events", ".json", "events_20240131.json", "2024-01-31T00:00:00")]
    [InlineData("events_", ".json", "events_20240131.json", "2024-01-31T00:00:00")]
    [InlineData("in/events", ".json", "in/events-2024-01-31.json", "2024-01-31T00:00:00")]
    [InlineData("in/events", null, "in/events_20240131.json.gz", "2024-01-31T00:00:00")]
    [InlineData("in/events", ".json", "in/events_20240131.json.gz", "2024-01-31T00:00:00")]
    [InlineData("events", ".csv", "events_2024-01-31T07:30:05Z.csv", "2024-01-31T07:30:05")]
    [InlineData("events", ".csv", "events_20240131T073005.csv", "2024-01-31T07:30:05")]
    [InlineData("events", ".csv", "events_20240131_0730.csv", "2024-01-31T07:30:00")]
    [InlineData("events", ".csv", "events_2024-01-31-07-30-05.csv", "2024-01-31T07:30:05")]
    [InlineData("events", ".csv", "events_20240131073005123.csv", "2024-01-31T07:30:05.123")]
    [InlineData("events", ".json", "events_2024013107.json", "2024-01-31T07:00:00")]
    [InlineData("events", ".json", "events_1706686205.json", "2024-01-31T07:30:05")]
    [InlineData("events", ".json", "events_1706686205123.json", "2024-01-31T07:30:05.123")]
    [InlineData("user_[a-z]+", ".csv", "user_abc_20240131.csv", "2024-01-31T00:00:00")]
    [InlineData("(users|groups)", ".csv", "groups_20240131.csv", "2024-01-31T00:00:00")]
    [InlineData("v[0-9]{3,}x{0,2}", ".csv", "v1234_20240131.csv", "2024-01-31T00:00:00")]
    [InlineData("v[0-9]+", ".csv", "v12345678_20240131.csv", "2024-01-31T00:00:00")]
    [InlineData("export_20230101", ".csv", "export_20230101_20240131.csv", "2024-01-31T00:00:00")]
    [InlineData(".*", ".json", "20240131.json", "2024-01-31T00:00:00")]
    [InlineData(@"a\.b", ".json", "a.b_20240131.json", "2024-01-31T00:00:00")]
    public void A_file_of_the_sequence_has_its_time(string prefix, string? ending, string path, string time)
    {
        var pattern = FilePattern.TryParseSequence(prefix, ending, out var problem);
        Assert.Null(problem);
        var matcher = pattern!.ForAll();

        Assert.StartsWith(matcher.Prefix, path);
        Assert.True(matcher.Matches(path, out var date));
        var expected = DateTime.Parse(time, CultureInfo.InvariantCulture);
        Assert.Equal((expected, DateOnly.FromDateTime(expected)), (matcher.TimeOf(path)!.Value, date!.Value));
        Assert.True(pattern.ForDay(date.Value).Matches(path, out _));
        Assert.False(pattern.ForDay(date.Value.AddDays(1)).Matches(path, out _));
    }

    [Theory]
    [InlineData("events", ".json", "events.json")]
    [InlineData("events", ".json", "events_20240131.csv")]
    [InlineData("events", ".json", "events_20240131.json.tmp")]
    [InlineData("events", ".json", "my_events_20240131.json")]
    [InlineData("events", ".json", "events_old_20240131.json")]
    [InlineData("events", ".json", "events_20241331.json")]
    [InlineData("events", ".json", "events_202401311.json")]
    [InlineData("events", ".json", "sub/events_20240131.json")]
    [InlineData("in/.*", ".json", "in/sub/events_20240131.json")]
    [InlineData("event", ".json", "events_20240131.json")]
    [InlineData("a.b", ".json", "a/b_20240131.json")]
    public void Other_files_do_not_belong_to_it(string prefix, string ending, string path) =>
        Assert.False(FilePattern.TryParseSequence(prefix, ending, out _)!.ForAll().Matches(path, out _));

    [Theory]
    [InlineData("users(", "regular expression")]
    [InlineData("users(?=x)", "looks ahead")]
    [InlineData(@"(a)\1", "regular expression")]
    [InlineData("(?<y>a)", "named group")]
    [InlineData("((a{500}){500}){500}", "at most 1000")]
    [InlineData("a{99999999999999999999}", "at most 1000")]
    [InlineData("/users", "starts with '/'")]
    [InlineData("users\n", "control character")]
    public void What_cannot_be_a_prefix_is_said(string prefix, string reason)
    {
        Assert.Null(FilePattern.TryParseSequence(prefix, ".csv", out var problem));
        Assert.Contains(reason, problem);
    }

    [Theory]
    [InlineData("events_20240131.json", "events_", ".json")]
    [InlineData("a b.(c)_2024-01-31T07:30:05Z.csv.gz", "a b.(c)_", ".csv.gz")]
    public void A_prefix_follows_from_a_chosen_file(string file, string prefix, string ending)
    {
        var derived = SequenceName.Derive(file);

        Assert.Equal((System.Text.RegularExpressions.Regex.Escape(prefix), ending), derived);
        var pattern = FilePattern.TryParseSequence(derived!.Value.Prefix, derived.Value.Ending, out _)!;
        Assert.Equal(prefix, pattern.LiteralPrefix);
        Assert.True(pattern.ForAll().Matches(file, out _));
    }
}
