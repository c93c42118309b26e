using System.Text;
using Platform.Files.Engine;
using Platform.Files.Tests.Avro;
using Platform.Files.Tests.Engine;
using Xunit;

namespace Platform.Files.Tests.Formats;

/// <summary>Files whose shape nobody expects: read, or refused as bad files, in bounded memory; never a crash.</summary>
public sealed class HostileShapesTests(EngineFixture engine)
{
    private const long MostAllocated = 256L << 20;

    [Theory]
    [InlineData("a field of a megabyte")]
    [InlineData("a hundred thousand columns")]
    [InlineData("a mark of UTF-8 in the middle")]
    [InlineData("bytes that are no UTF-8")]
    [InlineData("NUL")]
    [InlineData("ends in a quote")]
    [InlineData("nothing but line ends")]
    [InlineData("nothing but separators")]
    public void Csv(string shape) => ReadOrRefused("csv", shape switch
    {
        "a field of a megabyte" => Text($"a,b\n1,{new string('x', 1 << 20)}\n"),
        "a hundred thousand columns" => Text(string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"c{i}")) + "\n" + new string(',', 99_999) + "\n"),
        "a mark of UTF-8 in the middle" => Text("a,b\n1,2\n\uFEFF3,4\n5,\uFEFF6\n"),
        "bytes that are no UTF-8" => [.. "a,b\n"u8, 0xC3, (byte)',', 0xED, 0xA0, 0x80, (byte)'\n', 0xFF, 0xFE, (byte)',', 0xF5, (byte)'\n'],
        "NUL" => Text("a,b\n\0,\0\0\n\0\n"),
        "ends in a quote" => Text("a,b\n1,\""),
        "nothing but line ends" => Text(new string('\n', 100_000)),
        _ => Text(new string(',', 100_000)),
    });

    [Theory]
    [InlineData("json", "ten thousand levels")]
    [InlineData("ndjson", "ten thousand levels")]
    [InlineData("json", "ten thousand objects, open")]
    [InlineData("json", "a key twice")]
    [InlineData("ndjson", "a key twice")]
    [InlineData("json", "half characters")]
    [InlineData("ndjson", "half characters")]
    [InlineData("json", "NUL")]
    [InlineData("ndjson", "a hundred thousand keys")]
    [InlineData("ndjson", "a mark of UTF-8 in the middle")]
    [InlineData("json", "a number of a million digits")]
    public void Json(string format, string shape) => ReadOrRefused(format, Text(shape switch
    {
        "ten thousand levels" => $"{{\"a\":{new string('[', 10_000)}{new string(']', 10_000)}}}\n",
        "ten thousand objects, open" => string.Concat(Enumerable.Repeat("{\"a\":", 10_000)),
        "a key twice" => "{\"a\":1,\"a\":2,\"\\u0061\":3,\"A\":4}\n",
        "half characters" => "{\"a\":\"\\ud800\",\"b\":\"\\udc00\\ud800\",\"\\ud800\":1}\n",
        "NUL" => "[{\"a\":\"\\u0000\",\"\\u0000\":1},{\"a\":\"\0\"}]",
        "a hundred thousand keys" => $"{{{string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"c{i}\":{i}"))}}}\n",
        "a mark of UTF-8 in the middle" => "{\"a\":1}\n\uFEFF{\"a\":2}\n",
        _ => $"[{{\"a\":{new string('7', 1_000_000)}}}]",
    }));

    [Theory]
    [InlineData("a record inside itself", """{"type":"record","name":"r","fields":[{"name":"r","type":"r"}]}""")]
    [InlineData("a union that holds itself", """{"type":"record","name":"r","fields":[{"name":"a","type":["null",{"type":"array","items":"r"}]}]}""")]
    [InlineData("a name twice", """{"type":"record","name":"r","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}""")]
    [InlineData("a fixed of negative size", """{"type":"record","name":"r","fields":[{"name":"a","type":{"type":"fixed","name":"f","size":-1}}]}""")]
    [InlineData("a fixed of two gigabytes", """{"type":"record","name":"r","fields":[{"name":"a","type":{"type":"fixed","name":"f","size":2147483647}}]}""")]
    [InlineData("an enum without symbols", """{"type":"record","name":"r","fields":[{"name":"a","type":{"type":"enum","name":"e","symbols":[]}}]}""")]
    [InlineData("a record without fields", """{"type":"record","name":"r","fields":[]}""")]
    [InlineData("an empty union", """{"type":"record","name":"r","fields":[{"name":"a","type":[]}]}""")]
    public void Avro_schemas(string shape, string schema) => AvroReadOrRefused(shape, new AvroWriter(schema).Block(1, [2, 4, 6, 8]));

    [Theory]
    [InlineData("a negative count of rows", -1, 1)]
    [InlineData("the least count of rows", long.MinValue, 1)]
    [InlineData("a negative size", 1, -1)]
    [InlineData("the least size", 1, long.MinValue)]
    [InlineData("the greatest size", 1, long.MaxValue)]
    public void Avro_blocks(string shape, long rows, long size) => AvroReadOrRefused(shape, new AvroWriter("""{"type":"record","name":"r","fields":[{"name":"id","type":"long"}]}""").Raw(file =>
    {
        AvroWriter.Number(file, rows);
        AvroWriter.Number(file, size);
        file.WriteByte(2);
        file.Write(AvroWriter.Sync);
    }));

    [Fact]
    public void Avro_schemas_of_ten_thousand_levels()
    {
        const int Levels = 10_000;
        AvroReadOrRefused("deep", new AvroWriter(string.Concat(Enumerable.Repeat("""{"type":"array","items":""", Levels)) + "\"int\"" + new string('}', Levels)).Block(1, [0]));
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static void ReadOrRefused(string format, byte[] content) => Bounded(() =>
    {
        try
        {
            ReadRecords.All(FilesLibrary.Formats.Get(format), EngineFixture.Source($"/nowhere.{format}", format: format), new MemoryStream(content));
        }
        catch (EngineException e)
        {
            Assert.Equal(EngineFailure.BadFile, e.Failure);
            Assert.StartsWith("landed/", e.Message, StringComparison.Ordinal);
            Assert.InRange(e.Message.Length, 1, 2000);
        }
    });

    private void AvroReadOrRefused(string shape, AvroWriter content)
    {
        var file = EngineFixture.Source(engine.PathOf($"shape-{shape.Replace(' ', '-')}.avro"), format: "avro");
        File.WriteAllBytes(file.Path, content.ToArray());
        var format = FilesLibrary.Formats.Get("avro");
        using var connection = DuckDb.OpenInMemory();
        format.Register(connection, _ => file);
        Bounded(() =>
        {
            try
            {
                connection.Execute($"CREATE TABLE t AS SELECT * FROM {format.Relation(file)}");
            }
            catch (DuckDbException e)
            {
                Assert.IsAssignableFrom<TableException>(e.InnerException);
            }
        });
    }

    private static void Bounded(Action read)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        read();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
    }
}
