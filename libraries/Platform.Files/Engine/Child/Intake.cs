using System.Globalization;
using Platform.Files.Encodings;

namespace Platform.Files.Engine.Child;

/// <summary>
/// Takes a landed file's encodings off, layer by layer, by the bytes each begins with. What is left are parts: the file itself, or the chosen members of an archive. A part
/// that is read in order is decoded as it is read; one that must be seekable is written once to the job's scratch folder, within its quota.
/// </summary>
internal sealed class Intake(EngineJob job) : IDisposable
{
    private const int HeadBytes = 512;
    private const int CopyBytes = 1 << 20;
    private const string None = "none";

    private readonly Dictionary<string, SourceFile> _parts = new(StringComparer.Ordinal);
    private readonly DecodeLimits _limits = new((long)job.DecodedLimitMegabytes << 20);
    private long _spooled;
    private int _names;

    /// <summary>Where seekable parts are; the only folder DuckDB may read from.</summary>
    public static string SpoolFolder(EngineJob job) => Path.Combine(job.ScratchFolder, "spool");

    /// <summary>The part that was given out under <paramref name="path"/>.</summary>
    public SourceFile Find(string path) => _parts.TryGetValue(path, out var part) ? part : throw new TableException("it is no file of this job");

    /// <summary>A file's parts, in order. Each can be read, as often as it takes, until the next one is asked for.</summary>
    public IEnumerable<SourceFile> Parts(SourceFile file)
    {
        if (file.Format == QueryResult.KindName)
        {
            // It lies in the child's own database.
            yield return file;
            yield break;
        }

        foreach (var part in Expand(new Layer(file, file.Name, () => SourceBytes.Open(file), file.Path, 0, file.Settings.Member, file.Settings.Compression)))
        {
            _parts[part.Path] = part;
            yield return part;
            _parts.Remove(part.Path);
        }
    }

    /// <summary>Uses the first part of a file.</summary>
    public T First<T>(SourceFile file, Func<SourceFile, T> use)
    {
        foreach (var part in Parts(file))
        {
            return use(part);
        }

        throw new EngineException(EngineFailure.BadFile, $"{file.Name} has no member '{file.Settings.Member?.Name}'. Choose another file or correct archive/contents.");
    }

    public void Dispose()
    {
        var folder = SpoolFolder(job);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private IEnumerable<SourceFile> Expand(Layer layer)
    {
        var encoding = Detect(layer);
        switch (encoding)
        {
            case IStreamEncoding stream:
                var inside = layer with { Open = () => stream.Decode(layer.Open(), Source(layer.Name, layer.File)), Path = null, Depth = layer.Depth + 1 };
                return Expand(encoding is Encodings.Pgp.PgpEncoding ? inside : inside with { Compression = null });
            case IArchiveEncoding archive:
                return Members(layer, archive);
            default:
                return Leaf(layer);
        }
    }

    private IEnumerable<SourceFile> Members(Layer layer, IArchiveEncoding archive)
    {
        var path = layer.Path ?? Spool(layer);
        try
        {
            IReadOnlyList<ArchiveEntry> members;
            using (var stream = OpenSeekable(path))
            {
                members = Archives.Choose(archive.Members(stream, Source(layer.Name, layer.File)), layer.Member, layer.Name);
            }

            foreach (var member in members)
            {
                var name = $"{layer.Name}!/{member.Name}";
                var inside = new Layer(layer.File, name, () => archive.Open(OpenSeekable(path), member, Source(name, layer.File)), null, layer.Depth + 1, null, null);
                foreach (var part in Expand(inside))
                {
                    yield return part;
                }
            }
        }
        finally
        {
            Release(layer, path);
        }
    }

    private IEnumerable<SourceFile> Leaf(Layer layer)
    {
        if (layer.Path is not null)
        {
            yield return layer.File;
            yield break;
        }

        if (job.Task == EngineTask.Head || !Look.Format(layer.File).Capabilities.NeedsSeekableFile)
        {
            // Not a path on this disk: it names the part in a statement.
            var name = string.Create(CultureInfo.InvariantCulture, $"{layer.File.Path}#{++_names}");
            yield return layer.File with { Path = name, Name = layer.Name, Bytes = layer.Open };
            yield break;
        }

        var path = Spool(layer);
        try
        {
            yield return layer.File with { Path = path, Name = layer.Name };
        }
        finally
        {
            Release(layer, path);
        }
    }

    private IFileEncoding? Detect(Layer layer)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        using (var stream = layer.Open())
        {
            head = head[..stream.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false)];
        }

        IFileEncoding? found = null;
        foreach (var encoding in FilesLibrary.Encodings.All)
        {
            if (encoding.Matches(head))
            {
                found = encoding;
                break;
            }
        }

        if (layer.Compression is not null && found is not Encodings.Pgp.PgpEncoding)
        {
            if (layer.Compression == None)
            {
                return null;
            }

            if (found?.Name != layer.Compression)
            {
                throw new EngineException(
                    EngineFailure.BadFile,
                    $"{layer.Name} does not begin as {layer.Compression} data does, which file/compression expects{(found is null ? "" : $", but as {found.Name}")}. Correct the entity's file/compression, or leave it out: it is found out by itself.");
            }
        }

        return found is not null && layer.Depth >= DecodeLimits.Depth
            ? throw new EngineException(EngineFailure.BadFile, $"{layer.Name} is packed more than {DecodeLimits.Depth} times. Have it sent packed less often.")
            : found;
    }

    /// <summary>Writes a layer to the scratch folder, to its end and so with its verdict.</summary>
    private string Spool(Layer layer)
    {
        var folder = SpoolFolder(job);
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"part-{++_names}"));
        var quota = (long)job.ScratchQuotaMegabytes << 20;
        var buffer = new byte[CopyBytes];
        using var source = layer.Open();
        try
        {
            using var target = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
            for (int read; (read = source.Read(buffer)) > 0;)
            {
                _spooled += read;
                if (_spooled > quota)
                {
                    throw new EngineException(
                        EngineFailure.BadFile,
                        $"{layer.Name} must be unpacked to disk to be read, and has more than the {job.ScratchQuotaMegabytes} MB that Engine:ScratchQuotaMegabytes allows. Raise it, or have the file sent without its outer packing.");
                }

                target.Write(buffer, 0, read);
            }

            return path;
        }
        catch (IOException e)
        {
            throw new EngineException(EngineFailure.Environment, $"Unpacking {layer.Name} failed on this machine: {e.Message}", e);
        }
    }

    private void Release(Layer layer, string path)
    {
        if (layer.Path is null)
        {
            _spooled -= new FileInfo(path).Length;
            File.Delete(path);
        }
    }

    private EncodedSource Source(string name, SourceFile file) => new(name, _limits, file.Pgp, job.ScratchFolder);

    private static FileStream OpenSeekable(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read);

    /// <summary>A file on its way to its parts.</summary>
    /// <param name="File">The landed file.</param>
    /// <param name="Name">What this layer of it is called.</param>
    /// <param name="Open">Its bytes, anew with every call.</param>
    /// <param name="Path">Where it is on disk; nothing once something was taken off.</param>
    /// <param name="Depth">How much was taken off.</param>
    /// <param name="Member">Which members are wanted of an archive.</param>
    /// <param name="Compression">What the entity says must come next, PGP aside.</param>
    private sealed record Layer(SourceFile File, string Name, Func<Stream> Open, string? Path, int Depth, ArchiveMember? Member, string? Compression);
}
