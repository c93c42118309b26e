using System.Text;
using Platform.Files.Locations;
using Platform.Files.Locations.Sftp;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Files.Tests.Locations.Sftp;

public sealed class SftpLocationTests(SshServer server) : IClassFixture<SshServer>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Listings_come_in_ordinal_order_by_prefix_and_level()
    {
        using var location = LocationOf("listing");
        foreach (var path in new[] { "b/2", "b/1", "b.txt", "a", "b-1", "c/d/e" })
        {
            var file = server.PathOf("listing", path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, path, Cancelled);
        }

        Assert.Equal(["a", "b-1", "b.txt", "b/1", "b/2", "c/d/e"], await PathsAsync(location, "", ListDepth.All));
        Assert.Equal(["a", "b-1", "b.txt", "b/", "c/"], await PathsAsync(location, "", ListDepth.Level));
        Assert.Equal(["b-1", "b.txt", "b/1", "b/2"], await PathsAsync(location, "b", ListDepth.All));
        Assert.Equal(["c/d/e"], await PathsAsync(location, "c/d/", ListDepth.All));
        Assert.Empty(await PathsAsync(location, "nowhere/", ListDepth.All));
    }

    [Fact]
    public async Task A_written_file_appears_whole_and_is_never_replaced()
    {
        using var location = LocationOf("writing");
        Directory.CreateDirectory(server.PathOf("writing"));
        var written = await location.WriteAsync("file", new MemoryStream("first"u8.ToArray()), Cancelled);
        Assert.Equal(5, written.Size);

        await SftpAssert.FailsAsync(LocationFault.AlreadyExists, "never replaced", () => location.WriteAsync("file", new MemoryStream("second"u8.ToArray()), Cancelled));

        Assert.Equal("first", await File.ReadAllTextAsync(server.PathOf("writing", "file"), Cancelled));
        Assert.Equal(["file"], await PathsAsync(location, "", ListDepth.All));
        await location.DeleteAsync("file", Cancelled);
        await location.DeleteAsync("file", Cancelled);
        Assert.Empty(await PathsAsync(location, "", ListDepth.All));
    }

    [Fact]
    public async Task A_file_that_is_another_than_the_listed_one_is_not_read()
    {
        using var location = LocationOf("changing");
        Directory.CreateDirectory(server.PathOf("changing"));
        await File.WriteAllTextAsync(server.PathOf("changing", "file"), "one", Cancelled);
        var listed = await location.ListAsync("", ListDepth.All, Cancelled).SingleAsync(Cancelled);
        await using (var stream = await location.OpenReadAsync("file", new() { Offset = 1, ETag = listed.ETag }, Cancelled))
        {
            Assert.Equal("ne", await new StreamReader(stream, Encoding.ASCII).ReadToEndAsync(Cancelled));
        }

        await File.WriteAllTextAsync(server.PathOf("changing", "file"), "three", Cancelled);
        await SftpAssert.FailsAsync(LocationFault.FileChanged, "no longer the file that was listed", () => location.OpenReadAsync("file", new() { ETag = listed.ETag }, Cancelled));
    }

    [Fact]
    public async Task Paths_do_not_lead_out_of_the_directory()
    {
        using var location = LocationOf("inside");
        await SftpAssert.FailsAsync(LocationFault.BadSettings, "leads out", () => location.OpenReadAsync("../../etc/passwd", default, Cancelled));
    }

    private static async Task<string[]> PathsAsync(SftpLocation location, string prefix, ListDepth depth) =>
        await location.ListAsync(prefix, depth, Cancelled).Select(entry => entry.Path).ToArrayAsync(Cancelled);

    private SftpLocation LocationOf(string folder) => new(SftpAssert.ClientOf(server), server.PathOf(folder));
}
