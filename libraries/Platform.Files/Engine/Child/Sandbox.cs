using System.Globalization;

namespace Platform.Files.Engine.Child;

/// <summary>The settings every job runs under. Their order matters: each is refused after the last two.</summary>
internal static class Sandbox
{
    public static void Close(DuckDbConnection connection, EngineJob job)
    {
        var paths = string.Join(", ", job.Files.Select(file => DuckDb.Literal(file.Path)));
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"""
            SET memory_limit='{job.MemoryLimitMegabytes}MiB';
            SET threads={job.Threads};
            SET temp_directory={DuckDb.Literal(job.ScratchFolder)};
            SET max_temp_directory_size='{job.ScratchQuotaMegabytes}MiB';
            SET allowed_paths=[{paths}];
            SET autoload_known_extensions=false;
            SET autoinstall_known_extensions=false;
            SET enable_progress_bar=false;
            SET TimeZone='UTC';
            SET enable_external_access=false;
            SET lock_configuration=true;
            """));
    }
}
