using Platform.Files.Locations;
using Platform.Files.Locations.Folder;
using Platform.Testing;
using Xunit;

namespace Platform.Files.Tests.Locations;

/// <summary>Files of a folder that are flushed together.</summary>
public sealed class FlushingFoldersTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    [Theory]
    [InlineData(2)]
    [InlineData(20)]
    public async Task Files_are_there_before_and_after_they_are_flushed_together(int files)
    {
        using var folder = new FolderLocation(_root.Path);
        var paths = Enumerable.Range(0, files).Select(i => $"run-{i % 3}/file-{i}").ToArray();
        foreach (var path in paths)
        {
            Assert.Equal(3, (await folder.WriteUnflushedAsync(path, new MemoryStream("abc"u8.ToArray()), TestContext.Current.CancellationToken)).Size);
        }

        folder.Flush(paths);
        Assert.All(paths, path => Assert.True(folder.Holds(path, 3)));
    }

    [Fact]
    public void A_file_that_is_gone_cannot_be_flushed()
    {
        using var folder = new FolderLocation(_root.Path);
        Assert.Equal(LocationFault.Unavailable, Assert.Throws<LocationException>(() => folder.Flush(["gone"])).Fault);
    }

    public void Dispose() => _root.Dispose();
}
