using System.Globalization;
using System.Text.Json.Nodes;
using Amazon.S3.Model;
using Platform.Testing.Processes;
using Platform.Testing.Servers;

namespace Platform.Benchmarks;

/// <summary>
/// <c>run-latency</c> of quality.md: from the moment before the call that starts a run to the first byte of its file in the landing store, on an idle platform. One clock: everything
/// runs on this machine.
/// </summary>
internal static class RunLatency
{
    private static readonly TimeSpan Goal = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1.3);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(10);
    private static readonly DateOnly Day = new(2026, 5, 1);

    public static async Task<Result> RunAsync(string[] options)
    {
        var runs = options is ["--runs", var text] ? int.Parse(text, CultureInfo.InvariantCulture) : 50;
        await using var platform = new RunningPlatform();
        await platform.InitializeAsync();
        await platform.S3.Client.PutObjectAsync(new PutObjectRequest
        {
            BucketName = platform.S3.Bucket,
            Key = $"users-{Day:yyyy-MM-dd}.csv",
            ContentBody = "id,name\n1,Ann\n",
            UseChunkEncoding = false,
        });
        using var api = new PublicApi(await platform.ClientAsync());
        var courier = await CreateCourierAsync(api, platform.S3);
        // The first runs open connections and compile code; people meet that once after a start.
        for (var i = 0; i < 3; i++)
        {
            await LatencyAsync(api, courier);
        }

        await Task.Delay(Settling);
        Console.WriteLine($"{runs} runs on an idle platform ...");
        var seconds = new List<double>(runs);
        for (var i = 0; i < runs; i++)
        {
            seconds.Add(await LatencyAsync(api, courier));
            // Longer than the worker's own look at its queue, and never in step with it.
            await Task.Delay(Pause);
        }

        seconds.Sort();
        return new()
        {
            Benchmark = "run-latency",
            Measured = $"median from POST of a run to the first byte landed, {runs} runs",
            Yardstick = "the 150 ms of quality.md",
            MeasuredSeconds = seconds[runs / 2],
            YardstickSeconds = Goal.TotalSeconds,
            Goal = 1,
            Details = new Dictionary<string, object>
            {
                ["fastestMilliseconds"] = Milliseconds(seconds[0]),
                ["medianMilliseconds"] = Milliseconds(seconds[runs / 2]),
                ["of20TheSlowestMilliseconds"] = Milliseconds(seconds[runs * 19 / 20]),
                ["slowestMilliseconds"] = Milliseconds(seconds[^1]),
            },
        };
    }

    private static async Task<double> LatencyAsync(PublicApi api, string courier)
    {
        var began = TimeProvider.System.GetUtcNow();
        var run = await api.RunAsync(courier, new JsonObject { ["mode"] = "day", ["date"] = Day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), ["force"] = true });
        return (string)run["state"]! == "succeeded" && (DateTimeOffset?)run["firstByteAt"] is { } firstByte
            ? (firstByte - began).TotalSeconds
            : throw new InvalidOperationException($"The run was to land a file: {run.ToJsonString()}");
    }

    private static async Task<string> CreateCourierAsync(PublicApi api, S3Server s3)
    {
        var credential = await api.PostAsync("/api/credentials", new JsonObject
        {
            ["name"] = "bucket",
            ["type"] = "iam-credential",
            ["fields"] = new JsonObject { ["accessKey"] = s3.AccessKey, ["secretKey"] = s3.SecretKey, ["region"] = S3Server.Region, ["endpoint"] = s3.Endpoint },
        });
        return (string)(await api.PostAsync("/api/couriers", new JsonObject
        {
            ["name"] = "users",
            ["sourceType"] = "amazon-s3",
            ["credentialId"] = (string)credential["id"]!,
            ["settings"] = new JsonObject { ["bucket"] = s3.Bucket },
            ["entities"] = new JsonArray(new JsonObject
            {
                ["object/type"] = "file",
                ["object/file-pattern"] = "'users-'yyyy-MM-dd'.csv'",
                ["object/land-as"] = new JsonObject { ["file/tag"] = "users", ["file/content-type"] = "text/csv" },
            }),
            ["loadOperations"] = new JsonObject(),
        }))["id"]!;
    }

    private static double Milliseconds(double seconds) => Math.Round(seconds * 1000, 1);
}
