namespace Platform.Files.Encodings;

/// <summary>Something that lies around a file's bytes and is taken off before they are read. One folder per encoding; see <c>README.md</c> beside this file.</summary>
internal interface IFileEncoding : IKind
{
    /// <summary>Whether a file that begins with <paramref name="head"/> is one of these. File names are never asked.</summary>
    bool Matches(ReadOnlySpan<byte> head);
}

/// <summary>An encoding around one file.</summary>
internal interface IStreamEncoding : IFileEncoding
{
    /// <summary>
    /// The bytes inside. Whoever reads them to their end has a verdict: the stream ends only when the encoding says it is complete and its checksums are right, and throws
    /// <see cref="Engine.EngineException"/> otherwise.
    /// </summary>
    Stream Decode(Stream input, EncodedSource source);
}

/// <summary>An encoding that holds several files, its members.</summary>
internal interface IArchiveEncoding : IFileEncoding
{
    /// <summary>The members that are files, in the archive's order.</summary>
    /// <param name="archive">Seekable.</param>
    /// <param name="source">What the archive is called.</param>
    IReadOnlyList<ArchiveEntry> Members(Stream archive, EncodedSource source);

    /// <summary>One member's bytes, whose end is a verdict; disposes <paramref name="archive"/>.</summary>
    Stream Open(Stream archive, ArchiveEntry member, EncodedSource source);
}

/// <summary>A file inside an archive.</summary>
/// <param name="Name">As the archive spells it: shown and compared, never used as a path.</param>
/// <param name="Offset">Where the archive describes it.</param>
/// <param name="StoredBytes">Its size inside the archive.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Method">How it is compressed, as the archive numbers it.</param>
/// <param name="Crc">Its checksum, where the archive keeps one.</param>
internal sealed record ArchiveEntry(string Name, long Offset, long StoredBytes, long Bytes, int Method, uint Crc);

/// <summary>What is being decoded, for messages, limits and keys.</summary>
/// <param name="Name">What people call the file.</param>
/// <param name="Limits">What one file may become.</param>
/// <param name="Pgp">The key for PGP, when there is one.</param>
/// <param name="ScratchFolder">A private folder on this machine.</param>
internal sealed record EncodedSource(string Name, DecodeLimits Limits, Engine.PgpKey? Pgp, string ScratchFolder);
