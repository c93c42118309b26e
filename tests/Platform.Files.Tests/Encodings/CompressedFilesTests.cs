using System.Text;
using Platform.Files.Encodings;
using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.Files.Tests.Encodings;

/// <summary>gzip, zstd, bzip2 and xz as Debian's own programs write them: every byte, or a refusal.</summary>
public sealed class CompressedFilesTests(Unpacking unpacking) : IClassFixture<Unpacking>
{
    private static readonly byte[] Text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 60_000).Select(i => $"{i};{i * 7919 % 100_003};Zürich\n")));

    public static TheoryData<string> Programs => ["gzip", "zstd", "bzip2", "xz"];

    [Theory]
    [MemberData(nameof(Programs))]
    public void Whole_files_are_read_whole(string program)
    {
        var packed = Pack(program, Text);
        Assert.Equal(Text, unpacking.Unpack(packed));
        Assert.Equal(Pack(program, Text).Length, packed.Length);

        // Several behind each other, an empty one among them, and what tapes fill up with.
        Assert.Equal((byte[])[.. Text, .. Text], unpacking.Unpack([.. packed, .. Pack(program, []), .. packed]));
        Assert.Equal(Text, unpacking.Unpack([.. packed, .. new byte[1000]]));
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void A_byte_at_a_time_makes_no_difference(string program)
    {
        var encoding = Assert.IsAssignableFrom<IStreamEncoding>(FilesLibrary.Encodings.Get(program));
        using var stream = encoding.Decode(new Trickle([.. Pack(program, Text[..20_000]), .. Pack(program, Text[20_000..30_000])]), new EncodedSource("x", new DecodeLimits(1 << 30), null, ""));
        using var content = new MemoryStream();
        stream.CopyTo(content, 13);
        Assert.Equal(Text[..30_000], content.ToArray());
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void A_file_that_breaks_off_anywhere_is_refused(string program)
    {
        var packed = Pack(program, Text);
        foreach (var length in new[] { packed.Length - 1, packed.Length - 4, packed.Length - 7, packed.Length / 2, packed.Length / 3, 30 })
        {
            var said = unpacking.Refused(unpacking.Packed(packed[..length]));
            Assert.Contains($"its {program} data is wrong at byte", said, StringComparison.Ordinal);
            Assert.Contains("breaks off", said, StringComparison.Ordinal);
        }

        // The second of two.
        Assert.Contains("in part 2", unpacking.Refused(unpacking.Packed([.. packed, .. packed[..^3]])), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void Changed_bytes_and_what_follows_the_end_are_refused(string program)
    {
        var packed = Pack(program, Text);
        Assert.Contains("in part 2", unpacking.Refused(unpacking.Packed([.. packed, .. "and more"u8])), StringComparison.Ordinal);
        var random = new Random(5);
        for (var i = 0; i < 20; i++)
        {
            var changed = packed.ToArray();
            changed[random.Next(packed.Length / 4, packed.Length)] ^= (byte)random.Next(1, 256);
            unpacking.Refused(unpacking.Packed(changed));
        }
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void A_small_file_that_would_fill_the_disk_is_stopped_while_it_grows(string program)
    {
        // The fastest gzip shrinks it a few hundred times only.
        var bomb = Tool.Run(program, [program == "gzip" ? "-6c" : "-1c"], new byte[140 << 20]);
        Assert.Contains("grows more than 400 times", unpacking.Refused(unpacking.Packed(bomb)), StringComparison.Ordinal);
        Assert.Contains("has more than 1 MB when its", unpacking.Refused(unpacking.Packed(bomb), decodedLimit: 1), StringComparison.Ordinal);
    }

    [Fact]
    public void Encodings_inside_each_other_are_taken_off_to_a_depth()
    {
        var packed = Text;
        foreach (var program in (string[])["gzip", "zstd", "bzip2", "xz", "gzip", "zstd"])
        {
            packed = Pack(program, packed);
        }

        Assert.Equal(Text, unpacking.Unpack(packed));
        Assert.Contains("packed more than 6 times", unpacking.Refused(unpacking.Packed(Pack("gzip", packed))), StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_entity_says_must_be_so()
    {
        var packed = Pack("gzip", Text);
        Assert.Equal(Text, unpacking.Unpack(unpacking.Packed(packed, new() { Compression = "gzip" })).Single().Content);
        Assert.Equal(packed, unpacking.Unpack(unpacking.Packed(packed, new() { Compression = "none" })).Single().Content);
        Assert.Contains("does not begin as zstd data does, which file/compression expects, but as gzip", unpacking.Refused(unpacking.Packed(packed, new() { Compression = "zstd" })), StringComparison.Ordinal);
        Assert.Contains("does not begin as gzip data does", unpacking.Refused(unpacking.Packed(Text, new() { Compression = "gzip" })), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_must_be_seekable_is_unpacked_within_its_quota_and_removed()
    {
        var random = new byte[3 << 20];
        new Random(1).NextBytes(random);
        var file = unpacking.Packed(Pack("gzip", random), format: "parquet");
        Assert.Equal(random, unpacking.Unpack(file).Single().Content);
        Assert.Contains("more than the 2 MB that Engine:ScratchQuotaMegabytes allows", unpacking.Refused(file, quota: 2), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(unpacking.Folder, "part-*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Collected_files_of_others_are_unpacked()
    {
        var found = 0;
        foreach (var path in Directory.EnumerateFiles(SharedData.Root, "*.gz", SearchOption.AllDirectories))
        {
            Assert.Equal(Tool.Run("gzip", ["-dc"], Tool.Read(path)), unpacking.Unpack(Tool.Read(path)));
            found++;
        }

        Assert.NotEqual(0, found);
    }

    internal static byte[] Pack(string program, byte[] content) => Tool.Run(program, program == "gzip" ? ["-nc"] : ["-c"], content);

    private sealed class Trickle(byte[] content) : ForwardStream
    {
        private int _at;

        public override int Read(Span<byte> buffer)
        {
            if (_at == content.Length || buffer.IsEmpty)
            {
                return 0;
            }

            buffer[0] = content[_at++];
            return 1;
        }
    }
}
