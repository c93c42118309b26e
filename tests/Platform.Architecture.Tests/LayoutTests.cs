using System.Text.RegularExpressions;
using System.Xml.Linq;
using Platform.Testing;
using Xunit;

namespace Platform.Architecture.Tests;

public sealed partial class LayoutTests
{
    [Fact]
    public void Contracts_reference_nothing()
    {
        var project = XDocument.Load(Repository.PathOf("contracts", "Platform.Contracts.csproj"));

        Assert.Empty(project.Descendants("PackageReference"));
        Assert.Empty(project.Descendants("ProjectReference"));
    }

    [Fact]
    public void Services_and_the_gateway_reference_libraries_and_contracts_only()
    {
        var wrong = RepositoryFiles.Projects
            .Where(project => RepositoryFiles.Relative(project) is var path && (path.StartsWith("services/", StringComparison.Ordinal) || path.StartsWith("gateway/", StringComparison.Ordinal)))
            .SelectMany(project => RepositoryFiles.ReferencedProjects(project).Select(reference => (Project: RepositoryFiles.Relative(project), Reference: reference)))
            .Where(pair => !pair.Reference.StartsWith("libraries/", StringComparison.Ordinal) && !pair.Reference.StartsWith("contracts/", StringComparison.Ordinal));

        Assert.Empty(wrong);
    }

    [Fact]
    public void Libraries_reference_libraries_and_contracts_only()
    {
        var wrong = RepositoryFiles.Projects.Where(project => RepositoryFiles.Relative(project).StartsWith("libraries/", StringComparison.Ordinal))
            .SelectMany(project => RepositoryFiles.ReferencedProjects(project).Select(reference => (Project: RepositoryFiles.Relative(project), Reference: reference)))
            .Where(pair => !pair.Reference.StartsWith("libraries/", StringComparison.Ordinal) && !pair.Reference.StartsWith("contracts/", StringComparison.Ordinal));

        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = File.ReadAllText(Repository.PathOf("Platform.sln")).Replace('\\', '/');

        Assert.DoesNotContain(RepositoryFiles.Projects.Select(RepositoryFiles.Relative), project => !solution.Contains($"\"{project}\"", StringComparison.Ordinal));
    }

    [Fact]
    public void A_folder_is_a_namespace()
    {
        var wrong = new List<string>();
        foreach (var project in RepositoryFiles.Projects)
        {
            var folder = Path.GetDirectoryName(project)!;
            var root = XDocument.Load(project).Descendants("RootNamespace").SingleOrDefault()?.Value ?? Path.GetFileNameWithoutExtension(project);
            foreach (var source in RepositoryFiles.Sources.Where(source => source.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal)))
            {
                var below = Path.GetRelativePath(folder, Path.GetDirectoryName(source)!);
                var expected = below == "." ? root : $"{root}.{below.Replace(Path.DirectorySeparatorChar, '.')}";
                if (Namespace().Match(File.ReadAllText(source)) is { Success: true } declared && declared.Groups["name"].Value != expected)
                {
                    wrong.Add($"{RepositoryFiles.Relative(source)}: namespace {declared.Groups["name"].Value}, expected {expected}");
                }
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void No_type_is_named_after_nothing()
    {
        var wrong = RepositoryFiles.Sources.SelectMany(source => EmptyName().Matches(File.ReadAllText(source)).Select(match => $"{RepositoryFiles.Relative(source)}: {match.Value}"));

        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_service_has_a_readme_and_its_OpenAPI_document()
    {
        Assert.NotEmpty(RepositoryFiles.Services);
        foreach (var service in RepositoryFiles.Services)
        {
            Assert.True(File.Exists(Repository.PathOf("services", service, "README.md")), $"services/{service}/README.md is missing.");
            Assert.True(File.Exists(Repository.PathOf("services", service, "openapi.json")), $"services/{service}/openapi.json is missing.");
        }
    }

    [GeneratedRegex(@"^namespace (?<name>[\w.]+)\s*[;{]?\s*$", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"\b(?:class|record|struct|interface|enum) \w+(?:Helper|Helpers|Manager|Util|Utils|Utilities|Utility)\b")]
    private static partial Regex EmptyName();
}
