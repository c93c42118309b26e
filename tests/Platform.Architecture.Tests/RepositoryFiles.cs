using System.Text.Json.Nodes;
using System.Xml.Linq;
using Platform.Testing;

namespace Platform.Architecture.Tests;

/// <summary>The repository as these tests see it: its projects, its sources, its services.</summary>
internal static class RepositoryFiles
{
    private static readonly string[] Roots = ["contracts", "gateway", "libraries", "services", "tests", "deploy"];

    public static IReadOnlyList<string> Projects { get; } = [.. Find("*.csproj")];

    /// <summary>Hand-written C# files.</summary>
    public static IReadOnlyList<string> Sources { get; } =
        [.. Find("*.cs").Where(file => !file.Contains($"{Path.DirectorySeparatorChar}Migrations{Path.DirectorySeparatorChar}", StringComparison.Ordinal))];

    /// <summary>Folder names below <c>services</c> that hold a project.</summary>
    public static IReadOnlyList<string> Services { get; } =
        [.. Projects.Where(project => Relative(project).StartsWith("services/", StringComparison.Ordinal)).Select(project => Path.GetFileName(Path.GetDirectoryName(project)!)).Order(StringComparer.Ordinal)];

    public static string Relative(string file) => Path.GetRelativePath(Repository.Root, file).Replace(Path.DirectorySeparatorChar, '/');

    public static IEnumerable<string> ReferencedProjects(string project) => XDocument.Load(project).Descendants("ProjectReference")
        .Select(reference => Relative(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(project)!, reference.Attribute("Include")!.Value))));

    public static JsonObject OpenApiOf(string service) => JsonNode.Parse(File.ReadAllText(Repository.PathOf("services", service, "openapi.json")))!.AsObject();

    private static IEnumerable<string> Find(string pattern) => Roots.Select(root => Repository.PathOf(root)).Where(Directory.Exists)
        .SelectMany(root => Directory.EnumerateFiles(root, pattern, SearchOption.AllDirectories))
        .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or "node_modules"))
        .Order(StringComparer.Ordinal);
}
