namespace Platform.Files.Engine.Child;

/// <summary>
/// Where decoded bytes come from: the one place where formats that read a file from its first to its last byte open it. The stream gives the bytes of the format itself,
/// in order and once; encodings are taken off here. Its end is a verdict: a stream that cannot vouch for the whole file throws <see cref="EngineException"/> instead of ending.
/// </summary>
internal static class SourceBytes
{
    public static Stream Open(SourceFile file)
    {
        if (file.Bytes is { } decoded)
        {
            return decoded();
        }

        try
        {
            // Unbuffered: the readers have blocks of their own.
            return new FileStream(file.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new EngineException(EngineFailure.Environment, $"{file.Name} is no longer on this machine's disk. Restart the run with force to have it pulled again.", e);
        }
    }
}
