using System.Text.Json.Nodes;
using Platform.Files.Engine;
using Platform.Files.Tests.Engine;
using Platform.Testing;
using Xunit;

namespace Platform.Files.Tests.Avro;

/// <summary>Avro files of other implementations, compared with what Apache Avro for Python reads: every record of each, or the error it ends in.</summary>
public sealed class AvroSuiteTests(EngineFixture engine)
{
    public static TheoryData<string> Files => [.. Index().Select(entry => (string)entry["file"]!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_file_gives_the_records_other_readers_find(string name)
    {
        var expected = Expected(name);
        var file = Source(name);
        if (expected["error"] is not null)
        {
            var error = await Assert.ThrowsAsync<EngineException>(async () => await engine.CopyAsync(file, await engine.FieldsOfAsync(file)));
            Assert.Equal(EngineFailure.BadFile, error.Failure);
            Assert.StartsWith($"{file.Name} cannot be read as avro", error.Message, StringComparison.Ordinal);
            Assert.Matches("byte [0-9]+", error.Message);
            return;
        }

        var fields = await engine.FieldsOfAsync(file);
        var copied = await engine.CopyAsync(file, fields);
        Assert.Equal((long)expected["recordCount"]!, copied.Summary.Read);

        var schema = AvroExpectation.Of(expected["schema"]!);
        var records = expected["records"]!.AsArray();
        for (var row = 0; row < records.Count; row++)
        {
            var columns = schema.Columns(records[row]);
            Assert.Equal(columns.Select(column => column.Name), fields.Select(field => field.Name), StringComparer.OrdinalIgnoreCase);
            for (var i = 0; i < columns.Count; i++)
            {
                AvroExpectation.Same(columns[i].Value, fields[i].Type, copied.Rows[row].Values[i], $"{name}, record {row}, {columns[i].Name}");
            }
        }
    }

    public static TheoryData<string> OfBothFormats =>
        [.. Index().Select(entry => (string)entry["file"]!).Where(name => File.Exists(Twin(name))).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(OfBothFormats))]
    public async Task A_file_gives_the_rows_of_the_Parquet_file_of_its_name(string name)
    {
        var (avro, parquet) = (Source(name), EngineFixture.Source(Twin(name)));
        var fields = await engine.FieldsOfAsync(parquet);

        // Some of the Parquet files hold the last of these rows only.
        var (ours, theirs) = (await engine.CopyAsync(avro, fields), await engine.CopyAsync(parquet, fields));
        Assert.InRange(theirs.Rows.Count, 1, ours.Rows.Count);
        foreach (var row in theirs.Rows)
        {
            Assert.Contains(ours.Rows, other => Enumerable.Range(0, fields.Length).All(i => Same(fields[i].Type, row.Values[i], other.Values[i])));
        }
    }

    private static bool Same(FieldType type, string? one, string? other) =>
        type == FieldType.Json ? JsonNode.DeepEquals(AvroExpectation.Plain(one), AvroExpectation.Plain(other)) : one == other;

    private static SourceFile Source(string name) => EngineFixture.Source(SharedData.Path(["avro", .. name.Split('/')]), format: "avro");

    private static string Twin(string name) => Path.Combine(SharedData.Root, "parquet", "data", Path.ChangeExtension(Path.GetFileName(name), ".parquet"));

    private static IEnumerable<JsonNode> Index() => JsonNode.Parse(File.ReadAllText(SharedData.Path("avro", "index.json")))!.AsArray().Select(entry => entry!);

    private static JsonNode Expected(string name) =>
        JsonNode.Parse(File.ReadAllText(SharedData.Path("avro", "expected", $"{name.Replace("/", "__", StringComparison.Ordinal)}.json")))!;
}
