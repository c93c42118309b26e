using Platform.Files.Engine;
using Platform.Files.Engine.Child;
using Platform.Testing;
using Xunit;

namespace Platform.Files.Tests.Encodings;

/// <summary>Unpacks in this process what the reading process unpacks, in a scratch folder of its own.</summary>
public sealed class Unpacking : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private int _files;

    public string Folder => _folder.PathOf("");

    public string PathOf(string name) => _folder.PathOf(name);

    /// <summary>Writes a file that came packed. <c>avro</c> reads in order, <c>parquet</c> must seek.</summary>
    public SourceFile Packed(byte[] content, FileSettings? settings = null, PgpKey? pgp = null, string format = "avro")
    {
        var path = _folder.PathOf($"packed-{++_files}");
        File.WriteAllBytes(path, content);
        return new SourceFile { Path = path, Name = "landed/packed", Format = format, FileId = 1, Settings = settings ?? FileSettings.Inferred, Pgp = pgp };
    }

    /// <summary>The parts' names, without the file's own, and their bytes.</summary>
    public List<(string Name, byte[] Content)> Unpack(SourceFile file, int decodedLimit = 1024, int quota = 1024)
    {
        using var intake = new Intake(new EngineJob
        {
            Task = EngineTask.Copy,
            Files = [file],
            ScratchFolder = Directory.CreateDirectory(_folder.PathOf($"s{_files}")).FullName,
            ScratchQuotaMegabytes = quota,
            DecodedLimitMegabytes = decodedLimit,
            MemoryLimitMegabytes = 100,
            Threads = 1,
        });
        var parts = new List<(string, byte[])>();
        foreach (var part in intake.Parts(file))
        {
            using var content = new MemoryStream();
            using (var stream = SourceBytes.Open(part))
            {
                // Odd sizes, as readers ask for them.
                stream.CopyTo(content, 7919);
            }

            parts.Add((part.Name[file.Name.Length..], content.ToArray()));
        }

        return parts;
    }

    public byte[] Unpack(byte[] content) => Assert.Single(Unpack(Packed(content))).Content;

    /// <summary>The file is refused, as a bad one and by its name.</summary>
    public string Refused(SourceFile file, int decodedLimit = 1024, int quota = 1024)
    {
        var error = Assert.Throws<EngineException>(() => Unpack(file, decodedLimit, quota));
        Assert.Equal(EngineFailure.BadFile, error.Failure);
        Assert.StartsWith(file.Name, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(file.Path, error.Message, StringComparison.Ordinal);
        return error.Message;
    }

    public void Dispose() => _folder.Dispose();
}
