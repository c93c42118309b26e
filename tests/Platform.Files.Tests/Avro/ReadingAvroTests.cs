using Platform.Files.Engine;
using Platform.Files.Tests.Engine;
using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.Files.Tests.Avro;

/// <summary>Types, codecs and kinds of damage the collected files do not have.</summary>
public sealed class ReadingAvroTests(EngineFixture engine)
{
    private const string Ids = """{"type":"record","name":"r","fields":[{"name":"id","type":"long"}]}""";

    [Fact]
    public async Task Logical_types_become_typed_columns()
    {
        var file = Write("logical.avro", new AvroWriter("""
            {"type":"record","name":"r","namespace":"a.b","fields":[
              {"name":"d38","type":{"type":"bytes","logicalType":"decimal","precision":38,"scale":10}},
              {"name":"d5","type":["null",{"type":"fixed","name":"five","size":3,"logicalType":"decimal","precision":5,"scale":2}]},
              {"name":"day","type":{"type":"int","logicalType":"date"}},
              {"name":"clock","type":{"type":"long","logicalType":"time-micros"}},
              {"name":"uuid","type":{"type":"fixed","name":"u","size":16,"logicalType":"uuid"}},
              {"name":"span","type":{"type":"fixed","name":"s","size":12,"logicalType":"duration"}},
              {"name":"number","type":["null","int","long"]},
              {"name":"again","type":["a.b.five","null"]},
              {"name":"odd","type":{"type":"bytes","logicalType":"decimal","precision":2,"scale":9}},
              {"name":"local","type":{"type":"long","logicalType":"local-timestamp-micros"}}]}
            """).Block(1, row =>
        {
            AvroWriter.Bytes(row, Convert.FromHexString("B4C4B357A5793B85F675DDC000000001"));
            AvroWriter.Number(row, 1);
            row.Write([0xFE, 0x79, 0x61]);
            AvroWriter.Number(row, 18_000);
            AvroWriter.Number(row, 45_296_000_001);
            row.Write(Convert.FromHexString("00112233445566778899AABBCCDDEEFF"));
            row.Write([14, 0, 0, 0, 3, 0, 0, 0, 0xDC, 5, 0, 0]);
            AvroWriter.Number(row, 2);
            AvroWriter.Number(row, long.MaxValue);
            AvroWriter.Number(row, 0);
            row.Write([0, 0, 1]);
            AvroWriter.Bytes(row, [1, 2]);
            AvroWriter.Number(row, 1_600_000_000_123_456);
        }));
        var fields = await engine.FieldsOfAsync(file);
        Assert.Equal(
            ["Decimal", "Decimal", "Date", "String", "String", "String", "Integer", "Decimal", "String", "Datetime"],
            fields.Select(field => field.Type.ToString()));
        Assert.Equal((38, 10), (fields[0].Precision, fields[0].Scale));
        Assert.Equal(
            ["-9999999999999999999999999999.9999999999", "-999.99", "2019-04-14", "12:34:56.000001", "00112233-4455-6677-8899-aabbccddeeff", "P14M3DT1.5S", "9223372036854775807", "0.01", "0102", "2020-09-13T12:26:40.123456Z"],
            (await engine.CopyAsync(file, fields)).Rows.Single().Values);
    }

    [Fact]
    public async Task A_nested_value_that_is_no_JSON_rejects_its_row_as_in_Parquet()
    {
        var file = Write("nan.avro", new AvroWriter("""{"type":"record","name":"r","fields":[{"name":"a","type":{"type":"array","items":"double"}}]}""").Block(2, rows =>
        {
            foreach (var value in new[] { 1.5, double.NaN })
            {
                AvroWriter.Number(rows, 1);
                AvroWriter.Double(rows, value);
                AvroWriter.Number(rows, 0);
            }
        }));
        var copied = await engine.CopyAsync(file, await engine.FieldsOfAsync(file));
        Assert.Equal(["[1.5]"], copied.Column(0));
        Assert.Equal((2, "[NaN]"), (copied.Rejected.Single().RowNo, copied.Rejected.Single().Value));
        var preview = await engine.Engine.PreviewAsync(file, 10, TestContext.Current.CancellationToken);
        Assert.Equal([["[1.5]"], ["\"[NaN]\""]], preview.Rows);
    }

    [Theory]
    [InlineData("bzip2", "bzip2")]
    [InlineData("xz", "xz")]
    [InlineData("zstandard", "zstd")]
    public async Task Blocks_of_every_codec_are_read_and_their_damage_is_noticed(string codec, string tool)
    {
        static void Rows(Stream rows)
        {
            for (var i = 0; i < 20_000; i++)
            {
                AvroWriter.Number(rows, i);
            }
        }

        byte[] Compress(byte[] bytes) => Tool.Run(tool, ["-c"], bytes);
        var good = new AvroWriter(Ids, codec).Block(20_000, Rows, Compress).Block(20_000, Rows, Compress).ToArray();
        var id = new LoadField { Name = "id", Incoming = "id", Type = FieldType.Integer };
        var copied = await engine.CopyAsync(Write($"{codec}.avro", good), id);
        Assert.Equal(Enumerable.Range(0, 40_000).Select(i => $"{i % 20_000}"), copied.Column(0));
        Assert.Equal(Enumerable.Range(1, 40_000).Select(i => (long)i), copied.Rows.Select(row => row.RowNo));

        // The last byte of the second block's checksum or content.
        good[^30] ^= 0x55;
        await RefusedAsync(Write($"{codec}-bad.avro", good), $"block 2 at byte [0-9]+ is damaged: its {codec} data cannot be decompressed");
    }

    [Fact]
    public async Task A_wrong_snappy_checksum_a_wrong_marker_and_a_cut_are_refused_by_block_and_byte()
    {
        // 1 byte of content, stored as one literal of snappy; the checksum is that of another content.
        await RefusedAsync(Write("crc.avro", new AvroWriter(Ids, "snappy").Block(1, [1, 0, 2, 0, 0, 0, 0])), "block 1 at byte [0-9]+ is damaged: its snappy data cannot be decompressed: its checksum is wrong");
        await RefusedAsync(Write("sync.avro", new AvroWriter(Ids).Block(1, [2], new byte[16]).Block(1, [2])), "block 1 at byte [0-9]+ is damaged: its sync marker is 0{32}; expected 0102");
        await RefusedAsync(Write("cut.avro", new AvroWriter(Ids).Block(1, [2]).Block(1, [2]).ToArray()[..^10]), "block 2 at byte [0-9]+ is damaged: the file breaks off at byte [0-9]+, inside");
        await RefusedAsync(Write("left.avro", new AvroWriter(Ids).Block(1, [2, 4])), "1 bytes are left over behind its last row");
    }

    [Theory]
    [InlineData("""{"type":"record","name":"r","fields":[{"name":"d","type":{"type":"bytes","logicalType":"decimal","precision":39}}]}""", "a decimal of 39 digits at the schema.d; at most 38")]
    [InlineData("""{"type":"record","name":"r","fields":[{"name":"d","type":"nowhere"}]}""", "names the type 'nowhere'")]
    [InlineData("""{"type":"record","name":"r","fields":[{"name":"d","type":["null",["int"]]}]}""", "a union right inside a union")]
    [InlineData("""{"type":"rec""", "its schema is not JSON")]
    public async Task A_schema_that_cannot_be_used_says_what_is_wrong_with_it(string schema, string said) =>
        await RefusedAsync(Write($"schema-{schema.Length}.avro", new AvroWriter(schema)), said);

    [Fact]
    public async Task Claimed_lengths_and_depths_are_bounded_by_what_is_there()
    {
        const string List = """{"type":"record","name":"l","fields":[{"name":"next","type":["null","l"]}]}""";
        const string Nulls = """{"type":"record","name":"l","fields":[{"name":"a","type":{"type":"array","items":"null"}}]}""";
        const string Text = """{"type":"record","name":"l","fields":[{"name":"a","type":"string"}]}""";
        await RefusedAsync(Write("deep.avro", new AvroWriter(List).Block(1, [.. Enumerable.Repeat((byte)2, 100_000), 0])), "nested more than [0-9]+ levels deep");
        await RefusedAsync(Write("items.avro", new AvroWriter(Nulls).Block(1, row => { AvroWriter.Number(row, 1L << 60); AvroWriter.Number(row, 0); })), "longer than 32 MB as JSON");
        await RefusedAsync(Write("length.avro", new AvroWriter(Text).Block(1, row => AvroWriter.Number(row, 1L << 40))), "a value is said to have 1099511627776 bytes");
        await RefusedAsync(Write("rows.avro", new AvroWriter("\"null\"").Block(1L << 60, [])), "[0-9]+ rows in 0 bytes");
        await RefusedAsync(Write("size.avro", new AvroWriter(Ids).Raw(file => { AvroWriter.Number(file, 1); AvroWriter.Number(file, 1L << 50); })), "1 rows in 1125899906842624 bytes");
        await RefusedAsync(Write("bomb.avro", new AvroWriter(Text, "bzip2").Block(1, Tool.Run("bzip2", ["-1c"], new byte[130 << 20]))), "more than 128 MB when decompressed");
    }

    [Fact]
    public void Damage_to_any_file_ends_in_rows_or_a_refusal()
    {
        var random = new Random(7);
        var (rows, refused) = (0, 0);

        // One database for all: opening one takes longer than reading such a file.
        var file = Write("mutation.avro", (byte[])[]);
        var format = FilesLibrary.Formats.Get("avro");
        using var connection = DuckDb.OpenInMemory();
        format.Register(connection, _ => file);
        foreach (var path in Directory.EnumerateFiles(SharedData.Path("avro"), "*.avro", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var bytes = Tool.Read(path);
            for (var i = 0; i < 60; i++)
            {
                Write("mutation.avro", Damage([.. bytes], random));
                try
                {
                    connection.Execute($"CREATE OR REPLACE TABLE t AS SELECT * FROM {format.Relation(file)}");
                    rows++;
                }
                catch (DuckDbException e)
                {
                    Assert.IsAssignableFrom<TableException>(e.InnerException);
                    refused++;
                }
            }
        }

        Assert.True(rows > 0 && refused > 0, $"{rows} read, {refused} refused");
    }

    private static byte[] Damage(byte[] bytes, Random random)
    {
        for (var changes = random.Next(1, 5); changes > 0; changes--)
        {
            bytes[random.Next(bytes.Length)] = random.Next(4) == 0 ? (byte)0xFF : (byte)random.Next(256);
        }

        return random.Next(6) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }

    private async Task RefusedAsync(SourceFile file, string said)
    {
        var error = await Assert.ThrowsAsync<EngineException>(() => engine.CopyAsync(file, new LoadField { Name = "x", Incoming = "next", Type = FieldType.String }, new LoadField { Name = "a", Incoming = "a", Type = FieldType.String }));
        Assert.Equal(EngineFailure.BadFile, error.Failure);
        Assert.StartsWith($"{file.Name} cannot be read as avro: ", error.Message, StringComparison.Ordinal);
        Assert.Matches(said, error.Message);
    }

    private SourceFile Write(string name, AvroWriter content) => Write(name, content.ToArray());

    private SourceFile Write(string name, byte[] content)
    {
        var file = EngineFixture.Source(engine.PathOf(name), format: "avro");
        File.WriteAllBytes(file.Path, content);
        return file;
    }
}
