using Platform.Files.Engine;
using Platform.Testing;
using Xunit;

namespace Platform.Files.Tests.Engine;

/// <summary>Real files with some bytes changed or their end cut off, the same ones in every run: rows or a refusal, never a crash, a hang or a fault of ours.</summary>
public sealed class DamagedFilesTests(EngineFixture engine)
{
    private const int Mutations = 12;

    [Theory]
    [InlineData("parquet/data/nullable.impala.parquet", 1)]
    [InlineData("parquet/data/delta_encoding_optional_column.parquet", 2)]
    [InlineData("parquet/data/byte_stream_split.zstd.parquet", 3)]
    public async Task Damage_is_a_bad_file_or_goes_unnoticed(string name, int seed)
    {
        var random = new Random(seed);
        using var stream = new MemoryStream();
        await using (var original = File.OpenRead(SharedData.Path(name.Split('/'))))
        {
            await original.CopyToAsync(stream, TestContext.Current.CancellationToken);
        }

        var refused = 0;
        for (var i = 0; i < Mutations; i++)
        {
            var file = EngineFixture.Source(engine.PathOf($"damaged-{seed}-{i}.parquet"));
            await File.WriteAllBytesAsync(file.Path, Damage(stream.ToArray(), random), TestContext.Current.CancellationToken);
            try
            {
                await engine.CopyAsync(file, await engine.FieldsOfAsync(file));
            }
            catch (EngineException e)
            {
                Assert.True(e.Failure == EngineFailure.BadFile, $"mutation {i}: {e.Failure}: {e.Message}");
                Assert.StartsWith(file.Name, e.Message, StringComparison.Ordinal);
                refused++;
            }
        }

        Assert.InRange(refused, 1, Mutations);
    }

    private static byte[] Damage(byte[] bytes, Random random)
    {
        // The footer is at the end and small: half of the changes go there.
        const int Footer = 2000;
        for (var changes = random.Next(1, 6); changes > 0; changes--)
        {
            var at = random.Next(2) == 0 ? random.Next(bytes.Length) : bytes.Length - 1 - random.Next(Math.Min(bytes.Length, Footer));
            bytes[at] = (byte)random.Next(256);
        }

        return random.Next(5) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }
}
