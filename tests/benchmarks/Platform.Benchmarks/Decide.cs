using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Platform.OptimizelyBrevo.Decisions;
using Platform.Testing;

namespace Platform.Benchmarks;

/// <summary>
/// <c>decide</c> of quality.md: flags decided per second and core, against Optimizely's own JavaScript SDK on the same datafile and users. Processor time on both sides, the best
/// of several rounds: what else the machine does counts for neither.
/// </summary>
internal static class Decide
{
    private const int Rounds = 5;

    /// <summary>The engine is too fast for the processor clock's hundredths of a second: each of its rounds decides for all users so often.</summary>
    private const int Repeats = 25;

    public static async Task<Result> RunAsync(string[] options)
    {
        var users = options is ["--users", var text] ? int.Parse(text, CultureInfo.InvariantCulture) : 50_000;
        var datafile = Repository.PathOf("tests", "Platform.OptimizelyBrevo.Tests", "fixtures", "optimizely-datafiles", "generated", "rules.json");
        var (decisions, enabled, seconds, bytes) = Measure(await File.ReadAllTextAsync(datafile), users);
        using var folder = new TemporaryFolder();
        foreach (var file in (string[])["package.json", "package-lock.json", "decide.mjs"])
        {
            File.Copy(Repository.PathOf("tests", "benchmarks", "decide", file), folder.PathOf(file));
        }

        await RunAsync(folder, "npm", "ci", "--silent", "--no-audit", "--no-fund");
        var sdk = JsonElement.Parse(await RunAsync(folder, "node", "decide.mjs", datafile, users.ToString(CultureInfo.InvariantCulture), Rounds.ToString(CultureInfo.InvariantCulture)));
        if (sdk.GetProperty("decisions").GetInt64() != decisions || sdk.GetProperty("enabled").GetInt64() != enabled)
        {
            throw new InvalidOperationException($"The two do not decide the same: {enabled} of {decisions} are on here, with the SDK {sdk}.");
        }

        var yardstick = sdk.GetProperty("seconds").GetDouble();
        return new()
        {
            Benchmark = "decide",
            Measured = $"decision engine, {decisions:N0} decisions, processor time",
            Yardstick = "@optimizely/optimizely-sdk 6.6.1 on Node.js, the same decisions",
            MeasuredSeconds = seconds,
            YardstickSeconds = yardstick,
            Goal = 0.333,
            Details = new Dictionary<string, object>
            {
                ["decisionsPerSecondAndCore"] = Math.Round(decisions / seconds),
                ["sdkDecisionsPerSecondAndCore"] = Math.Round(decisions / yardstick),
                ["allocatedBytesPerDecision"] = Math.Round((double)bytes / decisions, 2),
                ["flagsOn"] = enabled,
            },
        };
    }

    private static (long Decisions, long Enabled, double Seconds, long Bytes) Measure(string datafile, int users)
    {
        var project = DatafileCompiler.Compile(System.Text.Encoding.UTF8.GetBytes(datafile));
        var user = new DecisionUser(project);
        // The ids exist before, as they do in a table's rows; the SDK joins them itself, which is next to nothing of what it does.
        var ids = Enumerable.Range(0, users).Select(i => $"user-{i}").ToArray();
        var versions = Enumerable.Range(0, 7).Select(i => $"2.1.{i}").ToArray();
        var (best, enabled, bytes) = (TimeSpan.MaxValue, 0L, 0L);
        using var self = Process.GetCurrentProcess();
        for (var round = 0; round < Rounds; round++)
        {
            self.Refresh();
            var (before, allocated) = (self.TotalProcessorTime, GC.GetAllocatedBytesForCurrentThread());
            for (var repeat = 0; repeat < Repeats; repeat++)
            {
                enabled = 0;
                for (var i = 0; i < users; i++)
                {
                    user.Begin(ids[i]);
                    user.Set("a", AttributeValue.Of(i % 2 == 0 ? "f" : "m"));
                    user.Set("b", AttributeValue.Of(i % 100));
                    user.Set("c", AttributeValue.Of(versions[i % 7]));
                    foreach (var flag in project.Flags)
                    {
                        enabled += DecisionEngine.Decide(flag, user).Enabled ? 1 : 0;
                    }
                }
            }

            bytes = (GC.GetAllocatedBytesForCurrentThread() - allocated) / Repeats;
            self.Refresh();
            best = (self.TotalProcessorTime - before) / Repeats is var used && used < best ? used : best;
        }

        return ((long)users * project.Flags.Count, enabled, best.TotalSeconds, bytes);
    }

    private static async Task<string> RunAsync(TemporaryFolder folder, string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder.Path, RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with exit code {process.ExitCode}: {output}");
    }
}
