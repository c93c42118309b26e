namespace Platform.Testing;

/// <summary>Where the repository's files are, seen from a test's output folder.</summary>
public static class Repository
{
    /// <summary>The folder that holds <c>Platform.sln</c>.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Absolute path of a file or folder of the repository.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Platform.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds Platform.sln: tests run from their place in the repository.");
    }
}
