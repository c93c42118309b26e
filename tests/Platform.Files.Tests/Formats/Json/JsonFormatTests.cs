using System.Text;
using Platform.Files.Engine;
using Platform.Files.Tests.Engine;
using Xunit;

namespace Platform.Files.Tests.Formats.Json;

/// <summary>JSON documents and streams of records.</summary>
public sealed class JsonFormatTests(EngineFixture engine)
{
    [Theory]
    [InlineData("json", """[{"a":1,"b":"x"}, {"b":"y"} , {"a":3}]""")]
    [InlineData("json", "\uFEFF \n[ {\"a\":1,\"b\":\"x\"},\r\n\t{\"b\":\"y\"},{\"A\":3}]\n")]
    [InlineData("ndjson", "{\"a\":1,\"b\":\"x\"}\n{\"b\":\"y\"}\r\n\n{\"a\":3}")]
    [InlineData("ndjson", """{"a":1,"b":"x"}{"b":"y"} {"a":0,"a":3}""")]
    public async Task Every_layout_gives_the_same_records(string format, string text)
    {
        var copied = await CopyAsync(format, text, TextFiles.Field("a", FieldType.Integer), TextFiles.Field("b", FieldType.String), TextFiles.Field("c", FieldType.String));
        Assert.Equal(["1", null, "3"], copied.Column(0));
        Assert.Equal(["x", "y", null], copied.Column(1));
        Assert.Equal([1L, 2L, 3L], copied.Rows.Select(row => row.RowNo));
        Assert.Equal(["c"], copied.Summary.Files[0].MissingColumns);
    }

    [Fact]
    public async Task Utf16_is_read_by_its_mark()
    {
        var file = engine.Bytes("json", [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes("""[{"a":"ü€😀"}]""")]);
        Assert.Equal(["ü€😀"], (await engine.CopyAsync(file, TextFiles.Texts("a"))).Column(0));
    }

    [Fact]
    public async Task Numbers_keep_their_text()
    {
        const string Text = """[{"n":123456789012345678901234567890.12345678}, {"n":0.10}, {"n":1E2}, {"n":-0}, {"n":1.0}]""";
        Assert.Equal(["123456789012345678901234567890.12345678", "0.10", "1E2", "-0", "1.0"], (await CopyAsync("json", Text, TextFiles.Texts("n"))).Column(0));
        Assert.Equal(
            ["123456789012345678901234567890.12345678", "0.10000000", "100.00000000", "0.00000000", "1.00000000"],
            (await CopyAsync("json", Text, TextFiles.Field("n", FieldType.Decimal) with { Scale = 8 })).Column(0));
        var integers = await CopyAsync("json", Text, TextFiles.Field("n", FieldType.Integer));
        Assert.Equal(["100", "0", "1"], integers.Column(0));
        Assert.Equal([1L, 2L], integers.Rejected.Select(row => row.RowNo));
    }

    [Fact]
    public async Task Nested_values_and_texts_become_json()
    {
        var copied = await CopyAsync("ndjson", """{"j":{"x":[1,2.50]}} {"j":"a \"b\"\u0001\n"} {"j":true} {"j":null} {"j":7} {"j":"\u0000"} {"j":"\ud800"} {"j":{"k":"\u0000"}}""", TextFiles.Field("j", FieldType.Json));
        Assert.Equal(["""{"x":[1,2.50]}""", """
            "a \"b\"\u0001\u000a"
            """, "true", null, "7"], copied.Column(0));
        Assert.Equal([6L, 7L, 8L], copied.Rejected.Select(row => row.RowNo));
    }

    [Fact]
    public async Task Escapes_mean_what_they_stand_for()
    {
        var copied = await CopyAsync("json", """[{"a\u0062":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"},{"ab":"\u0000"},{"ab":"\udc00"}]""", TextFiles.Texts("ab"));
        Assert.Equal(["\"\\/\b\f\n\r\té😀"], copied.Column(0));
        Assert.Equal([2L, 3L], copied.Rejected.Select(row => row.RowNo));
    }

    [Fact]
    public async Task A_record_that_is_no_object_is_a_value()
    {
        Assert.Equal(["1", "[2]", "x", null], (await CopyAsync("json", """[1,[2],"x",null]""", TextFiles.Texts("value"))).Column(0));
        Assert.Equal(["42"], (await CopyAsync("json", "42", TextFiles.Texts("value"))).Column(0));
        Assert.Empty((await CopyAsync("json", " [ ] ", TextFiles.Texts("value"))).Rows);
    }

    [Theory]
    [InlineData("json", "", "line 1 (byte 0), ends without a value")]
    [InlineData("json", "[{\"a\":1},\n{\"a\":2", "line 2 (byte 16), is not JSON: expected a comma or the end")]
    [InlineData("json", "[{\"a\":1}", "ends inside the array")]
    [InlineData("json", "[{\"a\":1},]", "expected a value")]
    [InlineData("json", "{\"a\":1}\n{\"a\":2}", "line 2 (byte 8), has something behind the JSON document")]
    [InlineData("ndjson", "{\"a\":1}\n{\"a\":01}", "line 2 (byte 14), is not JSON: expected a comma or a closing brace")]
    [InlineData("ndjson", "12\n34x", "has something directly behind a value")]
    [InlineData("ndjson", "{\"a\":1}\n{\"a\":\"x", "the closing quote")]
    public async Task What_is_no_json_ends_the_file_with_its_position(string format, string text, string expected)
    {
        var error = await Assert.ThrowsAsync<EngineException>(() => CopyAsync(format, text, TextFiles.Texts("a")));
        Assert.Equal(EngineFailure.BadFile, error.Failure);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("landed/", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Records_may_be_large_but_not_without_end()
    {
        var large = new string('x', 5 << 20);
        Assert.Equal([large, "y"], (await CopyAsync("json", $$"""[{"a":"{{large}}"},{"a":"y"}]""", TextFiles.Texts("a"))).Column(0));
        var endless = await Assert.ThrowsAsync<EngineException>(() => CopyAsync("json", $$"""[{"a":"{{new string('x', 17 << 20)}}"}]""", TextFiles.Texts("a")));
        Assert.Contains("more than 16 MB", endless.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Types_are_inferred_from_the_values()
    {
        var file = engine.Bytes("ndjson", """
            {"i":1,"d":1.5,"e":1e3,"b":true,"t":"2020-01-02T03:04:05Z","day":"2020-01-02","s":"1","n":{"a":1},"mixed":1}
            {"i":2,"d":2,"e":2.5e300,"b":false,"t":"2020-01-02T03:04:06+02:00","day":"2020-02-02","s":"x","n":[1],"mixed":"y","late":null}
            """u8.ToArray());
        var columns = await engine.Engine.InferAsync(file, TestContext.Current.CancellationToken);
        Assert.Equal(
            ["i:Integer", "d:Decimal", "e:Float", "b:Boolean", "t:Datetime", "day:Date", "s:String", "n:Json", "mixed:String", "late:String"],
            columns.Select(column => $"{column.Name}:{column.Type}"));
        Assert.Equal([false, true], columns.Where(column => column.Name is "i" or "late").Select(column => column.Nullable));
    }

    [Fact]
    public async Task A_preview_shows_the_first_records_with_all_their_columns()
    {
        var file = engine.Bytes("ndjson", "{\"a\":1.0}\n{\"b\":\"x\\ny\"}\n{\"c\":[1]}\n not reached"u8.ToArray());
        var preview = await engine.Engine.PreviewAsync(file, 3, TestContext.Current.CancellationToken);
        Assert.Equal(["a", "b", "c"], preview.Columns);
        Assert.Equal([["1.0", null, null], [null, "\"x\\ny\"", null], [null, null, "[1]"]], preview.Rows);
    }

    private Task<Copied> CopyAsync(string format, string text, params LoadField[] fields) => engine.CopyAsync(engine.Bytes(format, Encoding.UTF8.GetBytes(text)), fields);
}
