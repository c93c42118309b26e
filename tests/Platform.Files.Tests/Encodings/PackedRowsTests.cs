using Platform.Files.Engine;
using Platform.Files.Tests.Avro;
using Platform.Files.Tests.Engine;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.Files.Tests.Encodings;

/// <summary>Packed files in the reading process: their rows, numbers and failures.</summary>
public sealed class PackedRowsTests(EngineFixture engine)
{
    private static readonly LoadField Id = new() { Name = "id", Incoming = "id", Type = FieldType.Integer };

    [Fact]
    public async Task Rows_of_an_archives_members_are_numbered_on()
    {
        var folder = Directory.CreateTempSubdirectory("members-");
        try
        {
            foreach (var (name, first) in new[] { ("part-2.avro", 3), ("part-1.avro", 0), ("README.txt", 0) })
            {
                await File.WriteAllBytesAsync(Path.Combine(folder.FullName, name), Numbers(first), TestContext.Current.CancellationToken);
            }

            var file = Packed("members.tar.gz", Tool.Run("tar", ["-cz", "part-2.avro", "part-1.avro", "README.txt"], folder: folder.FullName), "avro") with { Settings = new() { Member = new("part-*.avro", false) } };
            var copied = await engine.CopyAsync(file, Id);
            Assert.Equal(["0", "1", "2", "3", "4", "5"], copied.Column(0));
            Assert.Equal([1, 2, 3, 4, 5, 6], copied.Rows.Select(row => row.RowNo));
            Assert.All(copied.Rows, row => Assert.Equal(file.FileId, row.FileId));
            var counts = Assert.Single(copied.Summary.Files);
            Assert.Equal((6, 0), (counts.Read, counts.Rejected));

            var bad = await Assert.ThrowsAsync<EngineException>(() => engine.CopyAsync(file, new LoadField { Name = "x", Incoming = "x", Type = FieldType.Integer, Required = true }));
            Assert.StartsWith("landed/members.tar.gz!/part-1.avro has no column 'x'", bad.Message, StringComparison.Ordinal);

            var head = await engine.Engine.HeadAsync(file, 4, TestContext.Current.CancellationToken);
            Assert.Equal(("landed/members.tar.gz!/part-1.avro", "Obj\u0001", false), (head.Name, System.Text.Encoding.ASCII.GetString(head.Bytes), head.IsWhole));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task CSV_is_read_while_it_is_unpacked_and_its_bad_rows_have_their_numbers()
    {
        var folder = Directory.CreateTempSubdirectory("members-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "a.csv"), "id\n1\n2\n", TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "b.csv"), "id\n3\nfour\n5\n", TestContext.Current.CancellationToken);
            var zip = Tool.Run("zip", ["-q", "-", "a.csv", "b.csv"], folder: folder.FullName);
            var file = Packed("rows.csv.zip.gz", CompressedFilesTests.Pack("gzip", zip), "csv") with { Settings = new() { Member = new("*.csv", false) } };
            var copied = await engine.CopyAsync(file, Id);
            Assert.Equal([("1", 1), ("2", 2), ("3", 3), ("5", 5)], copied.Rows.Select(row => (row.Values[0]!, row.RowNo)));
            Assert.Equal((4, "four"), (copied.Rejected.Single().RowNo, copied.Rejected.Single().Value));

            var damaged = Packed("rows.csv.gz", CompressedFilesTests.Pack("gzip", "id\n1\n"u8.ToArray())[..^3], "csv");
            var error = await Assert.ThrowsAsync<EngineException>(() => engine.CopyAsync(damaged, Id));
            Assert.Equal(EngineFailure.BadFile, error.Failure);
            Assert.Contains("its gzip data is wrong at byte", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public async Task Parquet_is_unpacked_before_it_is_read(string program)
    {
        var file = Packed($"rows.parquet.{program}", CompressedFilesTests.Pack(program, Tool.Read(engine.Parquet("SELECT i AS id FROM range(1000) t(i)").Path)), "parquet");
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => $"{i}"), (await engine.CopyAsync(file, await engine.FieldsOfAsync(file))).Column(0));
        Assert.Equal(2, (await engine.Engine.PreviewAsync(file, 2, TestContext.Current.CancellationToken)).Rows.Count);
    }

    [Fact]
    public async Task Damage_behind_the_last_row_still_fails_the_file()
    {
        var packed = CompressedFilesTests.Pack("gzip", Numbers(0));
        packed[^5] ^= 1;
        var error = await Assert.ThrowsAsync<EngineException>(() => engine.CopyAsync(Packed("damaged.avro.gz", packed, "avro"), Id));
        Assert.Equal(EngineFailure.BadFile, error.Failure);
        Assert.StartsWith("landed/damaged.avro.gz is damaged: its gzip data is wrong at byte", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PGP_is_opened_in_the_reading_process()
    {
        using var keys = new PgpFilesTests.Keys();
        var file = Packed("secret.avro.pgp", keys.Encrypt("ours", Numbers(7)), "avro") with { Pgp = keys.Of("ours") };
        Assert.Equal(["7", "8", "9"], (await engine.CopyAsync(file, Id)).Column(0));
    }

    private static byte[] Numbers(int first) => new AvroWriter("""{"type":"record","name":"r","fields":[{"name":"id","type":"long"}]}""").Block(3, rows =>
    {
        for (var i = 0; i < 3; i++)
        {
            AvroWriter.Number(rows, first + i);
        }
    }).ToArray();

    private SourceFile Packed(string name, byte[] content, string format)
    {
        var file = EngineFixture.Source(engine.PathOf(name), format: format);
        File.WriteAllBytes(file.Path, content);
        return file;
    }
}
