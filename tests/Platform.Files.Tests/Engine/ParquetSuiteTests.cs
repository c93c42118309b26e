using System.Text.Json;
using Platform.Files.Engine;
using Platform.Testing;
using Xunit;

namespace Platform.Files.Tests.Engine;

/// <summary>The Parquet project's own compatibility files: each gives the rows it has, or a clear refusal.</summary>
public sealed class ParquetSuiteTests(EngineFixture engine)
{
    /// <summary>Files DuckDB does not read, with what the refusal must say.</summary>
    private static readonly Dictionary<string, string> Refused = new()
    {
        ["hadoop_lz4_compressed.parquet"] = "Unsupported compression codec \"LZ4\"",
        ["map_no_value.parquet"] = "MAP_KEY_VALUE requires two children",
        ["uniform_encryption.parquet.encrypted"] = "is encrypted",
    };

    public static TheoryData<string> GoodFiles =>
        [.. Directory.EnumerateFiles(SharedData.Path("parquet", "data"), "*.parquet*").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    public static TheoryData<string> BadFiles =>
        [.. Directory.EnumerateFiles(SharedData.Path("parquet", "bad_data"), "*.parquet").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(GoodFiles))]
    public async Task A_file_gives_its_rows_or_a_clear_refusal(string name)
    {
        var file = EngineFixture.Source(SharedData.Path("parquet", "data", name));
        if (Refused.TryGetValue(name, out var said))
        {
            var error = await Assert.ThrowsAsync<EngineException>(async () => await engine.CopyAsync(file, await engine.FieldsOfAsync(file)));
            Assert.Equal(EngineFailure.BadFile, error.Failure);
            Assert.StartsWith($"{file.Name} cannot be read as parquet", error.Message, StringComparison.Ordinal);
            Assert.Contains(said, error.Message, StringComparison.Ordinal);
            return;
        }

        var fields = await engine.FieldsOfAsync(file);
        var copied = await engine.CopyAsync(file, fields);
        Assert.Equal(RowsOf($"data/{name}"), copied.Summary.Read);
        ParquetExpectation.Of(name)?.Holds(fields, copied, name);

        // One INT96 value of Spark's lies in the year before 1: no PostgreSQL date of ours.
        Assert.Equal(name == "int96_from_spark.parquet" ? 1 : 0, copied.Summary.Rejected);
    }

    [Theory]
    [MemberData(nameof(BadFiles))]
    public async Task A_damaged_file_ends_in_a_refusal_and_never_in_a_crash(string name)
    {
        var file = EngineFixture.Source(SharedData.Path("parquet", "bad_data", name));
        if (name == "ARROW-GH-45185.parquet")
        {
            // Its first list begins in the middle: DuckDB leaves out that half list and gives the five rows the file declares.
            Assert.Equal(["[1,2]", "[3,4]", "[5,6]", "[7,8]", "[9]"], (await engine.CopyAsync(file, await engine.FieldsOfAsync(file))).Column(0));
            return;
        }

        var error = await Assert.ThrowsAsync<EngineException>(async () => await engine.CopyAsync(file, await engine.FieldsOfAsync(file)));
        Assert.Equal(EngineFailure.BadFile, error.Failure);
        Assert.DoesNotContain(file.Path, error.Message, StringComparison.Ordinal);
    }

    /// <summary>How many rows other readers find in a file.</summary>
    private static long RowsOf(string name)
    {
        using var index = JsonDocument.Parse(File.ReadAllText(SharedData.Path("parquet", "index.json")));
        var entry = index.RootElement.EnumerateArray().Single(file => file.GetProperty("file").GetString() == name);
        return (entry.TryGetProperty("rowsRead", out var rows) && rows.ValueKind == JsonValueKind.Number ? rows : entry.GetProperty("footerRows")).GetInt64();
    }

    [Fact]
    public async Task Decimals_keep_every_digit()
    {
        foreach (var name in new[] { "int32_decimal.parquet", "byte_array_decimal.parquet", "fixed_length_decimal.parquet" })
        {
            var file = EngineFixture.Source(SharedData.Path("parquet", "data", name));
            var copied = await engine.CopyAsync(file, await engine.FieldsOfAsync(file));
            Assert.Equal(Enumerable.Range(1, 24).Select(i => $"{i}.00"), copied.Column(0));
        }
    }

    [Fact]
    public async Task A_file_that_is_gone_is_a_matter_of_the_environment()
    {
        var file = EngineFixture.Source(engine.PathOf("gone.parquet"));
        var error = await Assert.ThrowsAsync<EngineException>(() => engine.FieldsOfAsync(file));
        Assert.Equal(EngineFailure.Environment, error.Failure);
        Assert.StartsWith($"{file.Name} is no longer", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_with_wildcards_and_quotes_means_that_file_only()
    {
        var other = engine.Parquet("SELECT 2 AS i");
        File.Copy(other.Path, engine.PathOf("part-1's.parquet"));
        var odd = EngineFixture.Source(engine.PathOf("part-[0-9]*'s.parquet"));
        File.Copy(engine.Parquet("SELECT 1 AS i").Path, odd.Path);
        Assert.Equal(["1"], (await engine.CopyAsync(odd, new LoadField { Name = "i", Incoming = "i", Type = FieldType.Integer })).Column(0));
    }

    [Fact]
    public async Task A_file_cut_short_or_of_another_kind_is_refused_by_its_name()
    {
        var whole = engine.Parquet("SELECT i, uuid()::VARCHAR AS text FROM range(10000) t(i)");
        using var stream = new MemoryStream();
        await using (var opened = File.OpenRead(whole.Path))
        {
            await opened.CopyToAsync(stream, TestContext.Current.CancellationToken);
        }

        var bytes = stream.ToArray().AsMemory();
        foreach (var (name, content) in new (string, ReadOnlyMemory<byte>)[]
        {
            ("cut.parquet", bytes[..(bytes.Length / 2)]),
            ("tail.parquet", bytes[(bytes.Length / 2)..]),
            ("empty.parquet", default),
            ("text.parquet", "id;name\n1;Anna\n2;Bert\n"u8.ToArray()),
        })
        {
            var file = EngineFixture.Source(engine.PathOf(name));
            await File.WriteAllBytesAsync(file.Path, content, TestContext.Current.CancellationToken);
            var error = await Assert.ThrowsAsync<EngineException>(() => engine.CopyAsync(file, new LoadField { Name = "i", Incoming = "i", Type = FieldType.Integer }));
            Assert.Equal(EngineFailure.BadFile, error.Failure);
            Assert.StartsWith($"{file.Name} cannot be read as parquet", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(file.Path, error.Message, StringComparison.Ordinal);
        }
    }
}
