using System.Buffers.Binary;
using System.Text;
using Platform.Files.Engine;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.Files.Tests.Encodings;

/// <summary>zip and tar as Debian's own programs write them, and as nobody should.</summary>
public sealed class ArchivesTests(Unpacking unpacking) : IClassFixture<Unpacking>
{
    private static readonly FileSettings All = new() { Member = new("*", SkipMissing: false) };

    public static TheoryData<string, string[]> Writers => new()
    {
        { "zip", ["-q", "-r", "-"] },
        { "zip", ["-q", "-0", "-r", "-"] },
        // Its zip64 directory is only right in a file.
        { "zip", ["-q", "-fz", "-r", "out.zip"] },
        { "zip", ["-q", "-Z", "bzip2", "-r", "-"] },
        { "tar", ["-c", "--format=gnu"] },
        { "tar", ["-c", "--format=pax"] },
        { "tar", ["-c", "--format=ustar"] },
        { "tar", ["-cz"] },
        { "tar", ["-c", "--use-compress-program=zstd -q"] },
    };

    [Theory]
    [MemberData(nameof(Writers))]
    public void Members_are_chosen_by_pattern_and_read_in_the_order_of_their_names(string program, string[] arguments)
    {
        var longName = $"sub/{new string('n', 90)}.csv";
        var content = Pack(program, arguments, ("b.csv", "second"), ("a.csv", "first"), ("sub/c.csv", "third"), (longName, "fourth"), ("empty.csv", ""));
        var archive = unpacking.Packed(content, All);
        Assert.Equal([("!/a.csv", "first"), ("!/b.csv", "second"), ("!/empty.csv", "")], Texts(archive));
        Assert.Equal([($"!/sub/c.csv", "third"), ($"!/{longName}", "fourth")], Texts(archive with { Settings = new() { Member = new("sub/*.csv", false) } }));
        Assert.Equal([("!/b.csv", "second")], Texts(archive with { Settings = new() { Member = new("b.csv", false) } }));
        Assert.Empty(Texts(archive with { Settings = new() { Member = new("missing.csv", true) } }));
        var missing = unpacking.Refused(archive with { Settings = new() { Member = new("missing.csv", false) } });
        Assert.Contains("has no member 'missing.csv'. Its files are: ", missing, StringComparison.Ordinal);
        Assert.Contains("archive/skip-missing-contents", missing, StringComparison.Ordinal);
        Assert.Contains("Say in archive/contents", unpacking.Refused(archive with { Settings = FileSettings.Inferred }), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Writers))]
    public void An_archive_that_breaks_off_is_refused(string program, string[] arguments)
    {
        var content = Pack(program, arguments, ("only.csv", string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{i}\n"))));
        Assert.Single(unpacking.Unpack(unpacking.Packed(content)));
        foreach (var length in new[] { content.Length - 10_300, content.Length / 2, 600 })
        {
            unpacking.Refused(unpacking.Packed(content[..length]));
        }
    }

    [Fact]
    public void Members_may_be_packed_themselves()
    {
        var packed = CompressedFilesTests.Pack("gzip", "inner"u8.ToArray());
        var folder = Directory.CreateTempSubdirectory("archive-");
        try
        {
            File.WriteAllBytes(Path.Combine(folder.FullName, "a.csv.gz"), packed);
            File.WriteAllBytes(Path.Combine(folder.FullName, "b.csv.gz"), packed);
            var outer = Tool.Run("tar", ["-cz", "a.csv.gz", "b.csv.gz"], folder: folder.FullName);
            Assert.Equal([("!/a.csv.gz", "inner"), ("!/b.csv.gz", "inner")], Texts(unpacking.Packed(outer, new() { Member = new("*.csv.gz", false) })));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_zip_whose_bytes_were_changed_is_refused()
    {
        var text = string.Concat(Enumerable.Range(0, 5000).Select(i => $"{i * 7919}\n"));
        var stored = Pack("zip", ["-q", "-0", "-X", "-r", "-"], ("only.csv", text));
        var at = stored.AsSpan().IndexOf("7919\n"u8);
        stored[at] ^= 1;
        Assert.Contains("its CRC is", unpacking.Refused(unpacking.Packed(stored)), StringComparison.Ordinal);

        var deflated = Pack("zip", ["-q", "-X", "-r", "-"], ("only.csv", text));
        var random = new Random(3);
        for (var i = 0; i < 100; i++)
        {
            var changed = deflated.ToArray();
            changed[random.Next(changed.Length)] ^= (byte)random.Next(1, 256);
            try
            {
                unpacking.Unpack(unpacking.Packed(changed));
            }
            catch (EngineException e)
            {
                Assert.Equal(EngineFailure.BadFile, e.Failure);
            }
        }
    }

    [Fact]
    public void Names_are_compared_and_never_used_as_paths()
    {
        var entries = Directory.GetFiles(unpacking.Folder).Length;
        var zip = Zip(("../../../tmp/evil.csv", "evil"u8.ToArray(), 1));
        Assert.Equal([("!/../../../tmp/evil.csv", "evil")], Texts(unpacking.Packed(zip)));
        Assert.False(File.Exists("/tmp/evil.csv"));
        Assert.Equal(entries + 1, Directory.GetFiles(unpacking.Folder).Length);
    }

    [Fact]
    public void Bombs_are_refused_before_they_go_off()
    {
        // Members that share their bytes, members by the ten thousand, and archives inside each other.
        Assert.Contains("overlaps what follows it", unpacking.Refused(unpacking.Packed(Zip(("a", new byte[100], 50)), All)), StringComparison.Ordinal);
        var many = Zip([.. Enumerable.Range(0, 10_001).Select(i => ($"{i}", (byte[])[], 1))]);
        Assert.Contains("of more than 10000 files", unpacking.Refused(unpacking.Packed(many, All)), StringComparison.Ordinal);
        var nested = "x"u8.ToArray();
        for (var i = 0; i < 8; i++)
        {
            nested = Zip(($"{i}.zip", nested, 1));
        }

        Assert.Contains("packed more than 6 times", unpacking.Refused(unpacking.Packed(nested)), StringComparison.Ordinal);
    }

    private List<(string, string)> Texts(SourceFile archive) => [.. unpacking.Unpack(archive).Select(part => (part.Name, Encoding.UTF8.GetString(part.Content)))];

    private static byte[] Pack(string program, string[] arguments, params (string Name, string Content)[] files)
    {
        var folder = Directory.CreateTempSubdirectory("archive-");
        try
        {
            foreach (var (name, content) in files)
            {
                var path = Path.Combine(folder.FullName, name);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllText(path, content);
            }

            var printed = Tool.Run(program, [.. arguments, .. files.Select(file => file.Name.Split('/')[0]).Distinct()], folder: folder.FullName);
            var written = Path.Combine(folder.FullName, "out.zip");
            return File.Exists(written) ? Tool.Read(written) : printed;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Stored members; the last number says how often the directory names each.</summary>
    private static byte[] Zip(params (string Name, byte[] Content, int Times)[] files)
    {
        using var zip = new MemoryStream();
        using var directory = new MemoryStream();
        var count = 0;
        foreach (var (name, content, times) in files)
        {
            var start = (uint)zip.Position;
            var text = Encoding.UTF8.GetBytes(name);
            var crc = Platform.Files.Encodings.Native.Inflate.Crc32(0, content);
            Numbers(zip, 0x04034B50u, (ushort)20, (ushort)0, (ushort)0, 0u, crc, (uint)content.Length, (uint)content.Length, (ushort)text.Length, (ushort)0);
            zip.Write(text);
            zip.Write(content);
            for (var i = 0; i < times; i++, count++)
            {
                Numbers(directory, 0x02014B50u, (ushort)20, (ushort)20, (ushort)0, (ushort)0, 0u, crc, (uint)content.Length, (uint)content.Length, (ushort)text.Length, (ushort)0, (ushort)0, (ushort)0, (ushort)0, 0u, start);
                directory.Write(text);
            }
        }

        var at = (uint)zip.Position;
        zip.Write(directory.ToArray());
        Numbers(zip, 0x06054B50u, (ushort)0, (ushort)0, (ushort)count, (ushort)count, (uint)directory.Length, at, (ushort)0);
        return zip.ToArray();
    }

    private static void Numbers(Stream target, params object[] numbers)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (var number in numbers)
        {
            var size = number is uint ? 4 : 2;
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, Convert.ToUInt32(number, System.Globalization.CultureInfo.InvariantCulture));
            target.Write(bytes[..size]);
        }
    }
}
