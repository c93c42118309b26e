using System.Globalization;
using System.Text;
using Platform.Files.Engine;
using Platform.Files.Formats.Records;
using Platform.Files.Tests.Engine;
using Xunit;

namespace Platform.Files.Tests.Formats;

/// <summary>What SQL sees of a file that a reader of ours takes apart.</summary>
public sealed class RecordTableTests(EngineFixture engine)
{
    [Fact]
    public void Every_row_and_text_is_there()
    {
        var text = new StringBuilder("id,name,none\n");
        for (var i = 0; i < 5000; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{i},\"a longer name than fits in place, {i}\",\n");
        }

        using var duckdb = Open(engine.Csv(text.ToString()), out var relation);
        Assert.Equal([["5000", "12497500", "5000", "0"]], duckdb.Texts($"SELECT count(*)::VARCHAR, sum(id::BIGINT)::VARCHAR, count(DISTINCT name)::VARCHAR, count(none)::VARCHAR FROM {relation}"));
        Assert.Equal([["5000"]], duckdb.Texts($"SELECT count(*)::VARCHAR FROM {relation}"));
        Assert.Equal([["a longer name than fits in place, 4999", "4999"]], duckdb.Texts($"SELECT name, id FROM {relation} WHERE id = '4999'"));
    }

    [Fact]
    public void Nested_values_are_json_text()
    {
        using var duckdb = Open(engine.Bytes("ndjson", "{\"a\":{\"b\":[1.50,2]}}\n{\"c\":\"x\"}\n"u8.ToArray()), out var relation);
        Assert.Equal([["2", null], [null, "x"]], duckdb.Texts($"SELECT a->>'$.b[1]', c FROM {relation}"));
    }

    [Fact]
    public void A_bad_file_or_row_fails_the_statement_as_itself()
    {
        using var duckdb = Open(engine.Csv("a,b\n1,2\n3\n"), out var relation);
        var error = Assert.Throws<DuckDbException>(() => duckdb.Texts($"SELECT a FROM {relation}"));
        Assert.Equal(EngineFailure.BadFile, Assert.IsType<EngineException>(error.InnerException).Failure);
        Assert.Contains("line 3 (byte 8), has 1 fields, expected 2", error.InnerException!.Message, StringComparison.Ordinal);
    }

    private static DuckDbConnection Open(SourceFile file, out string relation)
    {
        var format = (RecordFormat)FilesLibrary.Formats.Get(file.Format);
        var connection = DuckDb.OpenInMemory();
        format.Register(connection, _ => file);
        relation = format.Relation(file);
        return connection;
    }
}
