using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Platform.Testing;
using Xunit;

namespace Platform.Architecture.Tests;

/// <summary>
/// What is installed: every package of every lock file, against advisories.csv. The build also asks the package source for known vulnerabilities (NuGetAudit), but the source that this
/// project is built with serves none, so the list here is what really fails (docs/security.md).
/// </summary>
public sealed partial class DependencyTests
{
    private static readonly IReadOnlyList<Advisory> Advisories = [.. File.ReadLines(Repository.PathOf("tests", "Platform.Architecture.Tests", "advisories.csv")).Skip(1).Select(Advisory.Parse)];

    [Fact]
    public void No_installed_package_has_a_known_vulnerability()
    {
        var installed = NuGetPackages().Concat(NpmPackages()).ToList();
        Assert.Contains(installed, package => package.Name == "Npgsql");
        Assert.Contains(installed, package => package.Ecosystem == "npm");

        var vulnerable = installed.SelectMany(package => Advisories.Where(advisory => advisory.Affects(package)).Select(advisory => $"{package.Name} {package.Version} in {package.LockFile}: {advisory.Id}, affected {advisory.Range}")).ToList();

        Assert.True(vulnerable.Count == 0, $"Packages with known vulnerabilities:\n{string.Join('\n', vulnerable)}");
    }

    [Fact]
    public void The_list_finds_what_it_lists()
    {
        Assert.Contains(Advisories, advisory => advisory.Affects(new("nuget", "newtonsoft.json", "12.0.3", "")));
        Assert.DoesNotContain(Advisories, advisory => advisory.Affects(new("nuget", "Newtonsoft.Json", "13.0.1", "")));
        Assert.Contains(Advisories, advisory => advisory.Affects(new("nuget", "Npgsql", "8.0.2", "")));
        Assert.DoesNotContain(Advisories, advisory => advisory.Affects(new("nuget", "Npgsql", "10.0.0", "")));
        Assert.Contains(Advisories, advisory => advisory.Affects(new("nuget", "System.Text.Json", "8.0.5-preview.1", "")));
    }

    [Fact]
    public void Every_project_has_a_lock_file_and_audits_what_it_restores()
    {
        foreach (var project in Directory.EnumerateFiles(Repository.Root, "*.csproj", SearchOption.AllDirectories).Where(IsSource))
        {
            Assert.True(File.Exists(Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json")), $"{project} has no packages.lock.json.");
        }

        var properties = XDocument.Load(Repository.PathOf("Directory.Build.props")).Descendants().ToLookup(element => element.Name.LocalName, element => element.Value);
        Assert.Equal(("true", "all", "low"), (properties["NuGetAudit"].Single(), properties["NuGetAuditMode"].Single(), properties["NuGetAuditLevel"].Single()));
        Assert.DoesNotContain(properties["NoWarn"], codes => codes.Contains("NU190", StringComparison.Ordinal));
    }

    private static IEnumerable<Package> NuGetPackages() => LockFiles("packages.lock.json").SelectMany(file =>
        JsonNode.Parse(File.ReadAllText(file))!["dependencies"]!.AsObject().SelectMany(framework => framework.Value!.AsObject())
            .Where(package => package.Value!["resolved"] is not null).Select(package => new Package("nuget", package.Key, (string)package.Value!["resolved"]!, Path.GetRelativePath(Repository.Root, file))));

    private static IEnumerable<Package> NpmPackages() => LockFiles("package-lock.json").SelectMany(file =>
        JsonNode.Parse(File.ReadAllText(file))!["packages"]!.AsObject().Where(package => package.Key.Contains("node_modules/", StringComparison.Ordinal))
            .Select(package => new Package("npm", package.Key[(package.Key.LastIndexOf("node_modules/", StringComparison.Ordinal) + 13)..], (string)package.Value!["version"]!, Path.GetRelativePath(Repository.Root, file))));

    private static IEnumerable<string> LockFiles(string name) => Directory.EnumerateFiles(Repository.Root, name, SearchOption.AllDirectories).Where(IsSource);

    private static bool IsSource(string path) => !Path.GetRelativePath(Repository.Root, path).Split('/').Any(segment => segment is "bin" or "obj" or "node_modules" || segment.StartsWith('.'));

    private sealed record Package(string Ecosystem, string Name, string Version, string LockFile);

    private sealed partial record Advisory(string Ecosystem, string Name, string Range, string Id)
    {
        private readonly Version _first = VersionOf(Range.Trim('[', ')').Split(',')[0]);
        private readonly Version _fixed = VersionOf(Range.Trim('[', ')').Split(',')[1]);

        public static Advisory Parse(string line) => Line().Match(line) is { Success: true, Groups: var parts }
            ? new(parts[1].Value, parts[2].Value, parts[3].Value, parts[4].Value)
            : throw new FormatException($"advisories.csv: '{line}' is not: ecosystem,package,\"[first,fixed)\",advisory.");

        // A version before a release belongs to what came before the fix.
        public bool Affects(Package package) => package.Ecosystem == Ecosystem && string.Equals(package.Name, Name, StringComparison.OrdinalIgnoreCase)
            && VersionOf(package.Version) is var version && version >= _first && (version < _fixed || (version == _fixed && package.Version.Contains('-', StringComparison.Ordinal)));

        private static Version VersionOf(string text)
        {
            var numbers = text.Split('-', '+')[0].Split('.').Select(number => int.Parse(number, System.Globalization.CultureInfo.InvariantCulture)).Concat([0, 0, 0, 0]).Take(4).ToList();
            return new(numbers[0], numbers[1], numbers[2], numbers[3]);
        }

        [GeneratedRegex("^(nuget|npm),([^,]+),\"(\\[[0-9.]+,[0-9.]+\\))\",([A-Za-z0-9-]+)$")]
        private static partial Regex Line();
    }
}
