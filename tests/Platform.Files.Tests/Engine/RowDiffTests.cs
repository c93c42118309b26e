using System.IO.Compression;
using System.Text;
using Platform.Files.Engine;
using Xunit;

namespace Platform.Files.Tests.Engine;

/// <summary>Only the rows that the file before did not have are copied (R13, diff): held against a model that keeps both files in memory.</summary>
public sealed class RowDiffTests(EngineFixture engine)
{
    private static readonly LoadField Id = new() { Name = "id", Incoming = "id", Type = FieldType.String };
    private static readonly LoadField Amount = new() { Name = "amount", Incoming = "amount", Type = FieldType.Integer };
    private static int _files;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    public async Task The_changed_rows_are_those_of_the_model(int seed)
    {
        var random = new Random(seed);
        var distinct = random.Next(1, 200);
        string[] before = [.. Enumerable.Range(0, random.Next(500)).Select(_ => Row())];
        string[] now = [.. Enumerable.Range(0, random.Next(500)).Select(_ => Row())];

        var copied = await engine.CopyAsync(Write("csv", Csv(now)) with { Previous = Write("csv", Csv(before)) }, Id, Amount);

        var more = now.CountBy(row => row).Where(row => row.Value > before.Count(other => other == row.Key)).Select(row => row.Key).ToHashSet();
        var expected = now.Select((row, at) => (row, at)).Where(row => more.Contains(row.row)).Select(row => $"{row.row}@{row.at + 1}");
        Assert.Equal(expected, copied.Rows.Select(row => $"{row.Values[0]},{row.Values[1]}@{row.RowNo}"));
        Assert.Equal((now.Length, now.Length - copied.Rows.Count), ((int)copied.Summary.Read + (int)copied.Summary.Files[0].Known, (int)copied.Summary.Files[0].Known));

        string Row() => $"r{random.Next(distinct)},{random.Next(3)}";
    }

    [Fact]
    public async Task Columns_that_nobody_wants_and_the_order_of_columns_make_no_row_a_new_one()
    {
        var before = Write("csv", "id,amount\na,1\nb,2\n");
        var now = Write("csv", "seen,amount,id\n7,1,a\n8,3,b\n");

        var copied = await engine.CopyAsync(now with { Previous = before }, Id, Amount);

        Assert.Equal(["b 3 2"], copied.Rows.Select(row => $"{row.Values[0]} {row.Values[1]} {row.RowNo}"));
    }

    [Fact]
    public async Task Packed_json_is_compared_as_what_it_holds()
    {
        var before = Write("json", """[{"id":"a","amount":1},{"id":"b","amount":2}]""");
        var now = Write("json", """[{"amount":1,"id":"a"},{"id":"b"},{"id":"c","amount":"x"},{"id":"c","amount":"x"}]""", packed: true);

        var copied = await engine.CopyAsync(now with { Previous = before }, Id, Amount);

        Assert.Equal(["b"], copied.Column(0));
        Assert.Equal([3L, 4L], copied.Rejected.Select(row => row.RowNo));
        Assert.Equal((3, 1), ((int)copied.Summary.Read, (int)copied.Summary.Files[0].Known));
    }

    [Fact]
    public async Task More_than_the_scratch_quota_allows_is_refused_with_the_setting()
    {
        await using var small = engine.Create(options => options with { ScratchQuotaMegabytes = 1 });
        var rows = Csv(Enumerable.Range(0, 60_000).Select(i => $"r{i},{i}"));
        var file = Write("csv", rows) with { Previous = Write("csv", rows) };

        var refused = await Assert.ThrowsAsync<EngineException>(() =>
            small.CopyAsync(new CopyJob { Files = [file], Fields = [Id, Amount], LoadId = 1 }, new CopySink { OnData = (_, _) => ValueTask.CompletedTask }, TestContext.Current.CancellationToken));

        Assert.Contains("Engine:ScratchQuotaMegabytes", refused.Message, StringComparison.Ordinal);
    }

    private static string Csv(IEnumerable<string> rows) => "id,amount\n" + string.Concat(rows.Select(row => row + "\n"));

    private SourceFile Write(string format, string text, bool packed = false)
    {
        var path = engine.PathOf($"diff-{Interlocked.Increment(ref _files)}");
        using (var file = File.Create(path))
        using (var target = packed ? new GZipStream(file, CompressionLevel.Fastest) : (Stream)file)
        {
            target.Write(Encoding.UTF8.GetBytes(text));
        }

        return EngineFixture.Source(path, 1, format);
    }
}
