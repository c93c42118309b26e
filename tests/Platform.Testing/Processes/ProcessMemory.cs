using System.Globalization;

namespace Platform.Testing.Processes;

/// <summary>Resident memory of a process together with all its descendants, from /proc.</summary>
public static class ProcessMemory
{
    /// <summary>Bytes; 0 when the process is gone. Pages shared between the processes count in each: the figure errs upwards.</summary>
    public static long OfTree(int process) => OfTrees([process])[0];

    /// <summary>The same for several processes by one look at all there are: looking costs as much as there are processes, and takes it from what is measured.</summary>
    public static IReadOnlyList<long> OfTrees(IReadOnlyList<int> processes)
    {
        var children = new Dictionary<int, List<int>>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) && ParentOf(id) is { } parent)
            {
                if (!children.TryGetValue(parent, out var siblings))
                {
                    children.Add(parent, siblings = []);
                }

                siblings.Add(id);
            }
        }

        return [.. processes.Select(Sum)];

        long Sum(int id) => ResidentOf(id) + (children.TryGetValue(id, out var below) ? below.Where(child => !IsFork(child, id)).Sum(Sum) : 0);
    }

    // Between fork and exec a child shows its parent's pages as its own: the parent would count twice for a millisecond.
    private static bool IsFork(int child, int parent) => Read(child, "cmdline") is { } command && command == Read(parent, "cmdline");

    private static int? ParentOf(int process)
    {
        // "PID (name) STATE PARENT ...": the name may hold anything, also spaces and parentheses.
        if (Read(process, "stat") is not { } stat || stat.LastIndexOf(')') is var name && name < 0)
        {
            return null;
        }

        return int.Parse(stat[(name + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private static long ResidentOf(int process) => Read(process, "statm") is { } pages
        ? long.Parse(pages.Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize
        : 0;

    private static string? Read(int process, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/{file}") is { Length: > 0 } text ? text : null;
        }
        catch (IOException)
        {
            // The process ended between listing and reading.
            return null;
        }
    }
}
