using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Platform.CampaignStandIns;
using Platform.Testing;
using Xunit;

namespace Platform.Campaigns.Tests;

/// <summary>The stand-in is worth what its likeness to the seed is worth: its text decides.</summary>
public sealed partial class TheStandInAgainstTheSeed : IDisposable
{
    private const string Good = "\"user@example.com\";\"44018617811\";\"46623317811\";;\"Ann \"\"A\"\"\";\"O;Hara\nof Kerry\"\n";

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Response_files_have_the_names_and_columns_of_the_seed()
    {
        var seed = await File.ReadAllTextAsync(SharedData.Path("..", "seeds", "closed-loop-interface.txt"), Cancelled);
        var documented = ResponseFile().Split(seed).Skip(1).Chunk(2).ToDictionary(
            section => section[0], section => Column().Matches(section[1][section[1].IndexOf("Column name", StringComparison.Ordinal)..]).Select(column => column.Value).ToArray());
        Assert.Equal(8, documented.Count);

        var day = await SendAsync("click.a@example.com");
        foreach (var (kind, columns) in documented)
        {
            var header = (await File.ReadAllLinesAsync(_folder.PathOf("out", $"{day:yyyyMMdd}_{kind}.csv"), Cancelled))[0];
            Assert.Equal(string.Join(';', columns.Select(column => $"\"{column}\"")), header);
        }

        Assert.Equal(8, Directory.GetFiles(_folder.PathOf("out")).Length);
    }

    [Fact]
    public async Task The_main_recipient_list_is_that_of_the_seed()
    {
        var seed = await File.ReadAllTextAsync(SharedData.Path("..", "seeds", "closed-loop-interface.txt"), Cancelled);
        var columns = MainListColumn().Matches(seed).Select(column => (column.Groups["name"].Value, column.Groups["length"].Success ? int.Parse(column.Groups["length"].ValueSpan, CultureInfo.InvariantCulture) : 0));
        Assert.Equal(columns, new Agreement { Folder = "" }.Fields.Select(field => (field.Name, field.Length)));
    }

    [Fact]
    public async Task Every_kind_of_response_is_played()
    {
        var day = await SendAsync([.. new[] { "hard", "soft", "late", "never", "open", "auto", "click", "leave", "reply", "away", "quiet" }.Select(word => $"{word}.x@example.com")]);

        Assert.Equal(["HARD", "OK", "SOFT"], Values(day, "mailingrecipients", 6).Where(value => value.Length > 0).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(["could_not_be_sent", "sent"], Values(day, "mailingrecipients", 5).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(["autoresponder", "bounce", "fatal_bounce", "temporary_bounce", "unknown"], Values(day, "responses", 5).Order(StringComparer.Ordinal));
        Assert.Equal(3, Values(day, "clicks", 5).Count(time => time == Values(day, "clicks", 5)[0]));
        Assert.Single(Values(day, "automated_opens", 0));
        Assert.Single(Values(day, "unsubscribes", 0));
        Assert.Empty(Values(day, "opens", 0).Except(Values(day, "links", 0)));
        Assert.Empty(Values(day, "clicks", 2).Except(Values(day, "mailingrecipients", 0)));
    }

    [Fact]
    public void A_file_as_documented_is_read_as_it_was_meant()
    {
        var file = RecipientFile.Read(Encoding.UTF8.GetBytes(Good), new() { Folder = "" });
        Assert.Empty(file.Problems);
        Assert.Equal([["user@example.com", "44018617811", "46623317811", null, "Ann \"A\"", "O;Hara\nof Kerry"]], file.Rows);
    }

    [Theory]
    [InlineData("", "has no rows")]
    [InlineData("\uFEFF" + Good, "begins with a byte order mark")]
    [InlineData("\"user@example.com\";\"1\";;;;\r\n", "ends with a carriage return")]
    [InlineData("\"user@example.com\";\"1\";;;;", "does not end with a line feed")]
    [InlineData("\"user@example.com\";1;;;;\n", "outside quotation marks in field 2")]
    [InlineData("\"user@example.com\",\"1\",,,,\n", "outside quotation marks in field 1")]
    [InlineData("\"user@example.com\";\"1\";;;\n", "has 5 fields where 6 are agreed")]
    [InlineData("\"user@example.com\";\"1\";;;;\"a\"b\"\n", "outside quotation marks in field 6")]
    [InlineData("\"user@example.com\";\"1\";;;;\"a\n", "never closed")]
    [InlineData("\"Email\";\"broadmail_ID\";;;;\n", "an Email that is no address")]
    [InlineData("\"user@example.com\";\"\";;;;\n", "a broadmail_ID that is no number")]
    [InlineData("\"user@example.com\";;;;;\n", "has no broadmail_ID")]
    [InlineData("\"user@example.com\";\"1\";;;;\n\"ann@example.com\";\"2\";;;;\n", "more than one broadmail_ID")]
    public void What_is_not_as_documented_is_named(string file, string problem) =>
        Assert.Contains(RecipientFile.Read(Encoding.UTF8.GetBytes(file), new() { Folder = "" }).Problems, found => found.Contains(problem, StringComparison.Ordinal));

    [Fact]
    public void Lengths_count_characters_and_bytes_must_be_UTF8()
    {
        Agreement agreement = new() { Folder = "" };
        Assert.Empty(RecipientFile.Read(Encoding.UTF8.GetBytes($"\"user@example.com\";\"1\";;;;\"{new string('ü', 255)}\"\n"), agreement).Problems);
        Assert.Contains("more than 255", Assert.Single(RecipientFile.Read(Encoding.UTF8.GetBytes($"\"user@example.com\";\"1\";;;;\"{new string('ü', 256)}\"\n"), agreement).Problems), StringComparison.Ordinal);
        Assert.Contains("not UTF-8", Assert.Single(RecipientFile.Read([.. "\"user@example.com\";\"1\";;;;\""u8, 0xFC, .. "\"\n"u8], agreement).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Temporary_names_and_names_of_no_convention_are_left_alone()
    {
        await using var campaign = new CampaignStandIn(new() { Folder = _folder.Path }, TimeProvider.System);
        string[] names = ["20210101120000_subscribers.csv.1.tmp", "20210101120000_products.csv", "subscribers.csv", "20211301120000_subscribers.csv"];
        foreach (var name in names)
        {
            await File.WriteAllTextAsync(_folder.PathOf("in", name), Good, Cancelled);
        }

        campaign.Look();
        Assert.Empty(campaign.Mailings);
        Assert.Equal(names.Order(StringComparer.Ordinal), Directory.GetFiles(_folder.PathOf("in")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }

    /// <summary>One mailing to these addresses, from its file to its response files.</summary>
    private async Task<DateOnly> SendAsync(params string[] addresses)
    {
        await using var campaign = new CampaignStandIn(new() { Folder = _folder.Path }, TimeProvider.System);
        await File.WriteAllTextAsync(_folder.PathOf("in", "20210101120000_subscribers.csv"), string.Concat(addresses.Select(address => $"\"{address}\";\"44018617811\";;;;\n")), Cancelled);
        Assert.Empty(campaign.Look());
        Assert.Empty(campaign.Look());
        var day = campaign.DayOf(Assert.Single(campaign.Look()));
        campaign.WriteResponses(day);
        return day;
    }

    private string[] Values(DateOnly day, string kind, int column) =>
        [.. File.ReadLines(_folder.PathOf("out", $"{day:yyyyMMdd}_{kind}.csv")).Skip(1).Select(line => line.Split(';')[column].Trim('"'))];

    [GeneratedRegex(@"^YYYYMMDD_(\w+)\.csv contains", RegexOptions.Multiline)]
    private static partial Regex ResponseFile();

    // Names of columns begin with a small letter, what is said about them does not.
    [GeneratedRegex(@"^[a-z][\w.]*(?=\s|$)", RegexOptions.Multiline)]
    private static partial Regex Column();

    [GeneratedRegex(@"^(?<name>Email|broadmail_ID|WAVE_ID|Salutation|First name|Last name) (?:Varchar\((?<length>\d+)\)|Bigint/Long)", RegexOptions.Multiline)]
    private static partial Regex MainListColumn();
}
