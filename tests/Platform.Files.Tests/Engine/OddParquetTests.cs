using Platform.Files.Engine;
using Xunit;
using static Platform.Files.Tests.Engine.HandwrittenParquet;

namespace Platform.Files.Tests.Engine;

/// <summary>Parquet as the format allows it and few write it: read as it is meant, or refused in words.</summary>
public sealed class OddParquetTests(EngineFixture engine)
{
    // Fields of Parquet's LogicalType union.
    private const int String = 1;
    private const int Decimal = 5;
    private const int Date = 6;
    private const int Integer = 10;
    private const int Json = 12;

    private int _files;

    [Fact]
    public async Task Newer_annotations_alone_mean_what_they_say()
    {
        var scale2 = new Thrift().I32(1, 2).I32(2, 9);
        Assert.Equal((FieldType.String, "abc"), await OneAsync(Bytes, (String, new()), Texts("abc")));
        Assert.Equal((FieldType.Json, """{"a":1}"""), await OneAsync(Bytes, (Json, new()), Texts("""{"a":1}""")));
        Assert.Equal((FieldType.Date, "2020-08-26"), await OneAsync(Whole, (Date, new()), Numbers(18500)));
        Assert.Equal((FieldType.Decimal, "-123.45"), await OneAsync(Whole, (Decimal, scale2), Numbers(-12345)));
        Assert.Equal((FieldType.Integer, "4294967295"), await OneAsync(Whole, (Integer, new Thrift().I8(1, 32).Boolean(2, false)), Numbers(-1)));
        Assert.Equal((FieldType.Integer, "-7"), await OneAsync(Whole, (Integer, new Thrift().I8(1, 8).Boolean(2, true)), Numbers(-7)));
        Assert.Equal((FieldType.Integer, "7"), await OneAsync(Whole, null, Numbers(7)));
        Assert.Contains("DecimalType", await RefusedAsync(HandwrittenParquet.File(Element("t", Bytes, (Decimal, scale2)), "t", Bytes, Texts("ab"), 1)));
    }

    [Fact]
    public async Task What_cannot_be_read_is_refused_in_words_and_soon()
    {
        Assert.Contains("it is encrypted, at least in part", await RefusedAsync(HandwrittenParquet.File(Element("secret", Whole), "secret", Whole, Numbers(1, 2, 3), 3, encrypted: true)));
        Assert.Contains("nested more than 100 levels deep", await RefusedAsync(HandwrittenParquet.File(Nest(2000))));
        Assert.Contains("holds a NUL character", await RefusedAsync(HandwrittenParquet.File(Element("a\0b", Whole), "a\0b", Whole, Numbers(1), 1)));
        var notJson = await RefusedAsync(HandwrittenParquet.File(Element("t", Bytes).I32(6, 19), "t", Bytes, Texts("{jane@shop.example"), 1));
        Assert.DoesNotContain("jane", notJson);
    }

    [Fact]
    public async Task Columns_may_have_any_name_and_variants_are_json()
    {
        var file = engine.Parquet("""SELECT 'x' AS file_row_number, 2 AS s0, 3 AS row_no, 4 AS "weird ""name", {'a': [1, NULL], 'd': DATE '2020-01-01'}::VARIANT AS v FROM range(3)""");
        var fields = await engine.FieldsOfAsync(file);
        var copied = await engine.CopyAsync(file, fields);
        Assert.Equal(["x", "2", "3", "4", """{"a":[1,null],"d":"2020-01-01"}"""], copied.Rows[2].Values);
        Assert.Equal([1, 2, 3], copied.Rows.Select(row => row.RowNo));
    }

    private async Task<(FieldType Type, string? Value)> OneAsync(int type, (int, Thrift)? logical, byte[] values)
    {
        var file = Write(HandwrittenParquet.File(Element("t", type, logical), "t", type, values, 1));
        var fields = await engine.FieldsOfAsync(file);
        return (fields[0].Type, (await engine.CopyAsync(file, fields)).Column(0).Single());
    }

    private async Task<string> RefusedAsync(byte[] bytes)
    {
        var file = Write(bytes);
        var error = await Assert.ThrowsAsync<EngineException>(async () => await engine.CopyAsync(file, await engine.FieldsOfAsync(file)));
        Assert.Equal(EngineFailure.BadFile, error.Failure);
        return error.Message;
    }

    private SourceFile Write(byte[] bytes)
    {
        var file = EngineFixture.Source(engine.PathOf($"odd-{GetHashCode()}-{++_files}.parquet"));
        using var stream = System.IO.File.Create(file.Path);
        stream.Write(bytes);
        return file;
    }
}
