using Platform.Files.Engine;
using Platform.Files.Formats;
using Platform.Files.Tests.Engine;
using Xunit;

namespace Platform.Files.Tests.Formats;

public sealed class FormatRegistryTests(EngineFixture engine)
{
    [Fact]
    public void An_unknown_name_lists_the_known_ones()
    {
        var error = Assert.Throws<UnknownKindException>(() => FilesLibrary.Formats.Get("excel"));
        Assert.Contains("'excel'", error.Message, StringComparison.Ordinal);
        Assert.All(FilesLibrary.Formats.Names, name => Assert.Contains(name, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Two_of_one_name_are_refused()
    {
        var parquet = FilesLibrary.Formats.Get("parquet");
        var error = Assert.Throws<InvalidOperationException>(() => new KindRegistry<IFileFormat>("file format", [parquet, parquet]));
        Assert.Contains("'parquet'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_content_type_means_two_formats()
    {
        var types = FilesLibrary.Formats.All.SelectMany(format => format.ContentTypes).ToList();
        Assert.Equal(types.Distinct(), types);
    }

    [Fact]
    public async Task A_file_of_an_unknown_format_is_refused()
    {
        var file = engine.Parquet("SELECT 1 AS a") with { Format = "excel" };
        var error = await Assert.ThrowsAsync<EngineException>(() => engine.Engine.InferAsync(file, TestContext.Current.CancellationToken));
        Assert.Contains("Unknown file format 'excel'. Known: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parquet_says_what_is_never_null()
    {
        // Nested columns, so that the walk over the schema has something to skip.
        var file = EngineFixture.Source(Platform.Testing.SharedData.Path("parquet", "data", "nested_maps.snappy.parquet"));
        var columns = await engine.Engine.InferAsync(file, TestContext.Current.CancellationToken);
        Assert.Equal([("a", true), ("b", false), ("c", false)], columns.Select(column => (column.Name, column.Nullable)));
    }
}
