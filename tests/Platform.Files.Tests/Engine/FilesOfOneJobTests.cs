using Platform.Files.Engine;
using Xunit;

namespace Platform.Files.Tests.Engine;

/// <summary>Several files in one job, each with its own schema and its own counts.</summary>
public sealed class FilesOfOneJobTests(EngineFixture engine)
{
    private static readonly LoadField Key = new() { Name = "key", Incoming = "id", Type = FieldType.String, Required = true };
    private static readonly LoadField Amount = new() { Name = "amount", Incoming = "amount", Type = FieldType.Integer };
    private static readonly LoadField Day = new() { Name = "day", Incoming = "date", Type = FieldType.Date };

    [Fact]
    public async Task Rows_come_file_after_file_with_their_lineage()
    {
        var first = engine.Parquet("SELECT 'a' || i AS id, i AS amount FROM range(3000) t(i)", fileId: 11);
        var second = engine.Parquet("SELECT 'b' || i AS id, i AS amount FROM range(5) t(i)", fileId: 7);
        var copied = await engine.CopyAsync([first, second], [Key, Amount]);
        Assert.Equal(Enumerable.Range(1, 3000).Select(i => (11L, (long)i)).Concat(Enumerable.Range(1, 5).Select(i => (7L, (long)i))), copied.Rows.Select(row => (row.FileId, row.RowNo)));
        Assert.All(copied.Rows, row => Assert.Equal(42, row.LoadId));
        Assert.Equal([(11L, 3000L, 0L), (7L, 5L, 0L)], copied.Summary.Files.Select(file => (file.FileId, file.Read, file.Rejected)));
    }

    [Fact]
    public async Task A_file_may_lack_an_optional_column_hold_it_in_another_type_or_have_more()
    {
        var whole = engine.Parquet("SELECT 'a' AS id, 1 AS amount", fileId: 1);
        var lacking = engine.Parquet("SELECT 'b' AS \"ID\"", fileId: 2);
        var text = engine.Parquet("SELECT * FROM (VALUES ('c', '3', true, [1]), ('d', 'three', true, [1])) t(id, amount, extra, more)", fileId: 3);
        var copied = await engine.CopyAsync([whole, lacking, text], [Key, Amount]);
        Assert.Equal(["a 1", "b ", "c 3"], copied.Rows.Select(row => $"{row.Values[0]} {row.Values[1]}"));
        Assert.Equal(new RejectedRow(3, 2, "amount", "three", copied.Rejected[0].Reason), Assert.Single(copied.Rejected));
        Assert.Equal([[], ["amount"], []], copied.Summary.Files.Select(file => file.MissingColumns));
        Assert.Equal([("extra", FieldType.Boolean), ("more", FieldType.Json)], copied.Summary.Files[2].ExtraColumns.Select(column => (column.Name, column.Type)));
        Assert.Equal([0L, 0L, 1L], copied.Summary.Files.Select(file => file.Rejected));
    }

    [Fact]
    public async Task A_missing_required_column_names_file_column_and_what_there_is()
    {
        var file = engine.Parquet("SELECT 1 AS uuid, 2 AS amount");
        var error = await Assert.ThrowsAsync<EngineException>(() => engine.CopyAsync(file, Key, Amount));
        Assert.Equal(EngineFailure.BadFile, error.Failure);
        Assert.Contains($"{file.Name} has no column 'id'", error.Message, StringComparison.Ordinal);
        Assert.Contains("uuid, amount", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(file.Path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_null_in_a_required_field_rejects_the_row()
    {
        var file = engine.Parquet("SELECT * FROM (VALUES ('a', 1), (NULL, 2), ('c', NULL)) t(id, amount)");
        var copied = await engine.CopyAsync(file, Key, Amount);
        Assert.Equal([1L, 3L], copied.Rows.Select(row => row.RowNo));
        Assert.Equal((2L, "key", null), (copied.Rejected.Single().RowNo, copied.Rejected.Single().Field, copied.Rejected.Single().Value));
    }

    [Fact]
    public async Task A_row_with_several_bad_values_counts_once_and_reports_each()
    {
        var file = engine.Parquet("SELECT NULL AS id, 'x' AS amount, 'y' AS date");
        var copied = await engine.CopyAsync(file, Key, Amount, Day);
        Assert.Equal(["key", "amount", "day"], copied.Rejected.Select(row => row.Field));
        Assert.Equal((1L, 1L, 0L), (copied.Summary.Read, copied.Summary.Rejected, copied.Summary.Written));
    }

    [Fact]
    public async Task Values_of_the_path_are_columns_unless_the_file_has_them()
    {
        var partitions = new Dictionary<string, string> { ["date"] = "2020-09-14", ["event"] = "add_to_cart's", ["amount"] = "99", ["region"] = "__HIVE_DEFAULT_PARTITION__" };
        var file = engine.Parquet("SELECT 'a' AS id, 1 AS amount") with { Partitions = partitions };
        LoadField text(string name) => new() { Name = name, Incoming = name, Type = FieldType.String };
        var copied = await engine.CopyAsync(file, Key, Amount, Day, text("event"), text("region"));
        Assert.Equal(["a", "1", "2020-09-14", "add_to_cart's", null], Assert.Single(copied.Rows).Values);

        var inferred = await engine.Engine.InferAsync(file, TestContext.Current.CancellationToken);
        Assert.Equal(["id", "amount", "date", "event", "region"], inferred.Select(column => column.Name));
    }

    [Fact]
    public async Task Two_fields_may_read_one_column()
    {
        var file = engine.Parquet("SELECT '12' AS id");
        var copied = await engine.CopyAsync(file, Key, Amount with { Incoming = "ID" });
        Assert.Equal(["12", "12"], Assert.Single(copied.Rows).Values);
    }

    [Fact]
    public async Task Rejected_values_are_cut_and_capped_but_all_counted()
    {
        var file = engine.Parquet("SELECT repeat('é', 1000) AS amount FROM range(50)");
        var rejected = new List<RejectedRow>();
        var summary = await engine.Engine.CopyAsync(
            new CopyJob { Files = [file], Fields = [Amount], LoadId = 1, MaxRejectsKept = 20 },
            new CopySink { OnData = (_, _) => ValueTask.CompletedTask, OnRejected = (row, _) => { rejected.Add(row); return ValueTask.CompletedTask; } },
            TestContext.Current.CancellationToken);
        Assert.Equal(50, summary.Rejected);
        Assert.Equal(20, rejected.Count);
        Assert.All(rejected, row => Assert.Equal(new string('é', 200), row.Value));
    }

    [Fact]
    public async Task Values_of_many_megabytes_pass()
    {
        var file = engine.Parquet("SELECT 'small' AS id UNION ALL SELECT repeat('x', 5000000) UNION ALL SELECT repeat('y', 20000000)");
        var copied = await engine.CopyAsync(file, Key);
        Assert.Equal([5, 5_000_000, 20_000_000], copied.Column(0).Select(value => value!.Length).Order());
    }

    [Fact]
    public async Task A_stream_without_header_and_trailer_holds_rows_only()
    {
        var file = engine.Parquet("SELECT 7 AS amount");
        using var stream = new MemoryStream();
        await engine.Engine.CopyAsync(
            new CopyJob { Files = [file], Fields = [Amount], LoadId = 1, IncludeHeaderTrailer = false },
            new CopySink { OnData = stream.WriteAsync },
            TestContext.Current.CancellationToken);
        Assert.Equal(2 + (4 * 12), stream.Length);
    }

    [Fact]
    public async Task A_preview_shows_the_first_rows_as_json()
    {
        var partitions = new Dictionary<string, string> { ["date"] = "2020-09-14" };
        var file = engine.Parquet("SELECT i AS id, 'nan'::DOUBLE AS d, ['a'] AS list, NULL AS nothing, 'x' AS \"select\" FROM range(100) t(i)") with { Partitions = partitions };
        var preview = await engine.Engine.PreviewAsync(file, 2, TestContext.Current.CancellationToken);
        Assert.Equal(["id", "d", "list", "nothing", "select", "date"], preview.Columns);
        Assert.Equal([["0", "\"nan\"", "[\"a\"]", null, "\"x\"", "\"2020-09-14\""], ["1", "\"nan\"", "[\"a\"]", null, "\"x\"", "\"2020-09-14\""]], preview.Rows);
    }
}
