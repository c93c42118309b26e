using System.Text.Json;
using Platform.OptimizelyBrevo.Decisions;

namespace Platform.OptimizelyBrevo.Tests.Decisions;

/// <summary>The datafiles of the fixtures, and what Optimizely's own SDK decided on them.</summary>
internal static class DecidedCases
{
    /// <summary><c>tests/faults/decisions</c> names a folder of thousands.</summary>
    public static string Root { get; } = Environment.GetEnvironmentVariable("FAULT_DECISIONS") ?? Path.Combine(AppContext.BaseDirectory, "fixtures", "optimizely-datafiles");

    public static IEnumerable<string> Names => Directory.EnumerateFiles(Root, "*.decisions.json", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(Root, file)).Order(StringComparer.Ordinal);

    public static JsonElement Read(string name) => JsonElement.Parse(File.ReadAllText(Path.Combine(Root, name)));

    public static Project Compile(string name) => DatafileCompiler.Compile(System.Text.Encoding.UTF8.GetBytes(File.ReadAllText(Path.Combine(Root, name))));

    public static void Begin(this DecisionUser user, JsonElement given)
    {
        user.Begin(given.GetProperty("userId").GetString()!);
        foreach (var attribute in given.GetProperty("attributes").EnumerateObject())
        {
            user.Set(attribute.Name, AttributeValue.Of(attribute.Value));
            if (attribute.Name == DecisionUser.StickyAttribute)
            {
                user.Stick(attribute.Value);
            }
        }

        if (given.TryGetProperty("qualifiedSegments", out var segments))
        {
            user.Segments = segments.EnumerateArray().Select(segment => segment.GetString()!).ToHashSet(StringComparer.Ordinal);
        }

        if (given.TryGetProperty("forced", out var forced))
        {
            foreach (var each in forced.EnumerateArray())
            {
                user.Force(each[0].GetString()!, each[1].GetString(), each[2].GetString()!);
            }
        }
    }
}
