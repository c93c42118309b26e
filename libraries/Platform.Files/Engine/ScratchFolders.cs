using System.Globalization;

namespace Platform.Files.Engine;

/// <summary>Private folders for what DuckDB spills, one per job. Those left behind by processes that no longer exist are removed at start.</summary>
internal sealed class ScratchFolders
{
    private const string Prefix = "engine-";
    private static readonly string Own = $"{Environment.ProcessId}-{StartTime(Environment.ProcessId)}";
    private static long _last;
    private readonly string _root;

    public ScratchFolders(string root)
    {
        _root = Directory.CreateDirectory(root).FullName;
        foreach (var folder in Directory.EnumerateDirectories(_root, $"{Prefix}*"))
        {
            if (Path.GetFileName(folder).Split('-') is [_, var process, var started, _]
                && int.TryParse(process, CultureInfo.InvariantCulture, out var id)
                && StartTime(id) != started)
            {
                Remove(folder);
            }
        }
    }

    public Folder Create()
    {
        var path = Path.Combine(_root, $"{Prefix}{Own}-{Interlocked.Increment(ref _last)}");
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new Folder(path);
    }

    /// <summary>When a process started, in ticks since boot: process ids are used again, in containers at every start. Empty when there is no such process.</summary>
    private static string StartTime(int process)
    {
        try
        {
            // The command in parentheses may contain blanks; the start time is the twentieth value after it.
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19];
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return "";
        }
    }

    private static void Remove(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Another instance swept it first.
        }
    }

    internal readonly struct Folder(string path) : IDisposable
    {
        public string Path { get; } = path;

        public void Dispose() => Remove(Path);
    }
}
