using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Platform.ServiceDefaults;
using Platform.Testing;

namespace Platform.Benchmarks;

/// <summary>One benchmark's outcome: what the platform took, what the yardstick took in the same run, and on which machine.</summary>
internal sealed record Result
{
    public required string Benchmark { get; init; }

    public required string Measured { get; init; }

    public required string Yardstick { get; init; }

    public required double MeasuredSeconds { get; init; }

    public required double YardstickSeconds { get; init; }

    /// <summary>What both figures are in.</summary>
    public string Unit { get; init; } = "s";

    /// <summary>The most that <see cref="Ratio"/> may be.</summary>
    public required double Goal { get; init; }

    public double Ratio => Math.Round(MeasuredSeconds / YardstickSeconds, 3);

    public bool Reached => Ratio <= Goal;

    /// <summary>Everything else worth knowing, by name: rows, bytes, memory, steps.</summary>
    public required IReadOnlyDictionary<string, object> Details { get; init; }

    public IReadOnlyDictionary<string, object> Machine { get; } = DescribeMachine();

    public DateTimeOffset At { get; } = TimeProvider.System.GetUtcNow();

    public async Task ReportAsync()
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""

            {Benchmark}
              {Measured}: {MeasuredSeconds:0.00} {Unit}
              {Yardstick}: {YardstickSeconds:0.00} {Unit}
              ratio {Ratio:0.000}, goal at most {Goal}: {(Reached ? "reached" : "not reached")}
            """));
        foreach (var (name, value) in Details)
        {
            Console.WriteLine($"  {name}: {(value is JsonNode json ? json.ToJsonString() : value)}");
        }

        var file = Repository.PathOf("tests", "benchmarks", "results", $"{Benchmark}.json");
        var options = new JsonSerializerOptions(PlatformJson.Options) { WriteIndented = true };
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(this, options) + "\n");
        Console.WriteLine($"  written to {Path.GetRelativePath(Repository.Root, file)}");
    }

    private static Dictionary<string, object> DescribeMachine()
    {
        var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal));
        return new()
        {
            ["processor"] = model?[(model.IndexOf(':') + 1)..].Trim() ?? "unknown",
            ["cores"] = Environment.ProcessorCount,
            ["memoryGigabytes"] = Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9),
            ["system"] = Environment.OSVersion.VersionString,
        };
    }
}
