using System.Globalization;

namespace Platform.Files.Engine.Child;

/// <summary>The settings every job runs under. Their order matters: each is refused after the last two.</summary>
internal static class Sandbox
{
    /// <summary>Each thread holds a page of every column: many columns are read by one thread.</summary>
    private const int MostFieldsForThreads = 40;

    public static void Close(DuckDbConnection connection, EngineJob job)
    {
        var paths = string.Join(", ", job.Files.Select(file => DuckDb.Literal(file.Path)));

        // Nothing is read twice, so a cache of the file would only take the memory.
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"""
            SET memory_limit='{job.MemoryLimitMegabytes}MiB';
            SET threads={(job.Fields.Count > MostFieldsForThreads ? 1 : job.Threads)};
            SET temp_directory={DuckDb.Literal(job.ScratchFolder)};
            SET max_temp_directory_size='{job.ScratchQuotaMegabytes}MiB';
            SET allowed_paths=[{paths}];
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
