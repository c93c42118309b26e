using System.Text;
using Platform.Files.Engine;
using Platform.Files.Tests.Engine;
using Xunit;

namespace Platform.Files.Tests.Formats.Csv;

/// <summary>What CSV means, and which faults cost a row or the file.</summary>
public sealed class CsvFormatTests(EngineFixture engine)
{
    [Theory]
    [InlineData("a,b\n1,x\n2,y\n")]
    [InlineData("a,b\r\n1,x\r\n2,y")]
    [InlineData("a;b\r\n1;x\r\n2;y\r\n")]
    [InlineData("a\tb\n1\tx\n2\ty\n")]
    [InlineData("a|b\n1|x\n2|y\n")]
    [InlineData("a,b\r1,x\r2,y\r")]
    [InlineData("\uFEFFa,b\n\n1,x\n\n2,y\n\n")]
    [InlineData("\"a\",\"b\"\n\"1\",\"x\"\n\"2\",\"y\"\n")]
    [InlineData("'a';'b'\n'1';'x'\n'2';'y'\n")]
    [InlineData("a, b \n1,x\n2,y\n")]
    public async Task The_dialect_is_found(string text)
    {
        var copied = await engine.CopyAsync(engine.Csv(text), TextFiles.Field("a", FieldType.Integer), TextFiles.Field("b", FieldType.String));
        Assert.Equal(["1", "2"], copied.Column(0));
        Assert.Equal(["x", "y"], copied.Column(1));
        Assert.Empty(copied.Rejected);
    }

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("utf-32")]
    public async Task A_byte_order_mark_decides_the_encoding(string name)
    {
        var encoding = Encoding.GetEncoding(name);
        var file = engine.Bytes("csv", [.. encoding.GetPreamble(), .. encoding.GetBytes("a,b\n1,ü€😀\n")]);
        Assert.Equal(["ü€😀"], (await engine.CopyAsync(file, TextFiles.Texts("b"))).Column(0));
    }

    [Fact]
    public async Task Other_encodings_are_said()
    {
        byte[] bytes = [.. "a,b\n1,"u8, 0xFC, 0x80, .. "\n"u8];
        var error = await Assert.ThrowsAsync<EngineException>(() => engine.CopyAsync(engine.Bytes("csv", bytes), TextFiles.Texts("b")));
        Assert.Contains("line 2 (byte 6), has the byte 0xFC", error.Message, StringComparison.Ordinal);
        var said = engine.Bytes("csv", bytes, new() { Csv = new() { Encoding = "windows-1252" } });
        Assert.Equal(["ü€"], (await engine.CopyAsync(said, TextFiles.Texts("b"))).Column(0));
    }

    [Fact]
    public async Task Settings_go_before_what_is_found()
    {
        var settings = new CsvSettings { Separator = ";", Quote = "'", Escape = "\\", HeaderRows = 2 };
        var file = engine.Csv("title, of the report\na;b\n'x;\\'y';\"1\"\n", settings);
        var copied = await engine.CopyAsync(file, TextFiles.Texts("a", "b"));
        Assert.Equal(["x;'y", "\"1\""], copied.Rows.Single().Values);
        var named = engine.Csv("1,2\n3,4\n", new() { HeaderRows = 0, Columns = ["x", "y"] });
        Assert.Equal(["2", "4"], (await engine.CopyAsync(named, TextFiles.Texts("y"))).Column(0));
        var tab = engine.Csv("a\tb\n1,5\t2\n", new() { Separator = "t" });
        Assert.Equal(["1,5"], (await engine.CopyAsync(tab, TextFiles.Texts("a"))).Column(0));
    }

    [Fact]
    public async Task Settings_that_cannot_be_are_all_named()
    {
        var error = await Assert.ThrowsAsync<EngineException>(() => engine.CopyAsync(engine.Csv("a\n", new() { Separator = "ab", Quote = "\n", HeaderRows = -1, Encoding = "ebcdic" }), TextFiles.Texts("a")));
        Assert.All(["file/separator", "file/quote", "file/header-rows", "file/encoding"], key => Assert.Contains(key, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_header_columns_are_numbered()
    {
        var columns = await engine.Engine.InferAsync(engine.Csv("1,x\n2,y\n"), TestContext.Current.CancellationToken);
        Assert.Equal(["column1", "column2"], columns.Select(column => column.Name));
        Assert.Equal(["1", "2"], (await engine.CopyAsync(engine.Csv("1,x\n2,y\n"), TextFiles.Texts("column1"))).Column(0));
    }

    [Theory]
    [InlineData("2;x;2021-07-01 12:07:55\n")]
    [InlineData("id;name;started\n2;x;2021-07-01 12:07:55\n")]
    [InlineData("Started; MAILINGID ;other;name\n2021-07-01 12:07:55;2;;x\n")]
    [InlineData("id;mailingId;started;name\n2;9;2021-07-01 12:07:55;x\n")]
    [InlineData("just text\n2;x;2021-07-01 12:07:55\n2;y;2021-07-01 12:07:55\n")]
    public async Task Known_columns_are_found_with_and_without_a_header_row(string text)
    {
        var file = engine.Csv(text, new() { ColumnNames = [["id", "mailingId"], ["name"], ["started"]] });
        var copied = await engine.CopyAsync(
            file, TextFiles.Field("id", FieldType.Integer), TextFiles.Field("name", FieldType.String), TextFiles.Field("started", FieldType.Datetime) with { TimeZone = "Europe/Berlin" });
        Assert.Equal("2", copied.Rows[0].Values[0]);
        Assert.Equal("x", copied.Rows[0].Values[1]);
        Assert.Equal("2021-07-01T10:07:55", copied.Rows[0].Values[2]![..19].Replace(' ', 'T'));
    }

    [Fact]
    public async Task Columns_behind_the_known_ones_of_a_file_without_header_row_are_numbered()
    {
        var columns = await engine.Engine.InferAsync(engine.Csv("1,x,2\n2,y,3\n", new() { ColumnNames = [["id"], ["name"]] }), TestContext.Current.CancellationToken);
        Assert.Equal(["id", "name", "column3"], columns.Select(column => column.Name));
        var error = await Assert.ThrowsAsync<EngineException>(() => engine.CopyAsync(engine.Csv("1\n", new() { ColumnNames = [["a"], ["A"]], HeaderRows = 1 }), TextFiles.Texts("a")));
        Assert.Contains("two columns of one first name", error.Message, StringComparison.Ordinal);
        Assert.Contains("leave out file/columns and file/header-rows", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Local_times_become_instants_by_their_zone_and_offsets_go_before_it()
    {
        string[] times = ["2021-01-01 00:30:00", "2021-03-28 01:59:59", "2021-03-28 02:30:00", "2021-03-28 03:00:00", "2021-10-31 01:59:59.5", "2021-10-31 02:30:00", "2021-10-31 03:00:00", "1969-12-31 23:59:59", "2021-07-01T12:00:00Z", "2021-07-01 12:00:00+05:00"];
        var copied = await engine.CopyAsync(engine.Csv("t\n" + string.Join('\n', times) + "\n"), TextFiles.Field("t", FieldType.Datetime) with { TimeZone = "Europe/Berlin" });
        Assert.Equal(
            ["2020-12-31 23:30:00", "2021-03-28 00:59:59", "2021-03-28 01:30:00", "2021-03-28 01:00:00", "2021-10-30 23:59:59", "2021-10-31 01:30:00", "2021-10-31 02:00:00", "1969-12-31 22:59:59", "2021-07-01 12:00:00", "2021-07-01 07:00:00"],
            copied.Column(0).Select(value => value![..19].Replace('T', ' ')));
        var pattern = TextFiles.Field("t", FieldType.Datetime) with { TimeZone = "America/New_York", Pattern = "dd.MM.yyyy HH:mm" };
        Assert.StartsWith("2021-07-01", (await engine.CopyAsync(engine.Csv("t\n30.06.2021 23:00\n"), pattern)).Column(0).Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Equal_and_empty_names_are_told_apart()
    {
        var columns = await engine.Engine.InferAsync(engine.Csv("id,,id,ID,name\n1,2,3,4,5\n"), TestContext.Current.CancellationToken);
        Assert.Equal(["id", "column2", "id_2", "ID_3", "name"], columns.Select(column => column.Name));
    }

    [Fact]
    public async Task Empty_is_null_and_quoted_empty_a_text()
    {
        var copied = await engine.CopyAsync(engine.Csv("a,b,c\n,\"\",\" \"\n"), TextFiles.Field("a", FieldType.String), TextFiles.Field("b", FieldType.String), TextFiles.Field("c", FieldType.String));
        Assert.Equal([null, "", " "], copied.Rows.Single().Values);
        copied = await engine.CopyAsync(engine.Csv("a,b\n,\"\"\n"), TextFiles.Field("a", FieldType.Integer), TextFiles.Field("b", FieldType.Date));
        Assert.Equal([null, null], copied.Rows.Single().Values);
    }

    [Fact]
    public async Task Quotes_hold_separators_line_ends_and_quotes()
    {
        var copied = await engine.CopyAsync(engine.Csv("a,b\n\"x,\r\n\"\"y\"\"\n\",5\" pipe\n\"\"\"\",\"\"\"z\"\"\"\n"), TextFiles.Texts("a", "b"));
        Assert.Equal(["x,\r\n\"y\"\n", "\""], copied.Column(0));
        Assert.Equal(["5\" pipe", "\"z\""], copied.Column(1));
    }

    [Fact]
    public async Task Ragged_rows_are_rejected_with_their_position_and_the_rest_is_kept()
    {
        var copied = await engine.CopyAsync(engine.Csv("a,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n"), TextFiles.Texts("a", "c"));
        Assert.Equal(["1", "10"], copied.Column(0));
        Assert.Equal([1L, 4L], copied.Rows.Select(row => row.RowNo));
        Assert.Equal([(2L, "4,5", "has 2 fields, expected 3 (line 3 (byte 12))"), (3L, "6,7,8,9", "has 4 fields, expected 3 (line 4 (byte 16))")], copied.Rejected.Select(row => (row.RowNo, row.Value!, row.Reason)));
    }

    [Fact]
    public async Task Nul_bytes_are_data_that_text_cannot_hold()
    {
        var copied = await engine.CopyAsync(engine.Csv("a,b\nx\0,1\ny,2\n"), TextFiles.Texts("a", "b"));
        Assert.Equal(["y"], copied.Column(0));
        Assert.Equal("x\u2400", copied.Rejected.Single().Value);
    }

    [Theory]
    [InlineData("a,b\n1,\"x\"y\n", "line 2 (byte 9), has text behind a closing quote in a record that begins at line 2 (byte 4)")]
    [InlineData("a,b\n1,x\n2,\"y\n3,z\n", "line 3 (byte 10), opens a quote that the file never closes")]
    [InlineData("a,b\n1,x\n2\r,y\n", "line 3 (byte 9), has a carriage return")]
    public async Task Other_faults_end_the_file_with_their_position(string text, string expected)
    {
        var error = await Assert.ThrowsAsync<EngineException>(() => engine.CopyAsync(engine.Csv(text, new() { Separator = ",", Quote = "\"" }), TextFiles.Texts("a")));
        Assert.Equal(EngineFailure.BadFile, error.Failure);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("id,v\n4,d\n5,\"e\n6,f\n")]
    [InlineData("id;v\n4;\"d\"\n5;\"e\n6;it's\n")]
    public async Task An_open_quote_is_never_taken_for_text(string text)
    {
        var error = await Assert.ThrowsAsync<EngineException>(() => engine.CopyAsync(engine.Csv(text), TextFiles.Texts("id")));
        Assert.Contains("line 3 (byte ", error.Message, StringComparison.Ordinal);
        Assert.Contains("opens a quote that the file never closes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Escapes_by_backslash_are_found()
    {
        var copied = await engine.CopyAsync(engine.Csv("a,b\n1,\"x \\\"y\\\" \\\\\"\n2,\"z, z\"\n"), TextFiles.Texts("b"));
        Assert.Equal(["x \"y\" \\", "z, z"], copied.Column(0));
    }

    [Fact]
    public async Task An_open_quote_in_the_middle_of_a_large_file_never_loses_rows_in_silence()
    {
        // DuckDB's reader returned 300,001 rows too few and one reject for such a file (docs/adr/0070).
        var text = new StringBuilder("id,name\n");
        for (var i = 0; i < 150_000; i++)
        {
            text.Append(i == 60_000 ? $"{i},\"open\n" : i % 3 == 0 ? $"{i},\"n {i}\"\n" : $"{i},n {i}\n");
        }

        var error = await Assert.ThrowsAsync<EngineException>(() => engine.CopyAsync(engine.Csv(text.ToString()), TextFiles.Texts("id")));
        Assert.Contains("line 6000", error.Message, StringComparison.Ordinal);
        Assert.Contains("text behind a closing quote", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fields_of_megabytes_are_taken_and_endless_records_refused()
    {
        var large = string.Concat(Enumerable.Repeat("0123456789\"\"\n", 90_000));
        var copied = await engine.CopyAsync(engine.Csv($"a,b\n1,\"{large}\"\n2,y\n"), TextFiles.Texts("b"));
        Assert.Equal([large.Replace("\"\"", "\"", StringComparison.Ordinal), "y"], copied.Column(0));
        var error = await Assert.ThrowsAsync<EngineException>(() => engine.CopyAsync(engine.Csv($"a,b\n1,{new string('x', 17 << 20)}\n"), TextFiles.Texts("b")));
        Assert.Contains("line 2 (byte 4), begins a record of more than 16 MB", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_required_column_the_header_lacks_ends_the_file()
    {
        var error = await Assert.ThrowsAsync<EngineException>(() => engine.CopyAsync(engine.Csv("a,b\n1,2\n"), TextFiles.Field("id", FieldType.Integer) with { Required = true }));
        Assert.Contains("has no column 'id'", error.Message, StringComparison.Ordinal);
        Assert.Contains("a, b", error.Message, StringComparison.Ordinal);
        var copied = await engine.CopyAsync(engine.Csv("a,b\n1,2\n"), TextFiles.Texts("id"));
        Assert.Equal(["id"], copied.Summary.Files[0].MissingColumns);
        Assert.Equal(["a", "b"], copied.Summary.Files[0].ExtraColumns.Select(column => column.Name));
    }

    [Fact]
    public async Task The_paths_values_are_columns_unless_the_file_has_them()
    {
        var file = engine.Csv("a,event\n1,own\n2,\n") with { Partitions = new Dictionary<string, string> { ["date"] = "2020-09-14", ["event"] = "path", ["none"] = "__HIVE_DEFAULT_PARTITION__" } };
        var copied = await engine.CopyAsync(file, TextFiles.Field("date", FieldType.Date), TextFiles.Field("event", FieldType.String), TextFiles.Field("none", FieldType.String));
        Assert.Equal([["2020-09-14", "own", null], ["2020-09-14", null, null]], copied.Rows.Select(row => row.Values));
    }

    [Fact]
    public async Task Types_are_inferred_without_losing_a_digit()
    {
        var file = engine.Csv("""
            id,code,price,ratio,day,moment,us,either,flag,nested,phone,empty
            1,007,1.5,1e-3,2020-01-02,2020-01-02 03:04:05,12/31/2020,01/02/2020,true,"{""a"":1}",+49 89,
            2,008,20,2.5,2020-01-03,2020-01-02T03:04:05+02:00,01/02/2021,03/04/2020,FALSE,[],0171,
            """);
        var columns = await engine.Engine.InferAsync(file, TestContext.Current.CancellationToken);
        Assert.Equal(
            ["id:Integer", "code:String", "price:Decimal", "ratio:Float", "day:Date", "moment:Datetime", "us:Date", "either:String", "flag:Boolean", "nested:Json", "phone:String", "empty:String"],
            columns.Select(column => $"{column.Name}:{column.Type}"));
        Assert.Equal("MM/dd/yyyy", columns.Single(column => column.Name == "us").Pattern);
        Assert.Equal([false, true], columns.Where(column => column.Name is "id" or "empty").Select(column => column.Nullable));
    }

    [Fact]
    public async Task A_preview_says_how_the_file_is_written_and_which_rows_are_bad()
    {
        var preview = await engine.Engine.PreviewAsync(engine.Csv("a;b\n1;\"x;\"\"y\"\n2\n3;\n"), 10, TestContext.Current.CancellationToken);
        Assert.Equal(["a", "b"], preview.Columns);
        Assert.Equal([["\"1\"", "\"x;\\\"y\""], ["\"3\"", null]], preview.Rows);
        Assert.Equal((";", "\"", 1, "utf-8"), (preview.Settings!.Csv!.Separator, preview.Settings.Csv.Quote, preview.Settings.Csv.HeaderRows, preview.Settings.Csv.Encoding));
        Assert.Equal(["line 3 (byte 14) has 1 fields, expected 2"], preview.BadRows);
    }
}
