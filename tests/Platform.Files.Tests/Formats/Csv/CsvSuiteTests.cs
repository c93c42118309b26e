using System.Text.Json;
using Platform.Files.Engine;
using Platform.Files.Tests.Engine;
using Platform.Testing;
using Xunit;

namespace Platform.Files.Tests.Formats.Csv;

/// <summary>Files of others: csv-spectrum with its expected rows, Arrow's aggregate test file.</summary>
public sealed class CsvSuiteTests(EngineFixture engine)
{
    public static TheoryData<string> Spectrum() => [.. Directory.EnumerateFiles(SharedData.Path("csv", "csv-spectrum", "csvs"), "*.csv").Select(path => Path.GetFileName(path)).Order()];

    [Theory]
    [MemberData(nameof(Spectrum))]
    public async Task Csv_spectrum_gives_its_expected_rows(string name)
    {
        var file = EngineFixture.Source(SharedData.Path("csv", "csv-spectrum", "csvs", name), format: "csv");
        using var expected = JsonDocument.Parse(await File.ReadAllTextAsync(SharedData.Path("csv", "csv-spectrum", "json", Path.ChangeExtension(name, "json")), TestContext.Current.CancellationToken));
        var names = (await engine.Engine.InferAsync(file, TestContext.Current.CancellationToken)).Select(column => column.Name).ToArray();
        var copied = await engine.CopyAsync(file, TextFiles.Texts(names));
        Assert.Empty(copied.Rejected);
        var rows = expected.RootElement.EnumerateArray().ToList();
        Assert.Equal(rows.Count, copied.Rows.Count);
        for (var i = 0; i < rows.Count; i++)
        {
            // They have no null: an empty text is one there.
            var row = rows[i].EnumerateObject().ToDictionary(property => property.Name, property => property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : property.Value.GetRawText());
            Assert.Equal(row.Keys.Order(), names.Order());
            Assert.Equal(names.Select(column => row[column]), copied.Rows[i].Values.Select(value => value ?? ""));
            Assert.Equal(i + 1, copied.Rows[i].RowNo);
        }
    }

    [Fact]
    public async Task Every_plain_file_is_read_to_its_end_by_its_inferred_types()
    {
        var files = Directory.EnumerateFiles(SharedData.Path("csv"), "*.csv", SearchOption.AllDirectories).Order().ToList();
        Assert.NotEmpty(files);
        foreach (var path in files)
        {
            var file = EngineFixture.Source(path, format: "csv");
            var copied = await engine.CopyAsync(file, await engine.FieldsOfAsync(file));
            Assert.Empty(copied.Rejected);
            Assert.NotEmpty(copied.Rows);
        }
    }

    [Theory]
    [InlineData("csv", "csv")]
    [InlineData("json", "ndjson")]
    public async Task A_packed_file_gives_what_the_plain_one_beside_it_gives(string folder, string format)
    {
        var packed = Directory.EnumerateFiles(SharedData.Path(folder), $"*.{format}.gz", SearchOption.AllDirectories).Where(path => File.Exists(path[..^".gz".Length])).Order().ToList();
        Assert.NotEmpty(packed);
        foreach (var path in packed)
        {
            var plain = EngineFixture.Source(path[..^".gz".Length], format: format);
            var fields = await engine.FieldsOfAsync(plain);
            var expected = await engine.CopyAsync(plain, fields);
            var copied = await engine.CopyAsync(EngineFixture.Source(path, format: format), fields);
            Assert.Equal(expected.Rows.Select(row => row.Values), copied.Rows.Select(row => row.Values));
        }
    }

    [Fact]
    public async Task Arrows_file_has_its_rows_types_and_sums()
    {
        var file = EngineFixture.Source(SharedData.Path("csv", "arrow-testing", "aggregate_test_100.csv"), format: "csv");
        var columns = await engine.Engine.InferAsync(file, TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(1, 13).Select(i => $"c{i}"), columns.Select(column => column.Name));
        Assert.Equal(FieldType.String, columns[0].Type);
        Assert.All(columns.Skip(1).Take(8), column => Assert.Equal(FieldType.Integer, column.Type));

        // c9 and c10 are 32 and 64 bits without a sign: c10 leaves the range of integers.
        Assert.Equal(FieldType.Decimal, columns[9].Type);
        Assert.Equal([FieldType.Decimal, FieldType.Decimal, FieldType.String], columns.Skip(10).Select(column => column.Type));
        var copied = await engine.CopyAsync(file, await engine.FieldsOfAsync(file));
        Assert.Equal(100, copied.Rows.Count);
        Assert.All(copied.Column(0), value => Assert.Contains(value, new[] { "a", "b", "c", "d", "e" }));
        Assert.All(copied.Column(12), value => Assert.Equal(30, value!.Length));
    }
}
