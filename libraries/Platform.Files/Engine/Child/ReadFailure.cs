namespace Platform.Files.Engine.Child;

/// <summary>Whose fault a failed statement is, and how to say so without the path on this machine or a person's data.</summary>
internal static class ReadFailure
{
    private static readonly string[] Environment =
    [
        "No space left on device", "max_temp_directory_size", "temp_directory", "temporary file", "Cannot open file", "No files found", "Input/output error", "Stale file handle",

        // What is left to say when memory ran out so badly that the first error got lost.
        "closed pending query result", "bad_alloc", "bad alloc",
    ];

    private static readonly string[] Ours = ["Binder Error", "Catalog Error", "Parser Error", "Permission Error", "Dependency Error", "Settings Error"];

    public static EngineException Of(DuckDbException error, SourceFile file)
    {
        switch (error.InnerException)
        {
            case EngineException own:
                return own;
            case TableException bad:
                return new EngineException(
                    EngineFailure.BadFile,
                    $"{file.Name} cannot be read as {file.Format}: {bad.Message}. Expected a complete {file.Format} file; have its sender write it again.",
                    bad);
            case { } fault:
                return new EngineException(EngineFailure.Bug, $"The reader of {file.Format} failed on {file.Name}: {fault}", fault);
        }

        if (file.Bytes is null && !File.Exists(file.Path))
        {
            return new EngineException(EngineFailure.Environment, $"{file.Name} is no longer on this machine's disk. Restart the run with force to have it pulled again.", error);
        }

        // Only the first line: DuckDB adds hints about its own settings and the statement's text below.
        var said = error.Message.Split('\n')[0].Replace(file.Path, file.Name, StringComparison.Ordinal).Trim();
        if (said.StartsWith("Out of Memory Error", StringComparison.Ordinal) && !Environment.Any(said.Contains))
        {
            // A file's pages are as large as they are: the next attempt would end the same way.
            return new EngineException(
                EngineFailure.BadFile,
                $"{file.Name} has larger pages or more columns than the memory of a reading process can take: {said}. Have it written in smaller row groups, load fewer columns, or raise Engine:MemoryLimitMegabytes.",
                error);
        }

        if (Environment.Any(said.Contains))
        {
            return new EngineException(EngineFailure.Environment, $"Reading {file.Name} failed on this machine: {said}", error);
        }

        if (Ours.Any(kind => said.StartsWith(kind, StringComparison.Ordinal)))
        {
            return new EngineException(EngineFailure.Bug, $"The statement that reads {file.Name} is wrong: {said}", error);
        }

        if (said.Contains("Invalid string encoding", StringComparison.Ordinal))
        {
            // DuckDB's text goes on with the value.
            said = "a text column holds bytes that are not UTF-8";
        }

        if (said.Contains("Invalid JSON found", StringComparison.Ordinal))
        {
            said = "a column that is marked as JSON holds text that is not JSON";
        }

        if (said.Contains("TProtocolException", StringComparison.Ordinal))
        {
            said = "its metadata cannot be decoded; it is damaged, or uses a type, encoding or compression that is newer than the reader";
        }

        return new EngineException(
            EngineFailure.BadFile,
            $"{file.Name} cannot be read as {file.Format}: {said}. Expected a complete, unencrypted {file.Format} file; have its sender write it again.",
            error);
    }
}
