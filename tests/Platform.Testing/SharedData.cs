namespace Platform.Testing;

/// <summary>Other people's real files, kept beside the repository: environment variable <c>PLATFORM_SHARED_DATA</c>, or <c>shared/data</c> beside it or any folder above.</summary>
public static class SharedData
{
    private const string Variable = "PLATFORM_SHARED_DATA";

    /// <summary>The folder all of them are in.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Absolute path of a file or folder among them; fails when it is not there.</summary>
    public static string Path(params string[] parts)
    {
        var path = System.IO.Path.Combine([Root, .. parts]);
        return File.Exists(path) || Directory.Exists(path) ? path : throw new FileNotFoundException($"The shared test data lack {path}.");
    }

    private static string FindRoot()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given)
        {
            return given;
        }

        for (var folder = new DirectoryInfo(Repository.Root).Parent; folder is not null; folder = folder.Parent)
        {
            var data = System.IO.Path.Combine(folder.FullName, "shared", "data");
            if (Directory.Exists(data))
            {
                return data;
            }
        }

        throw new DirectoryNotFoundException($"The shared test data are missing: no folder shared/data beside or above {Repository.Root}, and {Variable} is not set.");
    }
}
