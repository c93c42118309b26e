using System.Text;
using Platform.Files.Engine;
using Platform.Files.Tests.Engine;
using Xunit;

namespace Platform.Files.Tests.Formats.Csv;

/// <summary>Random tables, written by one rule and read by another: what comes back is what went in, wherever the reader's blocks end.</summary>
public sealed class CsvOracleTests(EngineFixture engine)
{
    private static readonly string[] Pieces = ["a", "1", " ", ",", ";", "\t", "|", "\"", "\"\"", "'", "\n", "\r\n", "\r", "ü", "€", "😀", "\\", "NULL", "2020-01-01", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Random_tables_come_back_whole(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 150; round++)
        {
            var separator = ",;\t|"[random.Next(4)];
            var quote = "\"'"[random.Next(2)];
            var columns = random.Next(1, 8);
            var table = Enumerable.Range(0, random.Next(0, 60)).Select(_ => Enumerable.Range(0, columns).Select(_ => Cell(random)).ToList()).ToList();
            var text = new StringBuilder(string.Join(separator, Enumerable.Range(0, columns).Select(i => $"h{i}")));
            var end = random.Next(2) == 0 ? "\n" : "\r\n";
            foreach (var row in table)
            {
                text.Append(end).Append(string.Join(separator, row.Select(cell => Write(cell, separator, quote, random))));
            }

            // A single column's last null needs its line end.
            text.Append(end);
            var file = EngineFixture.Source("/nowhere.csv", format: "csv") with
            {
                Settings = new() { Csv = new() { Separator = separator.ToString(), Quote = quote.ToString(), HeaderRows = 1 } },
            };
            var bytes = Encoding.UTF8.GetBytes(text.ToString());
            var read = ReadRecords.All(FilesLibrary.Formats.Get("csv"), file, random.Next(3) == 0 ? new TrickleStream(bytes, 3, seed) : new MemoryStream(bytes));
            Assert.Equal(table, read!);
        }
    }

    [Fact]
    public async Task DuckDBs_own_reader_gives_the_same_rows_of_a_sound_file()
    {
        var random = new Random(7);
        var text = new StringBuilder("a,b,c\n");
        for (var i = 0; i < 20_000; i++)
        {
            text.Append(string.Join(',', Enumerable.Range(0, 3).Select(column => column == 0 ? $"{i}" : Write(Cell(random), ',', '"', random)))).Append('\n');
        }

        var file = engine.Csv(text.ToString(), new() { Separator = ",", Quote = "\"", HeaderRows = 1 });
        using var duckdb = DuckDb.OpenInMemory();
        var theirs = duckdb.Texts($"SELECT a, b, c FROM read_csv({DuckDb.Literal(file.Path)}, all_varchar=true, header=true, delim=',', quote='\"', escape='\"', allow_quoted_nulls=false, new_line='\\n', parallel=false)");
        var ours = (await engine.CopyAsync(file, TextFiles.Texts("a", "b", "c"))).Rows;
        Assert.Equal(theirs.Count, ours.Count);
        for (var i = 0; i < theirs.Count; i++)
        {
            Assert.Equal(theirs[i], ours[i].Values);
        }
    }

    private static string? Cell(Random random) => random.Next(8) == 0 ? null : string.Concat(Enumerable.Range(0, random.Next(0, 6)).Select(_ => Pieces[random.Next(Pieces.Length)]));

    /// <summary>Quoted when it must be, and now and then when it need not be.</summary>
    private static string Write(string? cell, char separator, char quote, Random random) => cell switch
    {
        null => "",
        _ when cell.Length == 0 || cell.AsSpan().IndexOfAny([separator, quote, '\n', '\r']) >= 0 || random.Next(4) == 0 => $"{quote}{cell.Replace(quote.ToString(), new string(quote, 2), StringComparison.Ordinal)}{quote}",
        _ => cell,
    };
}
