using System.Globalization;

namespace Platform.Files.Engine.Child;

/// <summary>The settings every job runs under. Their order matters: each is refused after the last two.</summary>
internal static class Sandbox
{
    /// <summary>Each thread holds a page of every column: many columns are read by one thread.</summary>
    private const int MostFieldsForThreads = 40;

    /// <summary>
    /// DuckDB takes a path for a pattern, and a partner's file name may hold any character: such a file is read through a link of a plain name.
    /// </summary>
    public static EngineJob WithPlainPaths(EngineJob job)
    {
        var files = job.Files.ToArray();
        for (var i = 0; i < files.Length; i++)
        {
            if (files[i].Path.AsSpan().IndexOfAny("*?[]{}\\") >= 0)
            {
                var link = Path.Combine(job.ScratchFolder, string.Create(CultureInfo.InvariantCulture, $"source-{i}"));
                File.CreateSymbolicLink(link, files[i].Path);
                files[i] = files[i] with { Path = link };
            }
        }

        return job with { Files = files };
    }

    public static void Close(DuckDbConnection connection, EngineJob job, Intake intake)
    {
        // Our own readers open the job's files and nothing else.
        foreach (var format in FilesLibrary.Formats.All)
        {
            format.Register(connection, intake.Find);
        }

        var paths = string.Join(", ", job.Files.Select(file => DuckDb.Literal(file.Path)));

        // Nothing is read twice, so a cache of the file would only take the memory.
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"""
            SET memory_limit='{job.MemoryLimitMegabytes}MiB';
            SET threads={(job.Fields.Count > MostFieldsForThreads ? 1 : job.Threads)};
            SET temp_directory={DuckDb.Literal(job.ScratchFolder)};
            SET max_temp_directory_size='{job.ScratchQuotaMegabytes}MiB';
            SET allowed_paths=[{paths}];
            SET allowed_directories=[{DuckDb.Literal(Intake.SpoolFolder(job) + "/")}];
            SET autoload_known_extensions=false;
            SET autoinstall_known_extensions=false;
            SET enable_progress_bar=false;
            SET enable_external_file_cache=false;
            SET TimeZone='UTC';
            SET enable_external_access=false;
            SET lock_configuration=true;
            """));
    }
}
