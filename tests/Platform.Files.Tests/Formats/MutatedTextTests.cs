using System.Diagnostics;
using Platform.Files.Engine;
using Platform.Files.Formats.Records;
using Platform.Files.Tests.Engine;
using Platform.Testing;
using Xunit;

namespace Platform.Files.Tests.Formats;

/// <summary>Every text file of others with bytes changed, cut and doubled by a fixed seed: read, or refused as a bad file; nothing else, and at once.</summary>
public sealed class MutatedTextTests
{
    private const int MutantsOfEach = 60;
    private const int LargestSample = 64 << 10;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("csv", "csv", "*.csv")]
    [InlineData("json", "json", "*.json")]
    [InlineData("json", "ndjson", "*.ndjson")]
    public void Mutants_never_crash_hang_or_end_otherwise(string folder, string name, string files)
    {
        var format = FilesLibrary.Formats.Get(name);
        var paths = Directory.EnumerateFiles(SharedData.Path(folder), files, SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        Assert.NotEmpty(paths);
        var (read, refused) = (0, 0);
        foreach (var path in paths)
        {
            var random = new Random(Path.GetFileName(path).Sum(letter => letter));
            using var content = File.OpenRead(path);
            var original = new byte[Math.Min(content.Length, LargestSample)];
            content.ReadExactly(original);

            // A part of a file ends where a record does.
            original = original.Length < content.Length ? original[..(original.AsSpan().LastIndexOf((byte)'\n') + 1)] : original;
            for (var i = 0; i < MutantsOfEach; i++)
            {
                var mutant = Mutate(original, random);
                var watch = Stopwatch.StartNew();
                try
                {
                    ReadRecords.All(format, EngineFixture.Source(path, format: name), new MemoryStream(mutant));
                    read++;
                }
                catch (EngineException e)
                {
                    Assert.Equal(EngineFailure.BadFile, e.Failure);
                    Assert.StartsWith("landed/", e.Message, StringComparison.Ordinal);
                    refused++;
                }

                Assert.True(watch.Elapsed < Longest, $"Mutant {i} of {path} took {watch.Elapsed}.");
            }
        }

        // A test in which all mutants go one way tries nothing.
        Assert.True(read > 0 && refused > 0, $"{read} read, {refused} refused");
    }

    [Theory]
    [InlineData("csv", "csv", "*.csv")]
    [InlineData("json", "ndjson", "*.ndjson")]
    public void Pieces_of_any_size_give_the_same_records(string folder, string name, string files)
    {
        var format = FilesLibrary.Formats.Get(name);
        foreach (var path in Directory.EnumerateFiles(SharedData.Path(folder), files, SearchOption.AllDirectories))
        {
            using var content = File.OpenRead(path);
            var bytes = new byte[content.Length];
            content.ReadExactly(bytes);
            var file = EngineFixture.Source(path, format: name);
            Assert.Equal(ReadRecords.All(format, file, new MemoryStream(bytes)), ReadRecords.All(format, file, new TrickleStream(bytes, 7, 1)));
        }
    }

    [Fact]
    public void Only_readers_of_ours_are_tried_here() =>
        Assert.All(["csv", "tsv", "psv", "json", "ndjson"], name => Assert.IsAssignableFrom<RecordFormat>(FilesLibrary.Formats.Get(name)));

    private static byte[] Mutate(byte[] original, Random random)
    {
        ReadOnlySpan<byte> meaningful = "\",;\t|\n\r\\{}[]:'0e-u\0\u00FF"u8;
        var bytes = new List<byte>(original);
        for (var change = random.Next(1, 6); change > 0 && bytes.Count > 0; change--)
        {
            var at = random.Next(bytes.Count);
            var count = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] = meaningful[random.Next(meaningful.Length)];
                    break;
                case 2:
                    bytes.RemoveRange(at, count);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, count));
                    break;
                default:
                    bytes.RemoveRange(at, random.Next(10) == 0 ? bytes.Count - at : 1);
                    break;
            }
        }

        return [.. bytes];
    }
}
